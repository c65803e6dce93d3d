#!/usr/bin/env python3
"""bench_idle - what the whole daemon costs while nothing happens.

bench_idle.py BUILD [SECONDS]     as root: each process under its own uid

Starts mailbraked below a temporary directory with the shipped rules and one account, waits until
it is quiet, then counts for each process how often it slept and woke (voluntary context switches),
its processor time, and its memory: RSS, and PSS, in which what processes share counts once (the
libraries, and the rules, which the scan workers share). The rules' memory is the anonymous memory
of the scan process that loaded them; the last row is without it.
"""
import os
import shutil
import sys
import tempfile
import time

import daemon


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    # a file system of our own: a mark on a shared one wakes for what others write
    if daemon.own_mounts() and daemon.tmpfs("/mnt"):
        tempfile.tempdir = "/mnt"
    top = tempfile.mkdtemp(prefix="bench-idle.")
    os.chmod(top, 0o755)
    os.makedirs(top + "/home/a/public_html")
    # Exim, for its list of braked domains is a file: Postfix's needs its postmap, and is tried
    # again and again while there is none
    d = daemon.Daemon(build, top, [top + "/home/*/public_html"], "exim")
    d.start()
    try:
        # mtlog rests after 30 s without a line
        roles = d.settle(int(os.environ.get("BENCH_QUIET_S", "31")))
        before = {k: (daemon.wakes(k), daemon.cpu_ms(k)) for k in roles}
        time.sleep(seconds)
        rows = []
        for k, role in roles.items():
            wakes = daemon.wakes(k) - before[k][0]
            rows.append((role, wakes * 60 / seconds, daemon.cpu_ms(k) - before[k][1],
                         daemon.number(k, "status", "VmRSS"),
                         daemon.number(k, "smaps_rollup", "Pss"),
                         daemon.number(k, "status", "RssAnon")))
    finally:
        d.stop()
        shutil.rmtree(top, ignore_errors=True)
    print("%-20s %12s %8s %9s %9s %9s" % ("idle %d s" % seconds, "wakes/min", "CPU ms", "RSS kB",
                                         "PSS kB", "own kB"))
    for r in sorted(rows):
        print("%-20s %12.0f %8d %9d %9d %9d" % r)
    print("%-20s %12.0f %8d %9d %9d %9d" % tuple(
        ["all"] + [sum(r[i] for r in rows) for i in range(1, 6)]))
    scan = [r[5] for r in rows if r[0].startswith("scan")]
    print("%-20s %12s %8s %9d %9d" % ("  but for the rules", "", "",
                                      sum(r[3] for r in rows) - sum(scan),
                                      sum(r[4] for r in rows) - max(scan)))


main()
