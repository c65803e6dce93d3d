#!/bin/sh
# The slower tests that need root: real Postfix and Exim from Debian's packages, php-fpm
# pools of several uids, kill -9 at each step of the hold, full disk, noise. They run in
# namespaces of their own and change nothing on the machine. Without root they are skipped.
#   tests/check-full.sh BUILD
build=${1:-build}
cd "$(dirname "$0")/.." || exit 2
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT INT TERM

python3 tests/e2e/run.py "$build" full 2>&1 | tee "$lines"
for t in tests/*/check-full.sh; do
	[ -f "$t" ] && sh "$t" "$build" 2>&1 | tee -a "$lines"
done

ok=$(grep -c '^ok' "$lines") failed=$(grep -c '^FAIL' "$lines")
printf 'check-full: %d ok, %d failed, %d skipped\n' "$ok" "$failed" \
    "$(grep -c '^skip' "$lines")"
[ "$failed" -eq 0 ] && [ "$((ok + $(grep -c '^skip' "$lines")))" -gt 0 ]
