#!/bin/sh
# Every golden test, one line each: sh tests/golden/check.sh [BUILD]
here=$(dirname "$0") fail=0
for t in "$here"/*.sh; do
	[ "${t##*/}" = check.sh ] && continue
	sh "$t" "${1:-build}" || fail=1
done
exit "$fail"
