#!/bin/sh
# Run each unit-test program, one line each.
fail=0 n=0
for t in "$@"; do
	n=$((n + 1))
	if out=$("$t" 2>&1); then
		printf 'ok   unit %-24s %s\n' "$(basename "$t")" "$(printf '%s\n' "$out" | tail -n 1)"
	else
		printf 'FAIL unit %s\n%s\n' "$(basename "$t")" "$out"
		fail=$((fail + 1))
	fi
done
[ "$n" -gt 0 ] && [ "$fail" -eq 0 ]
