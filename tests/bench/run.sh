#!/bin/sh
# make bench: speed and memory beside other tools, at the end one table of all goals.
#   tests/bench/run.sh BUILD         about 45 minutes on a quiet machine, and 2 GB below BUILD and $TMPDIR
#   BENCH_QUICK=1 ...                less than 5 minutes: small trees, few rounds; ratios are rougher
#   BENCH_ONLY="watch scan ..."      some parts (run.py names them)
# Ends with 0 when every row was measured, met or missed; with 1 when one could not be. As root all
# rows can be; without root those that need it cannot.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd) b=${1:-build}
cd "$here" || exit 2
case $b in /*) ;; *) b=$here/$b ;; esac
sh contrib/deps.sh --bench || echo "bench: rows whose peer is missing will have no figure" >&2
for t in review bare_yara bench_mtlog; do
	${MAKE:-make} -s B="$b" "$b/tests/bench/$t" || exit 2
done
exec python3 tests/bench/run.py "$b"
