#!/bin/sh
# The traffic laboratory: what the judgement makes of honest accounts and of attackers.
#   sh tests/lab/run.sh BUILD           small, a few seconds; exit 1 above the bounds
#   sh tests/lab/run.sh BUILD --full    3,000 honest accounts x 30 days, prints the tables
# Seeds below 505 were used or looked at while the rules were tuned.
# JOBS=2 runs two slices at once, CACHE=DIR keeps the traces for the next run.
set -eu
build=${1:-build}
cd "$(dirname "$0")/../.."
case "${2:-}" in
--full)
	exec python3 tests/lab/lab.py run --bin "$build/mailbrake" --seeds 301,302 \
	    --honest 137 --attacks 15 --verbose --jobs "${JOBS:-1}" ${CACHE:+--cache "$CACHE"}
	;;
"")
	python3 tests/lab/lab.py run --bin "$build/mailbrake" --seeds 101 --days 16 \
	    --honest 2 --attacks 1 --max-wrong 0 --max-over 2
	;;
*)
	echo "usage: run.sh BUILD [--full]" >&2
	exit 64
	;;
esac
