"""scan_daemon - mailbraked in a directory of its own, without a mail system, for bench_scan.

It tells what it has used so far, when nothing is left to do, and each verdict as it is logged.
"""
import glob
import json
import os
import random
import re
import shutil
import subprocess
import threading
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))


class Daemon:
    """mailbraked in a directory of its own, without a mail system."""

    def __init__(self, bench, roots, more="", state=None):
        self.b, self.on_verdict = bench, None
        d = bench.top + "/" + (state or "d%d" % random.randrange(1 << 30))
        os.makedirs(d + "/state", exist_ok=True)
        os.makedirs(d + "/hooks", exist_ok=True)
        self.conf = d + "/conf"
        with open(self.conf, "w") as f:
            f.write("watch_roots = %s\nstate_dir = %s/state\nrun_dir = %s/run\n"
                    "compiled_dir = %s/compiled\nrules_dir = %s/rules\nhook_dir = %s/hooks\n"
                    "rules_local_dir = %s/none\nmta = none\nmta_log = none\nheld_free_min = 0\n"
                    "brake_file = %s/brake\nscan_cpu_share = 100\nqueue_uid_max = 1000000\n"
                    "alert_mail =\n%s" % (roots, d, d, bench.top, TOP, d, d, d, more))
            if os.geteuid() == 0:
                f.write("user_judge = 64201\nuser_watch = 64202\nuser_scan = 64203\n"
                        "user_mtlog = 64204\nadmin_group = 64201\n")
        # where the scan process may go, whatever the build tree's own modes are
        self.bin = d + "/bin"
        os.makedirs(self.bin, exist_ok=True)
        for p in ("mailbraked", "mailbrake", "mailbrake-scan"):
            shutil.copy(bench.build + "/" + p, self.bin + "/" + p)
        if not os.path.isdir(d + "/rules"):
            shutil.copytree(TOP + "/rules", d + "/rules")
        with open(self.conf) as f:
            text = f.read().replace("rules_dir = %s/rules" % TOP, "rules_dir = %s/rules" % d)
        with open(self.conf, "w") as f:
            f.write(text)

    def __enter__(self):
        self.p = subprocess.Popen([self.bin + "/mailbraked", "--conf", self.conf],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE)
        self.begin, self.log = time.monotonic(), []
        threading.Thread(target=self.read, daemon=True).start()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.p.poll() is not None:
                raise RuntimeError("mailbraked: " + "".join(self.log[-5:]))
            if self.status("scan").get("state") == "ok" and \
                    self.status("watch").get("state") in ("ok", "info", "degraded"):
                return self
            time.sleep(0.05)
        raise RuntimeError("mailbraked is not ready: " + "".join(self.log[-5:]))

    def read(self):
        for line in self.p.stderr:
            t = time.monotonic()
            text = line.decode(errors="replace")
            if self.on_verdict and " verdict " in " " + text:
                m = re.search(r'path="[^"]*/([^"/]+)"', text)
                if m:
                    self.on_verdict(m.group(1), t)
            self.log = (self.log + [text])[-200:]

    def status(self, part):
        p = subprocess.run([self.bin + "/mailbrake", "--conf", self.conf, "--json", "status"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for line in p.stdout.splitlines():
            row = json.loads(line)
            if row.get("part") == part:
                return row
        return {}

    def cpu(self):
        """CPU seconds of the daemon and all below it."""
        kids, used = {}, {}
        for d in glob.glob("/proc/[0-9]*"):
            try:
                f = open(d + "/stat").read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            kids.setdefault(int(f[1]), []).append(int(d[6:]))
            used[int(d[6:])] = sum(int(x) for x in f[11:15])
        todo, total = [self.p.pid], 0
        while todo:
            pid = todo.pop()
            total += used.get(pid, 0)
            todo += kids.get(pid, [])
        return total / os.sysconf("SC_CLK_TCK")

    def walk_cpu(self):
        """CPU seconds of the processes that walk and know, to the nanosecond."""
        used = 0.0
        for d in glob.glob("/proc/[0-9]*"):
            try:
                argv = open(d + "/cmdline", "rb").read().split(b"\0")
                if argv[:2] == [b"mailbraked", b"-x"] and argv[2] in (b"watch", b"judge") and \
                        int(open(d + "/stat").read().rsplit(")", 1)[1].split()[1]) == self.p.pid:
                    used += int(open(d + "/schedstat").read().split()[0]) / 1e9
            except OSError:
                continue
        return used

    def idle(self):
        """Wait until nothing is done any more: (CPU seconds so far, wall seconds)."""
        last, since, end = None, time.monotonic(), time.monotonic() + 170
        while time.monotonic() < end:
            w, s = self.status("watch"), self.status("scan")
            now = (w.get("files_waiting"), w.get("rescan_dirs_left"), s.get("waiting"),
                   s.get("files_scanned"), w.get("files_sent"))
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > 1.5 and now[:3] == (0, 0, 0):
                break
            time.sleep(0.1)
        return self.cpu(), since - self.begin

    def __exit__(self, *_):
        self.p.terminate()
        try:
            self.p.wait(20)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
