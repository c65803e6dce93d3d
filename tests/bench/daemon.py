"""daemon - a whole mailbraked below a temporary directory, for benches.

As root each process has its own uid, and what is mounted is seen by this process alone.
"""
import ctypes
import os
import re
import shutil
import signal
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TICKS = os.sysconf("SC_CLK_TCK")


def own_mounts():
    """False: not root, or not allowed to."""
    libc = ctypes.CDLL(None, use_errno=True)
    return os.geteuid() == 0 and libc.unshare(0x20000) == 0 and \
        libc.mount(b"none", b"/", None, 0x44000, None) == 0


def tmpfs(where):
    return ctypes.CDLL(None).mount(b"none", where.encode(), b"tmpfs", 0, b"mode=755") == 0


def number(pid, file, key):
    """A number of /proc/PID/status or smaps_rollup."""
    with open("/proc/%d/%s" % (pid, file)) as f:
        m = re.search(r"^%s:\s+(\d+)" % key, f.read(), re.M)
    return int(m.group(1)) if m else 0


def wakes(pid):
    """How often any of its threads slept and was woken."""
    n = 0
    for t in os.listdir("/proc/%d/task" % pid):
        n += number(pid, "task/%s/status" % t, "voluntary_ctxt_switches")
    return n


def cpu_ms(pid):
    with open("/proc/%d/stat" % pid) as f:
        t = f.read().rsplit(")", 1)[1].split()
    return (int(t[11]) + int(t[12])) * 1000 // TICKS


def ran_ms(pid):
    """Processor time of all its threads, finer than cpu_ms; 0: it is gone."""
    try:
        return sum(int(open("/proc/%d/task/%s/schedstat" % (pid, t)).read().split()[0])
                   for t in os.listdir("/proc/%d/task" % pid)) / 1e6
    except OSError:
        return 0


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
        try:
            with open("/proc/%d/cmdline" % p) as f:
                argv = f.read().split("\0")
        except OSError:
            continue
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


class Daemon:
    """One below top, watching roots (globs)."""

    def __init__(self, build, top, roots, mta="postfix"):
        self.top, self.p = top, None
        for d in ("etc/mailbrake", "log", "bin"):
            os.makedirs(top + "/" + d)
        for name in ("mailbraked", "mailbrake", "mailbrake-scan", "mailbrake-sendmail"):
            shutil.copy(build + "/" + name, top + "/bin")
        self.conf = top + "/etc/mailbrake/mailbrake.conf"
        with open(top + "/log/mail.log", "w") as f:
            f.write("")
        with open(self.conf, "w") as f:
            f.write("".join("watch_roots = %s\n" % r for r in roots))
            f.write("rules_dir = %s\nmta = %s\nmta_log = %s/log/mail.log\n" %
                    (os.path.join(HERE, "../../rules"), mta, top))
            if os.geteuid() == 0:
                f.write("user_judge = 64201\nuser_watch = 64202\nuser_scan = 64203\n"
                        "user_mtlog = 64204\nadmin_group = root\n")

    def start(self):
        with open(self.top + "/log/err", "a") as err:
            self.p = subprocess.Popen([self.top + "/bin/mailbraked", "--prefix", self.top,
                                       "--conf", self.conf], stderr=err)

    def settle(self, quiet_s, max_s=120):
        """Wait until no process came or used processor time for a while; who there is then."""
        last, since, end = None, time.time(), time.time() + max_s
        step = min(1, quiet_s / 4)
        while time.time() - since < quiet_s and time.time() < end:
            time.sleep(step)
            if self.p.poll() is not None:
                with open(self.top + "/log/err") as f:
                    raise RuntimeError(f.read())
            roles = tree(self.p.pid)
            now = (sorted(roles), [cpu_ms(k) // 30 for k in roles])
            if now != last:
                last, since = now, time.time()
        return roles

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        try:
            self.p.wait(30)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
