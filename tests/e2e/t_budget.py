"""t_budget - files of 1 MB made to cost the scanner dear: each ends within its budget.

Every file is answered, those that cannot be finished as unscanned with the reason; the
workers go on (a sample after them is found); the cost is taken from the kernel's clock.
"""
import base64
import glob
import json
import os
import resource
import shutil
import subprocess
import tempfile

import hostile_files

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = 1 << 20
BUDGET_MS = 250
# Start and end of processes, and the machine's other work, blur the kernel's clock. Without a
# budget the dearest of these files cost 1 to 5 s.
BLUR_MS = 250


def cpu_ms():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (r.ru_utime + r.ru_stime) * 1000


class Scan:
    """mailbrake scan, its compiled rules kept in a directory of ours."""

    def __init__(self, build, top):
        self.conf = top + "/conf"
        with open(self.conf, "w") as f:
            f.write("compiled_dir = %s/compiled\nscan_cpu_ms = %d\n"
                    "scan_wall_ms = 600000\n" % (top, BUDGET_MS))
        self.argv = [os.path.join(os.path.abspath(build), "mailbrake"), "scan", "--json",
                     "--conf", self.conf, "--rules", os.path.join(HERE, "../../rules")]
        os.makedirs(top + "/compiled", mode=0o755)

    def run(self, *paths, jobs=1):
        """The rows by file name, the CPU milliseconds, the exit code."""
        before = cpu_ms()
        p = subprocess.run(self.argv + ["--jobs", str(jobs)] + list(paths),
                           stdout=subprocess.PIPE)
        rows = {}
        for line in p.stdout.splitlines():
            row = json.loads(line)
            rows[os.path.basename(row["path"])] = row
        return rows, cpu_ms() - before, p.returncode


def make(top, rows, size):
    os.makedirs(top)
    for name, _, fn in rows:
        with open("%s/%s.php" % (top, name), "wb") as f:
            f.write(fn(size))


def budget(c, build, _kind):
    top = tempfile.mkdtemp(prefix="mailbrake-budget.")
    try:
        scan = Scan(build, top)
        make(top + "/files", hostile_files.ROWS, SIZE)
        sample = sorted(glob.glob(os.path.join(HERE, "../samples/hit/mailer_form_loop*")))[0]
        with open(sample, "rb") as f, open(top + "/mailer.php", "wb") as out:
            out.write(base64.b64decode(f.read()))
        scan.run(top + "/mailer.php")  # compiles the rules
        base = min(scan.run(top + "/mailer.php")[1] for _ in range(3))
        rows, all_ms, _ = scan.run(top + "/files", top + "/mailer.php", jobs=2)
        c.eq(sorted(rows), sorted([n + ".php" for n, _, _ in hostile_files.ROWS] +
                                  ["mailer.php"]), "every file is answered")
        c.eq(rows.get("mailer.php", {}).get("verdict"), "malicious",
             "a worker is there after them")
        ended = []
        for name, row in rows.items():
            if row["verdict"] == "unscanned":
                ended.append(name)
                c.true(row["reason"].startswith("cpu: "), "%s: %r" % (name, row["reason"]))
            else:
                c.true(row["cpu_us"] < (BUDGET_MS + BLUR_MS) * 1000, "%s: %d us" % (name, row["cpu_us"]))
        # no file alone is measured here but those that ran out of it: the dearest
        c.true(all_ms - base < len(rows) * (BUDGET_MS + BLUR_MS), "all: %d ms" % all_ms)
        worst = 0
        c.true(len(ended) >= 2, "files that run out of their budget: %s" % ended)
        for name in ended:
            ms = scan.run(top + "/files/" + name)[1] - base
            if ms >= BUDGET_MS + BLUR_MS:  # the machine's other work only ever adds to it
                ms = min(scan.run(top + "/files/" + name)[1] - base for _ in range(4))
            worst = max(worst, ms)
            c.true(ms < BUDGET_MS + BLUR_MS, "%s: %d ms of CPU" % (name, ms))
        c.note("%d files of 1 MB, %d out of budget (dearest %d ms of CPU)" % (
            len(rows) - 1, len(ended), worst))
    finally:
        shutil.rmtree(top, ignore_errors=True)
