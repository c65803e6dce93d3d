#!/bin/sh
# The small laboratory for make check: one line.
cd "$(dirname "$0")/../.." || exit 2
command -v python3 >/dev/null || { echo "skip lab       python3 is not installed"; exit 0; }
if out=$(sh tests/lab/run.sh "${1:-build}" 2>&1); then
	printf 'ok   lab       %s\n' "$(printf '%s\n' "$out" | tail -n 1)"
else
	printf 'FAIL lab\n%s\n' "$out"
	exit 1
fi
