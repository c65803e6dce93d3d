"""run - every bench in one go, then one table: goal, the peer's figure, ours, the ratio, met or not.

run.py BUILD          sizes and parts by the environment: run.sh says how
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
QUICK = os.environ.get("BENCH_QUICK", "") not in ("", "0")
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
WORK = tempfile.mkdtemp(prefix="mailbrake-bench.")
os.environ["BENCH_ROWS"] = WORK + "/rows"

import rows  # noqa: E402


def out_of(argv, most_s, env=None):
    """A bench's standard output, shown as it comes; one that hangs is ended."""
    p = subprocess.Popen(argv, stdout=subprocess.PIPE, env=dict(os.environ, **(env or {})),
                         stdin=subprocess.DEVNULL, text=True, errors="replace", start_new_session=True,
                         preexec_fn=rows.first)
    got = []
    end = subprocess.Popen(["sh", "-c", "sleep %d; kill -TERM -%d; sleep 20; kill -KILL -%d" % (
        most_s, p.pid, p.pid)], stderr=subprocess.DEVNULL, start_new_session=True)
    for line in p.stdout:
        print("  " + line, end="", flush=True)
        got.append(line)
    p.wait()
    os.killpg(end.pid, 15)
    end.wait()
    return "".join(got)


def python(name, *args, most_s=600, env=None):
    return out_of([sys.executable, HERE + "/" + name] + list(args), most_s, env)


def fact(text, pattern):
    """The numbers of a line a bench printed; ValueError: there is none."""
    m = re.search(pattern, text)
    if m is None:
        raise ValueError("no figure")
    return [float(x) for x in m.groups()]


# --- parts: each adds its rows; what it does not add is "not measured" -----------------------


def review():
    for n in (500, 5000) if QUICK else (500, 5000, 20000):
        row = json.loads(out_of([BUILD + "/tests/bench/review", str(n), "20"] +
                                (["200000"] if QUICK else []), 300))
        if n == 5000:
            us = row["p99_ns"] / 1000
            rows.add("review", "one decision, 5,000 accounts, us p99", "", "%.1f" % us, "", "< 50",
                     us < 50)
        else:
            rows.add("review-%d" % n, "  %d accounts" % n, "", "%.1f" % (row["p99_ns"] / 1000))


def better(key, what, peer, ours, times):
    rows.add(key, what, "%g" % peer, "%g" % ours, peer / max(ours, 1e-9), ">= %gx" % times,
             peer >= times * ours)


def watch():
    dirs = 10000 if QUICK else 1000000
    got = {}
    for line in out_of(["sh", HERE + "/bench_watch.sh", BUILD], 2400, {
            "BENCH_DIRS": str(dirs), "BENCH_ROUNDS": "1" if QUICK else "3",
            "BENCH_IDLE_S": "5" if QUICK else "20"}).splitlines():
        cells = [c.strip() for c in line.split("|")]
        if len(cells) > 2:
            got[cells[0]] = cells[1:]

    def pair(what):
        peer, ours = got[what][:2]
        return float(peer), float(ours)

    peer, ours = pair("ready, %d directories, fanotify, ms" % dirs)
    rows.add("ready-fanotify", "ready, %d directories, fanotify, ms" % dirs, "inotifywait %g" % peer,
             "%g" % ours, peer / max(ours, .1), "< 10", ours < 10)
    peer, ours = pair("memory (RSS), %d directories, fanotify, kB" % dirs)
    rows.add("memory-fanotify", "  its memory (RSS), kB", "inotifywait %d" % peer, "%d" % ours, peer / ours,
             "< 20 MB", ours < 20480)
    better("ready-inotify", "ready, %d directories, inotify, ms" % dirs,
           *pair("ready, %d directories, inotify, ms" % dirs), 2)
    peer, ours = pair("memory (RSS), %d directories, inotify, kB" % dirs)
    if QUICK:  # a small tree: what the program itself takes is all there is
        rows.add("memory-inotify", "  its memory (RSS), kB", "%d" % peer, "%d" % ours, peer / ours,
                 "(1M dirs only)")
    else:
        better("memory-inotify", "  its memory (RSS), kB", peer, ours, 10)
    for k in ("fanotify", "inotify"):
        peer, ours = pair("files seen of 2000 in just-made directories, %s" % k)
        rows.add("made-" + k, "files seen of 2000 in just-made dirs, %s" % k, "%d" % peer, "%d" % ours, "",
                 "all", ours == 2000)
        mid, most = got["close() to judge at 500/s, settle_ms 0, %s, us p50/p99" % k][1].split("/")
        rows.add("event-" + k, "close() to judge, 500/s, %s, us" % k, "", "%s (p99 %s)" % (mid, most))


def scan():
    """Its rows come from itself."""
    for name, most in (("start", 200), ("php", 3000), ("all", 6000), ("clam", 900), ("maldet", 300),
                       ("hostile", 900), ("rescan", 900), ("drops", 300)):
        python("bench_scan.py", BUILD, name, most_s=most)


def cost():
    python("bench_cost.py", BUILD, "2" if QUICK else "7", most_s=1200,
           env={"BENCH_FILES": "4000"} if QUICK else None)


