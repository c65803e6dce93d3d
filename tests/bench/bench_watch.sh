#!/bin/sh
# Process watch beside inotifywait: ready time, memory, just-made directories, latency, idle.
#   bench_watch.sh BUILD      BENCH_DIRS="10000 100000" (1000000 takes some minutes), BENCH_ROUNDS=3
# One line a figure: what | the peer's | ours | ratio. Medians of interleaved rounds.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd) b=${1:-build}
case $b in /*) ;; *) b=$here/$b ;; esac
dirs=${BENCH_DIRS:-10000 100000} rounds=${BENCH_ROUNDS:-3} idle=${BENCH_IDLE_S:-20}
prog=$b/tests/bench/bench_watch
mkdir -p "$b/tests/bench"
${CC:-cc} -std=c11 -O2 -g -D_GNU_SOURCE -w -I"$here/daemon/common" -I"$here/daemon/watch" \
	-I"$here/tests" "$here/tests/bench/bench_watch.c" -o "$prog" "$b/libwatch.a" \
	"$b/libcommon.a" -linotifytools -lcap-ng -linih -lm || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/bench-watch.XXXXXX") && chmod 755 "$work"
trap 'exit 1' INT TERM
backends=inotify
[ "$(id -u)" -eq 0 ] && backends="inotify fanotify"
command -v inotifywait >/dev/null || echo "bench: inotifywait is missing (inotify-tools): no peer" >&2

# a large tree wants more watches than the kernel allows by default: ours to raise, and put back
limit=/proc/sys/fs/inotify/max_user_watches
had=$(cat $limit 2>/dev/null || echo 0)
for n in $dirs; do
	[ $((n + 10000)) -le "$had" ] || { echo $((n + n / 4)) >$limit; } 2>/dev/null ||
		echo "bench: $n directories are more than $limit allows ($had)" >&2
done
put_back() {
	[ "$(cat $limit 2>/dev/null || echo 0)" = "$had" ] || echo "$had" >$limit
	rm -rf "$work"
}
trap put_back EXIT

med() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
row() { # what peer ours: the ratio says how much better ours is, when less is better
	awk -v w="$1" -v p="$2" -v o="$3" 'BEGIN {
		r = (p != "-" && o > 0) ? sprintf("%.1f", p / o) : "-"
		printf "%-52s | %12s | %12s | %s\n", w, p, o, r }'
}
tree() { # N directories below $1
	python3 - "$1" "$2" <<'PY'
import os, sys
top, n = sys.argv[1], int(sys.argv[2])
for a in range(max(1, n // 111)):
    os.mkdir(f"{top}/site{a}")
    for b in range(10):
        d = f"{top}/site{a}/dir{b}"
        os.mkdir(d)
        for c in range(10):
            os.mkdir(f"{d}/sub{c}")
PY
}
peer_ready() { # ms, CPU ms and kB of inotifywait -m -r
	python3 - "$1" <<'PY'
import subprocess, sys, time
t = time.monotonic()
p = subprocess.Popen(["inotifywait", "-m", "-r", sys.argv[1]], stdout=subprocess.DEVNULL,
                     stderr=subprocess.PIPE, text=True)
for line in p.stderr:
    if "established" in line:
        break
else:
    sys.exit("inotifywait did not get ready")
ms = (time.monotonic() - t) * 1000
kb = [l.split()[1] for l in open(f"/proc/{p.pid}/status") if l.startswith("VmRSS")][0]
t = open(f"/proc/{p.pid}/stat").read().rsplit(")", 1)[1].split()
print(f"{ms:.1f} {(int(t[11]) + int(t[12])) * 10} {kb}")
p.kill()
PY
}
peer_made() { # files in just-made directories that inotifywait names, of N
	python3 - "$1" "$2" <<'PY'
import os, subprocess, sys, time
top, n = sys.argv[1], int(sys.argv[2])
p = subprocess.Popen(["inotifywait", "-m", "-r", "-e", "close_write,moved_to", "--format", "%w%f",
                      top], stdout=open(top + ".out", "w"), stderr=subprocess.PIPE, text=True)
for line in p.stderr:
    if "established" in line:
        break
for i in range(n):
    d = f"{top}/{i}/a/b" if i % 2 else f"{top}/{i}"
    os.makedirs(d)
    with open(d + "/f.php", "w") as f:
        f.write("x" * 2048)
time.sleep(2)
p.kill()
print(len({l for l in open(top + ".out") if l.endswith("/f.php\n")}))
PY
}

printf '%-52s | %12s | %12s | %s\n' "watch ($(nproc) processors, $(uname -r))" "inotifywait" ours ratio
for n in $dirs; do
	mkdir "$work/t" && chmod 755 "$work/t" && tree "$work/t" "$n"
	for r in $(seq "$rounds"); do
		command -v inotifywait >/dev/null && peer_ready "$work/t" >>"$work/peer"
		for k in $backends; do "$prog" ready "$k" "$work/t" 2>/dev/null >>"$work/$k"; done
	done
	pms=- pcpu=- pkb=-
	[ -s "$work/peer" ] && pms=$(cut -d' ' -f1 "$work/peer" | med) \
		pcpu=$(cut -d' ' -f2 "$work/peer" | med) pkb=$(cut -d' ' -f3 "$work/peer" | med)
	for k in $backends; do
		row "ready, $n directories, $k, ms" "$pms" "$(cut -d' ' -f1 "$work/$k" | med)"
		row "  processor time for it, ms" "$pcpu" "$(cut -d' ' -f2 "$work/$k" | med)"
		row "memory (RSS), $n directories, $k, kB" "$pkb" "$(cut -d' ' -f3 "$work/$k" | med)"
	done
	rm -rf "$work/t" "$work/peer" "$work"/inotify "$work"/fanotify
done
peer=-
mkdir "$work/p" && command -v inotifywait >/dev/null && peer=$(peer_made "$work/p" 2000)
for k in $backends; do
	mkdir "$work/m.$k" "$work/s.$k" "$work/c.$k" && chmod 755 "$work"/*.$k
	seen=$("$prog" made "$k" "$work/m.$k" 2000 2>/dev/null | cut -d' ' -f1)
	printf '%-52s | %12s | %12s |\n' "files seen of 2000 in just-made directories, $k" "$peer" "$seen"
	set -- $("$prog" stream "$k" "$work/s.$k" 20000 2>/dev/null)
	printf '%-52s | %12s | %12s |\n' "20000 files written at full speed, $k, files/s" - "$1"
	printf '%-52s | %12s | %12s |\n' "  processor time of watch, us a file" - "$2"
	set -- $("$prog" close "$k" "$work/c.$k" 2000 2>/dev/null)
	printf '%-52s | %12s | %12s |\n' "close() to judge at 500/s, settle_ms 0, $k, us p50/p99" - "$1/$2"
	set -- $("$prog" idle "$k" "$work/m.$k" "$idle" 2>/dev/null)
	printf '%-52s | %12s | %12s |\n' "idle $idle s, $k: wake-ups / CPU ms / RSS kB" - "$1/$2/$3"
done
