#!/bin/sh
# make bench: speed and memory beside other tools, one line a figure: what | the peer's | ours | ratio.
#   tests/bench/run.sh BUILD      installs the peers (inotify-tools, yara) and fetches a tree of PHP
# Quiet machine wanted: times are medians of runs in turn, ratios are what carries over.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd) b=${1:-build}
cd "$here" || exit 2
case $b in /*) ;; *) b=$here/$b ;; esac
need=
for p in inotify-tools yara python3; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || need="$need $p"
done
if [ -n "$need" ]; then
	echo "bench: installing$need"
	# shellcheck disable=SC2086
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $need; } >/dev/null 2>&1 ||
	    echo "bench: cannot install$need: those rows have no peer" >&2
fi

echo "== one decision (accounts, scripts each, microseconds)"
${MAKE:-make} -s B="$b" "$b/tests/bench/review" && for n in 500 5000 20000; do "$b/tests/bench/review" "$n" 20; done

echo "== files"
python3 tests/bench/bench_scan.py "$b"

echo "== watching (what | inotifywait | ours | times better); BENCH_DIRS=1000000 for the large tree"
BENCH_DIRS=${BENCH_DIRS:-10000} sh tests/bench/bench_watch.sh "$b"

echo "== idle, the whole daemon"
python3 tests/bench/bench_idle.py "$b" 20

echo "== cost to everyone else"
python3 tests/bench/bench_cost.py "$b" "${BENCH_ROUNDS:-5}"

echo "== the mail log (lines a second of one core; 200,000 is what we want at least)"
log=$(mktemp)
${MAKE:-make} -s B="$b" "$b/tests/bench/bench_mtlog" && for mta in exim postfix; do
	python3 tests/bench/maillog.py "$mta" 20000 >"$log" && "$b/tests/bench/bench_mtlog" "$mta" "$log" 20 |
	    sed "s/^/$mta: /"
done
rm -f "$log"

if [ "$(id -u)" -eq 0 ]; then
	echo "== a hold freezes what is queued (real MTAs, 10,000 messages each)"
	for mta in postfix exim; do python3 tests/bench/bench_freeze.py "$b" "$mta" 10000; done
	echo "== sending (Postfix without and with the wrapper, ms)"
	python3 tests/bench/bench_wrapper.py "$b" postfix 40
fi
