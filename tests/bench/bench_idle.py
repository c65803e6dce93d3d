#!/usr/bin/env python3
"""bench_idle - what the whole daemon costs while nothing happens.

bench_idle.py BUILD [SECONDS]     as root: each process under its own uid

Starts mailbraked below a temporary directory with the shipped rules and one account, waits until
it is quiet, then counts for each process how often it slept and woke (voluntary context switches),
its processor time, and its memory: RSS, and PSS, in which what processes share counts once (the
libraries, and the rules, which the scan workers share). The rules' memory is the anonymous memory
of the scan process that loaded them; the last row is without it.
"""
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TICKS = os.sysconf("SC_CLK_TCK")


def status(pid, key):
    with open("/proc/%d/status" % pid) as f:
        m = re.search(r"^%s:\s+(\d+)" % key, f.read(), re.M)
    return int(m.group(1)) if m else 0


def smaps(pid, key):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        m = re.search(r"^%s:\s+(\d+)" % key, f.read(), re.M)
    return int(m.group(1)) if m else 0


def cpu_ms(pid):
    with open("/proc/%d/stat" % pid) as f:
        t = f.read().rsplit(")", 1)[1].split()
    return (int(t[11]) + int(t[12])) * 1000 // TICKS


def tree(pid):
    """pid and everything below it, with the role each has."""
    kids = {}
    for p in os.listdir("/proc"):
        if p.isdigit():
            try:
                with open("/proc/%s/stat" % p) as f:
                    ppid = int(f.read().rsplit(")", 1)[1].split()[1])
                kids.setdefault(ppid, []).append(int(p))
            except OSError:
                pass
    out, todo = {}, [(pid, "parent")]
    while todo:
        p, above = todo.pop()
        with open("/proc/%d/cmdline" % p) as f:
            argv = f.read().split("\0")
        name = above
        if "-x" in argv:
            name = argv[argv.index("-x") + 1]
        elif "mailbrake-scan" in argv[0]:
            name = "scan"
        if p != pid and name == above:
            name = above + "'s child"
        out[p] = name
        todo += [(k, name) for k in kids.get(p, [])]
    return out


def settle(pid):
    """Wait until no process came or used processor time for a while; who there is then."""
    quiet_s = int(os.environ.get("BENCH_QUIET_S", "31"))  # mtlog rests after 30 s without a line
    last, since, end = None, time.time(), time.time() + 120
    while time.time() - since < quiet_s and time.time() < end and os.path.exists("/proc/%d" % pid):
        time.sleep(1)
        roles = tree(pid)
        now = (sorted(roles), [cpu_ms(k) // 30 for k in roles if roles[k].startswith("scan")])
        if now != last:
            last, since = now, time.time()
    return roles


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    if os.geteuid() == 0:
        # a file system of our own: a mark on a shared one wakes for what others write
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(0x20000) != 0 or libc.mount(b"none", b"/", None, 0x44000, None) != 0 or \
           libc.mount(b"none", b"/mnt", b"tmpfs", 0, None) != 0:
            sys.exit("bench_idle: no mount namespace")
        tempfile.tempdir = "/mnt"
        os.chmod("/mnt", 0o755)
    top = tempfile.mkdtemp(prefix="bench-idle.")
    os.chmod(top, 0o755)
    for d in ("etc/mailbrake", "home/a/public_html", "log", "bin"):
        os.makedirs(top + "/" + d)
    for name in ("mailbraked", "mailbrake", "mailbrake-scan", "mailbrake-sendmail"):
        shutil.copy(build + "/" + name, top + "/bin")
    conf = top + "/etc/mailbrake/mailbrake.conf"
    with open(top + "/log/mail.log", "w") as f:
        f.write("")
    with open(conf, "w") as f:
        f.write("watch_roots = %s/home/*/public_html\nrules_dir = %s\nmta = postfix\n"
                "mta_log = %s/log/mail.log\n" % (top, os.path.join(HERE, "../../rules"), top))
        if os.geteuid() == 0:
            f.write("user_judge = 64201\nuser_watch = 64202\nuser_scan = 64203\n"
                    "user_mtlog = 64204\nadmin_group = root\n")
    with open(top + "/log/err", "w") as err:
        p = subprocess.Popen([top + "/bin/mailbraked", "--prefix", top, "--conf", conf], stderr=err)
    try:
        roles = settle(p.pid)
        if p.poll() is not None:
            sys.exit(open(top + "/log/err").read())
        before = {k: (status(k, "voluntary_ctxt_switches"), cpu_ms(k)) for k in roles}
        time.sleep(seconds)
        rows = []
        for k, role in roles.items():
            wakes = status(k, "voluntary_ctxt_switches") - before[k][0]
            rows.append((role, wakes * 60 / seconds, cpu_ms(k) - before[k][1],
                         status(k, "VmRSS"), smaps(k, "Pss"), status(k, "RssAnon")))
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
    finally:
        p.send_signal(signal.SIGTERM)
        try:
            p.wait(20)
        except subprocess.TimeoutExpired:
            p.kill()
        shutil.rmtree(top, ignore_errors=True)


main()
