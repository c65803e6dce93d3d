#!/bin/sh
# The manuals and the example configuration say what the program's tables say.
#   sh tests/golden/manual.sh BUILD            compare; exit 1 with the difference
#   sh tests/golden/manual.sh BUILD --update   write what the tables say into the pages
set -u
build=${1:-build}
top=$(cd "$(dirname "$0")/../.." && pwd)
case "$build" in /*) ;; *) build=$top/$build ;; esac
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
pages="daemon/mailbraked.8 daemon/client/mailbrake.1 daemon/client/mailbrake-sendmail.8
daemon/common/mailbrake.conf.5 scanners/mailbrake-scan.8"
bad=0 parts=0

# the page with every part between BEGIN and END made anew
made() {
	awk -v cmd="$build/mailbrake config " '
		/^\.\\" BEGIN / { print; full = cmd $3; while ((full | getline line) > 0) print line; close(full); skip = 1 }
		/^\.\\" END / { skip = 0 }
		!skip { print }' "$1"
}
compare() { # NAME HAVE WANT
	if [ "${update:-}" ]; then
		cmp -s "$2" "$3" || { cp "$3" "$2" && echo "updated $1"; }
	elif ! diff -u "$2" "$3" >"$tmp/diff"; then
		echo "$1 is not what the tables say (sh tests/golden/manual.sh BUILD --update):"
		head -40 "$tmp/diff"
		bad=1
	fi
}
[ "${2:-}" = --update ] && update=1

for p in $pages; do
	made "$top/$p" >"$tmp/page"
	parts=$((parts + $(grep -c '^\.\\" BEGIN ' "$tmp/page")))
	compare "$p" "$top/$p" "$tmp/page"
done
"$build/mailbrake" config example >"$tmp/example"
compare contrib/mailbrake.conf "$top/contrib/mailbrake.conf" "$tmp/example"

# the example parses, as it is and with every default said, to the defaults
: >"$tmp/empty.conf"
sed 's/^#\([a-z]\)/\1/' "$top/contrib/mailbrake.conf" >"$tmp/said.conf"
for f in empty said; do
	"$build/mailbrake" --conf "$tmp/$f.conf" config show >"$tmp/$f.out" 2>&1 || bad=1
done
"$build/mailbrake" --conf "$top/contrib/mailbrake.conf" config show >"$tmp/example.out" 2>&1 || bad=1
for f in said example; do
	diff -u "$tmp/empty.out" "$tmp/$f.out" || bad=1
done
# what is shown reads back as the same
"$build/mailbrake" --conf "$tmp/empty.out" config show | diff -u "$tmp/empty.out" - || bad=1

if command -v mandoc >/dev/null 2>&1; then
	for p in $pages; do
		mandoc -Tlint -W warning "$top/$p" >"$tmp/lint" 2>&1 || { cat "$tmp/lint"; bad=1; }
	done
	lint=clean
else
	lint="not linted (no mandoc)"
fi
[ "$bad" -eq 0 ] || { echo "FAIL manual"; exit 1; }
printf 'ok   manual %s pages, %s parts from tables, %s\n' "$(echo "$pages" | wc -w)" "$parts" "$lint"