def idle():
    text = python("bench_idle.py", BUILD, "10" if QUICK else "60", most_s=400)
    wakes, cpu = fact(text, r"(?m)^all +(\d+) +(\d+)")
    if QUICK:
        wakes_goal, met = "(60 s only)", None
    else:
        wakes_goal, met = "timers: <= 10", wakes <= 10
    rss = fact(text, r"(?m)but for the rules +(\d+)")[0]
    rows.add("idle-rss", "idle, all processes but the rules, RSS, kB", "", "%d" % rss, "", "<= 40 MB",
             rss <= 40960)
    rows.add("idle-wakes", "  wake-ups a minute", "", "%d" % wakes, "", wakes_goal, met)
    rows.add("idle-cpu", "  processor time, ms", "", "%d" % cpu, "", "0", cpu <= 10)


def log():
    for kind in ("exim", "postfix"):
        lines = subprocess.run([sys.executable, HERE + "/maillog.py", kind, "20000"],
                               stdout=subprocess.PIPE).stdout
        with open(WORK + "/log", "wb") as f:
            f.write(lines)
        rate = fact(out_of([BUILD + "/tests/bench/bench_mtlog", kind, WORK + "/log", "20"], 120),
                    r"lines_per_s (\d+)")[0]
        rows.add("log-" + kind, "%s's log, lines a second of one core" % kind, "", "%d" % rate, "",
                 ">= 200000", rate >= 200000)


def mta():
    """Real mail systems, unpacked below the build directory."""
    count = 2000 if QUICK else 50000
    for kind in ("postfix",) if QUICK else ("postfix", "exim"):
        text = python("bench_freeze.py", BUILD, kind, str(count), most_s=1500)
        if "FAIL" in text:
            rows.note("no row of a freeze with %s: what it says and the queue's files differ" % kind)
            continue
        seconds = fact(text, r"frozen after ([\d.]+) s")[0]
        rows.add("freeze-" + kind, "%s: a hold freezes %d queued, s" % (kind, count), "", "%.1f" % seconds, "",
                 "seconds: < 60", seconds < 60)
    direct, added = fact(python("bench_wrapper.py", BUILD, "postfix", "20" if QUICK else "200", most_s=400),
                         r"direct ([\d.]+) ms.*added (-?[\d.]+) ms")
    rows.add("wrapper", "the wrapper's added time, ms (median of pairs)", "direct %.2f" % direct,
             "%.2f" % added, 1 + added / direct, "< 1", added < 1)


PARTS = {
    "review": (review, ["review"]),
    "watch": (watch, ["ready-fanotify", "memory-fanotify", "ready-inotify", "memory-inotify",
                      "made-fanotify", "made-inotify", "event-fanotify", "event-inotify"]),
    "scan": (scan, ["start", "php-cpu", "php-wall", "php-hits", "all-cpu", "all-hits", "clam", "maldet",
                    "hostile", "rescan", "rescan-rate", "drops-p50", "drops-p99"]),
    "cost": (cost, ["cost-tmpfs-make", "cost-tmpfs-tar", "cost-tmpfs-git", "cost-ext4-make",
                    "cost-ext4-tar", "cost-ext4-git"]),
    "idle": (idle, ["idle-rss", "idle-wakes", "idle-cpu"]),
    "log": (log, ["log-exim", "log-postfix"]),
    "mta": (mta, ["freeze-postfix", "wrapper"] + ([] if QUICK else ["freeze-exim"])),
}


def read_rows():
    try:
        with open(os.environ["BENCH_ROWS"]) as f:
            return [json.loads(x) for x in f]
    except OSError:
        return []


def noise():
    """How much a fixed piece of work varies here: the spread of 15 runs of 0.1 s or so."""
    took = []
    for _ in range(15):
        t = time.perf_counter()
        sum(i * i for i in range(600000))
        took.append(time.perf_counter() - t)
    return "the same work took %.0f ms, at most %.0f ms (load %.1f on %d processors)" % (
        statistics.median(took) * 1000, max(took) * 1000, os.getloadavg()[0], os.cpu_count())


def main():
    begin, missing, noisy = time.time(), [], [noise()]
    parts = os.environ.get("BENCH_ONLY", "").split() or list(PARTS)
    for name in parts:
        print("== " + name, flush=True)
        why = ""
        try:
            PARTS[name][0]()
        except (OSError, ValueError, KeyError, IndexError) as e:
            why = ": %s %s" % (type(e).__name__, e)
        have = {r["key"] for r in read_rows()}
        missing += [(k, name + why) for k in PARTS[name][1] if k not in have]
    noisy.append(noise())
    print("\nmake bench%s, %s, %d processors, %.0f minutes" % (
        " (quick)" if QUICK else "", os.uname().release, os.cpu_count(), (time.time() - begin) / 60))
    rows.head()
    for r in read_rows():
        print(rows.line(r))
    for k, why in missing:
        print("%-46s NOT MEASURED (%s)" % (k, why))
    got = [r["met"] for r in read_rows()]
    print("%d goals met, %d missed, %d rows not measured" % (got.count(True), got.count(False),
                                                           len(missing)))
    print("noise: before, %s; after, %s" % tuple(noisy))
    shutil.rmtree(WORK, ignore_errors=True)
    return 1 if missing else 0


sys.exit(main())
