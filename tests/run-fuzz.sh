#!/bin/sh
# Replay every fuzz target over its corpus (tests/fuzz/corpus/NAME), one line each.
here=$(dirname "$0") fail=0
for t in "$@"; do
	name=$(basename "$t") dir="$here/fuzz/corpus/${t##*/fuzz_}"
	if [ ! -d "$dir" ]; then
		printf 'FAIL fuzz %-24s no corpus at %s\n' "$name" "$dir"
		fail=$((fail + 1))
	elif out=$("$t" "$dir"/* 2>&1); then
		printf 'ok   fuzz %-24s %s\n' "$name" "$(printf '%s\n' "$out" | tail -n 1)"
	else
		printf 'FAIL fuzz %s\n%s\n' "$name" "$out"
		fail=$((fail + 1))
	fi
done
[ "$fail" -eq 0 ]
