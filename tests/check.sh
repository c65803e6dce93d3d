#!/bin/sh
# What `make check` runs after the unit tests and the fuzz corpora: layers, format, manuals,
# golden output, rules, and the end-to-end tests that need no root. One line each.
#   tests/check.sh BUILD
build=${1:-build}
cd "$(dirname "$0")/.." || exit 2
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT INT TERM

# run a command whose lines say ok, FAIL or skip; one that fails without saying so is said
step() {
	name=$1
	shift
	out=$("$@" 2>&1)
	code=$?
	printf '%s\n' "$out" | tee -a "$lines"
	if [ "$code" -ne 0 ] && ! printf '%s\n' "$out" | grep -q '^FAIL'; then
		printf 'FAIL %s: exit %d\n' "$name" "$code" | tee -a "$lines"
	fi
}

format() {
	case "$(clang-format --version 2>/dev/null)" in
	*"version 14."*) ;;
	*)
		echo "skip format    clang-format 14 is not installed"
		return
		;;
	esac
	files=$(git ls-files '*.c' '*.h' 2>/dev/null)
	[ -n "$files" ] || { echo "skip format    not a git tree"; return; }
	# shellcheck disable=SC2086
	bad=$(clang-format --dry-run $files 2>&1 |
	    sed -n 's/^\([^ :]*\):[0-9]*:[0-9]*: warning:.*/\1/p' | sort -u)
	if [ -z "$bad" ]; then
		echo "ok   format    $(printf '%s\n' "$files" | wc -l) files"
	else
		echo "FAIL format    make format would change:" $bad
	fi
}

manuals() {
	pages=$(find daemon scanners contrib -name '*.[158]' 2>/dev/null)
	[ -n "$pages" ] || { echo "skip manuals   there are none"; return; }
	command -v mandoc >/dev/null || { echo "skip manuals   mandoc is not installed"; return; }
	# shellcheck disable=SC2086
	if out=$(mandoc -Tlint -Wwarning $pages 2>&1); then
		echo "ok   manuals   $(printf '%s\n' "$pages" | wc -l) pages"
	else
		printf 'FAIL manuals\n%s\n' "$out"
		return 1
	fi
}

rules() {
	if said=$("$build/mailbrake" rules check 2>&1); then
		printf 'ok   rules     %s\n' "$(printf '%s\n' "$said" | tail -n 1)"
	else
		printf 'FAIL rules check\n%s\n' "$said"
		return 1
	fi
}

step layering sh tests/layering.sh
step format format
step manuals manuals
step rules rules
# every folder of tests that brings its own runner: golden, rules, ...
for t in tests/*/check.sh; do
	[ -f "$t" ] && step "$t" sh "$t" "$build"
done
step e2e python3 tests/e2e/run.py "$build" fast

failed=$(grep -c '^FAIL' "$lines")
printf 'check: %d ok, %d failed, %d skipped\n' "$(grep -c '^ok' "$lines")" "$failed" \
    "$(grep -c '^skip' "$lines")"
[ "$failed" -eq 0 ]
