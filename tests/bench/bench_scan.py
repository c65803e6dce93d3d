"""bench_scan - what looking into files costs, beside yara and ClamAV: a row a figure.

Run: python3 tests/bench/bench_scan.py BUILD [SECTION...]
     sections: start php all clam hostile rescan drops    (default: all of them)

The peers scan the same files with the same rules in the same run, in turn; CPU is user and
system time of all processes as the kernel counts it, the median of ROUNDS, and beside it the
spread. What yara cannot know (the facts rules ask about: where a file lies, what its PHP
does) stands as 0 in its copy, so every rule is in its set and every string is searched.
"""
import base64
import glob
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.path.join(HERE, "../.."))
sys.path.insert(0, os.path.join(TOP, "tests/e2e"))
import hostile_files  # noqa: E402

PACKAGES = (os.environ.get("BENCH_PACKAGES") or
            "wordpress roundcube-core phpmyadmin mediawiki dokuwiki").split()
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CLAM = ["clamav", "libclamav12", "libmspack0"]
CLAM_FILES = 300


def show(what, peer, ours, ratio, goal):
    print("%-44s %-22s %-22s %-8s %s" % (what, peer, ours, ratio, goal))
    sys.stdout.flush()


def spread(values, unit=""):
    return "%.2f%s (%.2f..%.2f)" % (statistics.median(values), unit, min(values), max(values))


def cost(argv, **kw):
    """CPU seconds, wall seconds and standard output of a command."""
    before, t = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **kw)
    wall, after = time.monotonic() - t, resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall,
            p.stdout)


class Bench:
    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.dir = self.build + "/bench"
        self.top = tempfile.mkdtemp(prefix="mailbrake-bench.")
        os.chmod(self.top, 0o755)
        self.tree = self.dir + "/tree"
        os.makedirs(self.dir, exist_ok=True)
        with open(self.top + "/conf", "w") as f:
            f.write("compiled_dir = %s/compiled\n" % self.top)
        os.makedirs(self.top + "/compiled", mode=0o755)
        self.scan = [self.build + "/mailbrake", "scan", "--json", "--conf",
                     self.top + "/conf", "--rules", TOP + "/rules"]

    def fetch(self, package):
        """The unpacked package below bench/tree, downloaded once, never installed."""
        to = "%s/%s" % (self.dir if package in CLAM else self.tree,
                        package)
        if os.path.isdir(to):
            return to
        with tempfile.TemporaryDirectory(dir=self.dir) as d:
            subprocess.run(["apt-get", "download", "-qq", package], cwd=d,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            deb = glob.glob(d + "/*.deb")
            if not deb:
                return None
            os.makedirs(os.path.dirname(to), exist_ok=True)
            subprocess.run(["dpkg", "-x", deb[0], to + ".new"], check=True)
            os.rename(to + ".new", to)
        return to

    def benign(self):
        got = [p for p in PACKAGES if self.fetch(p) is not None]
        if len(got) < len(PACKAGES):
            print("bench: only these packages could be had: %s" % " ".join(got))
        return bool(got)

    def php(self):
        """The same tree with its .php files alone."""
        to = self.dir + "/php"
        if not os.path.isdir(to):
            for d, _, names in os.walk(self.tree):
                for n in names:
                    src = os.path.join(d, n)
                    if n.endswith(".php") and not os.path.islink(src):
                        dst = to + ".new" + src[len(self.tree):]
                        os.makedirs(os.path.dirname(dst), exist_ok=True)
                        os.link(src, dst)
            os.rename(to + ".new", to)
        return to

    def yara_rules(self):
        """yara's arguments, all shipped rules in one file without facts, their count."""
        if hasattr(self, "yara_args"):
            return self.yara_args
        text = ""
        for path in sorted(glob.glob(TOP + "/rules/*.yar")):
            if os.path.basename(path) != "look.yar":  # never libyara's
                text += open(path).read()
        path = self.top + "/all.yar"
        with open(path, "w") as f:
            f.write(text)
        heads = open(TOP + "/scanners/facts.h").read()
        words = set(re.findall(r"FACT_STR\((\w+)", heads))
        names = []
        for _ in range(400):  # yara tells the next fact it does not know
            p = subprocess.run(["yara", "-w", path, "/dev/null"], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
            m = re.search(r'undefined identifier "(\w+)"', p.stdout)
            if p.returncode == 0 or m is None:
                break
            names.append(m.group(1))
            with open(path, "w") as f:
                f.write(re.sub(r"(?m)^(\t\t(?![$\"]).*)$", lambda line: self.known(
                    line.group(1), names, words), text))
        self.factless = set()
        for m in re.finditer(r"^(private )?rule (\w+).*?\n\tcondition:(.*?)\n}", text, re.S | re.M):
            if m.group(1) is None and not any(
                    re.search(r"\b%s\b" % n, m.group(3)) for n in names):
                self.factless.add(m.group(2))
        # a rule that names another one is only as free of facts as that one
        every = set(re.findall(r"^(?:private )?rule (\w+)", text, re.M))
        for m in re.finditer(r"^rule (\w+).*?\n\tcondition:(.*?)\n}", text, re.S | re.M):
            if any(w in every - self.factless for w in re.findall(r"\b\w+\b", m.group(2))):
                self.factless.discard(m.group(1))
        self.yara_args = ["yara", "-w", "-r"], path, len(every)
        return self.yara_args

    @staticmethod
    def known(line, names, words):
        """A line of a condition with 0 or "x" in the place of each fact."""
        if re.match(r"\t\t\w+ = ", line):
            return line  # meta
        for n in names:
            line = re.sub(r"\b%s\b" % n, '"x"' if n in words else "0", line)
        return line

    # --- sections -------------------------------------------------------------------------

    def warm(self):
        tiny = self.top + "/tiny"
        os.makedirs(tiny, exist_ok=True)
        with open(tiny + "/a.php", "w") as f:
            f.write("<?php echo 1;\n")
        cost(self.scan + ["--jobs", "1", tiny])
        return tiny

    def start(self):
        tiny, cold, warm = self.warm(), [], []
        for _ in range(ROUNDS):
            for f in glob.glob(self.top + "/compiled/*"):
                os.unlink(f)
            cold.append(cost(self.scan + ["--jobs", "1", tiny])[0])
            warm.append(cost(self.scan + ["--jobs", "1", tiny])[0])
        show("start to first verdict, CPU s: compile | kept", spread(cold), spread(warm),
             "%.0fx" % (statistics.median(cold) / statistics.median(warm)), "")

    def beside_yara(self, what, tree, goal_cpu, goal_wall):
        yara, rules, _ = self.yara_rules()
        self.warm()
        rows = {"p1": yara + ["-p", "1", rules, tree], "p2": yara + ["-p", "2", rules, tree],
                "j1": self.scan + ["--jobs", "1", tree],
                "j2": self.scan + ["--jobs", "2", tree]}
        cpu, wall, out = {k: [] for k in rows}, {k: [] for k in rows}, {}
        for _ in range(ROUNDS):
            for k, argv in rows.items():
                c, w, out[k] = cost(argv)
                cpu[k].append(c)
                wall[k].append(w)
        mid = statistics.median
        show(what + ", CPU s: yara -r -p 1 | --jobs 1", spread(cpu["p1"]), spread(cpu["j1"]),
             "%.1fx" % (mid(cpu["p1"]) / mid(cpu["j1"])), goal_cpu)
        show(what + ", wall s: yara -r -p 2 | --jobs 2", spread(wall["p2"]),
             spread(wall["j2"]), "%.1fx" % (mid(wall["p2"]) / mid(wall["j2"])), goal_wall)
        self.compare(what, out["p1"], out["j1"])
        return mid(cpu["j1"])

    def compare(self, what, yara_out, ours_out):
        """Rules without facts: what yara finds, we find."""
        theirs, ours, files, ended = set(), set(), 0, set()
        for line in yara_out.decode(errors="replace").splitlines():
            rule, _, path = line.partition(" ")
            if rule in self.factless:
                theirs.add((rule, path))
        for line in ours_out.splitlines():
            row = json.loads(line)
            files += 1
            if row["verdict"] == "unscanned":
                ended.add(row["path"])
            for f in row["findings"]:
                if f["rule"] in self.factless:
                    ours.add((f["rule"], row["path"]))
        missed = {(rule, path) for rule, path in theirs - ours if path not in ended}
        show("%s: hits of %d rules without facts" % (what, len(self.factless)),
             "%d" % len(theirs), "%d, %d of them" % (len(ours), len(theirs & ours)),
             "", "%d missed" % len(missed))
        print("      %d files; %d reported as unscanned (over the budget), left out" % (
            files, len(ended)))
        for rule, path in sorted(missed)[:5]:
            print("      missed: %s %s" % (rule, path[len(self.dir):]))

    def php_files(self):
        self.beside_yara("PHP files", self.php(), ">= 3x", ">= 3x")

    def all_files(self):
        self.beside_yara("all files", self.tree, ">= 8x", "")

    def clam(self):
        """ClamAV reads YARA rules itself: the same text, without those it refuses."""
        got = [self.fetch(p) for p in CLAM]
        if None in got:
            print("bench: no clamav: no row")
            return
        root = got[0]
        files = sorted(glob.glob(self.php() + "/**/*.php", recursive=True))
        step = max(1, len(files) // CLAM_FILES)
        some = self.top + "/some"
        for i, path in enumerate(files[::step]):
            os.makedirs(some, exist_ok=True)
            shutil.copy(path, "%s/%d.php" % (some, i))
        env = dict(os.environ, LD_LIBRARY_PATH=":".join(
            glob.glob(p + "/usr/lib/*-linux-gnu")[0] for p in got[1:]))
        db = self.top + "/clam"
        os.makedirs(db)
        shutil.copy(self.yara_rules()[1], db + "/rules.yar")
        clam = [root + "/usr/bin/clamscan", "-r", "-d", db]
        empty = self.top + "/empty"
        os.makedirs(empty)
        self.warm()
        base = cost(clam + [empty], env=env)[0]
        c, _, out = cost(clam + [some], env=env)
        m = re.search(r"Known viruses: (\d+)", out.decode(errors="replace"))
        n = len(os.listdir(some))
        if m is None:
            print("bench: clamscan does not run: no row")
            return
        ours0 = statistics.median(cost(self.scan + ["--jobs", "1", empty])[0]
                                  for _ in range(3))
        ours = statistics.median(cost(self.scan + ["--jobs", "1", some])[0] - ours0
                                 for _ in range(3))
        show("%d PHP files, CPU ms a file: clamscan | ours" % n,
             "%.2f" % ((c - base) * 1000 / n), "%.3f" % (ours * 1000 / n),
             "%.0fx" % ((c - base) / max(ours, 1e-4)), ">= 100x")
        print("      clamscan -d with the same rules' text, %s of them loaded by ClamAV; its own"
              " signatures\n      cannot be had offline. Without its start (%.2f s) and ours."
              % (m.group(1), base))
        print("      maldet: not measured (not in Debian, its signatures are downloaded).")

    def hostile(self):
        self.warm()
        base = statistics.median(cost(self.scan + ["--jobs", "1", self.top + "/tiny"])[0]
                                 for _ in range(5))
        worst, ended, rows = [], 0, hostile_files.rows()
        path = self.top + "/hostile.php"
        for name, _, make in rows:
            with open(path, "wb") as f:
                f.write(make(1 << 20))
            c, _, out = cost(self.scan + ["--jobs", "1", path])
            row = json.loads(out)
            ended += row["verdict"] == "unscanned"
            worst.append(((c - base) * 1000, name))
        worst.sort(reverse=True)
        yara, rules, _ = self.yara_rules()
        alone = []
        for name, _, make in rows:
            if name not in [n for _, n in worst[:6]]:
                continue
            with open(path, "wb") as f:
                f.write(make(1 << 20))
            alone.append((cost(["timeout", "-s", "KILL", "20"] + yara + [rules, path])[1], name))
        os.unlink(path)
        show("hostile 1 MB files (%d kinds), worst CPU ms" % len(rows),
             "yara %s%.0f (%s)" % ("> " if max(alone)[0] > 19.9 else "",
                                   max(alone)[0] * 1000, max(alone)[1]),
             "%.0f (%s)" % worst[0], "", "<= 250")
        print("      %d of them ended by the budget and reported as unscanned; next: %s" % (
            ended, ", ".join("%.0f %s" % w for w in worst[1:4])))

    # --- the daemon -----------------------------------------------------------------------

    def daemon(self, roots, more="", state=None):
        return Daemon(self, roots, more, state)

    def rescan(self):
        n = sum(len(names) for _, _, names in os.walk(self.tree))
        empty = self.top + "/none"
        os.makedirs(empty)
        with self.daemon(empty) as d:
            none, none_walk = d.idle()[0], d.walk_cpu()
        with self.daemon(self.tree + "/*", state="tree") as d:
            first, wall1 = d.idle()
            rows = d.status("store").get("rows", 0)
        used, find, scanned = [], [], 0
        for _ in range(ROUNDS):
            find.append(cost(["find", self.tree, "-type", "f", "-size", "+1000000M"])[0])
            with self.daemon(self.tree + "/*", state="tree") as d:
                wall2 = d.idle()[1]
                used.append(max(d.walk_cpu() - none_walk, 1e-6))
                scanned += d.status("scan")["files_scanned"]
        u, bare = statistics.median(used), max(statistics.median(find), 1e-6)
        show("first walk | again unchanged, CPU s (%d files)" % n, "%.2f" % (first - none),
             "%.3f" % u, "%.0fx" % ((first - none) / u), ">= 20x")
        show("  files/s a core: find -size | ours unchanged", "%.2f M" % (n / bare / 1e6),
             "%.2f M" % (n / u / 1e6), "%.1fx" % (bare / u), ">= 0.4 M")
        print("      again: a walk at a start with nothing changed, watch and judge, without what a"
              "\n      start with nothing to watch costs them. %s rows kept; %d files scanned again in"
              "\n      %d starts (those the budget ended); wall %.1f and %.1f s" % (
            rows, scanned, ROUNDS, wall1, wall2))

    def drops(self, rate=500, seconds=10, size=20000):
        site = self.top + "/site"
        os.makedirs(site)
        if os.geteuid() == 0:
            os.chown(site, 64301, 64301)
        real = [p for p in sorted(glob.glob(self.php() + "/**/*.php", recursive=True))
                if size < os.path.getsize(p) < 4 * size]
        texts = [open(p, errors="replace").read()[:size]
                 for p in random.Random(5).sample(real, min(200, len(real)))]
        sample = base64.b64decode(open(sorted(glob.glob(
            TOP + "/tests/samples/hit/shell_eval_request*"))[0]).read()).decode("latin-1")
        closed, seen = {}, {}
        with self.daemon(self.top + "/site", "alert_mail =\n") as d:
            d.on_verdict = lambda name, t: seen.setdefault(name, t)
            d.idle()
            begin = time.monotonic()
            for i in range(rate * seconds):
                due = begin + i / rate
                while time.monotonic() < due:
                    time.sleep(max(0, due - time.monotonic()))
                name = "%d.php" % i
                bad = i % 10 == 5
                fd = os.open(site + "/" + name, os.O_WRONLY | os.O_CREAT, 0o644)
                if os.geteuid() == 0:
                    os.fchown(fd, 64301, 64301)
                os.write(fd, ("%s\n// %d\n%s" % (texts[i % len(texts)], i,
                                           sample if bad else "")).encode())
                os.close(fd)
                if bad:
                    closed[name] = time.monotonic()
            took = time.monotonic() - begin
            d.idle()
            s = d.status("scan")
        ms = sorted((seen[k] - t) * 1000 for k, t in closed.items() if k in seen)
        bare = self.bare(site)
        if not ms or not bare:
            print("bench: no verdicts, or no bare time: no row")
            return
        pick = lambda v, p: v[min(len(v) - 1, int(len(v) * p))]
        show("close() to verdict, %d/s of 20 kB, ms p50" % round(rate * seconds / took),
             "bare %.2f" % pick(bare, .5), "%.2f" % pick(ms, .5),
             "%.1fx" % (pick(ms, .5) / pick(bare, .5)), "< 2, <= 3x")
        show("  the same, p99", "bare %.2f" % pick(bare, .99), "%.2f" % pick(ms, .99),
             "%.1fx" % (pick(ms, .99) / pick(bare, .99)), "< 10, <= 3x")
        print("      %d files with findings of %d, by the line in the log; all by judge's own"
              " clock from\n      the event: p50 %.2f, p99 %.2f ms. bare: read() and libyara"
              " alone, all rules" % (len(ms), rate * seconds, s["verdict_p50_us"] / 1000,
                                     s["verdict_p99_us"] / 1000))

    def bare(self, site):
        prog = self.build + "/tests/bench/bare_yara"
        subprocess.run(["make", "-s", "-C", TOP, "B=" + self.build, prog],
                       stdout=subprocess.DEVNULL)
        if not os.path.exists(prog):
            return []
        out = subprocess.run([prog, TOP + "/rules"] + sorted(glob.glob(site + "/*5.php"))[:500],
                             stdout=subprocess.PIPE, text=True).stdout
        return sorted(float(x) / 1000 for x in out.split())

    def close(self):
        shutil.rmtree(self.top, ignore_errors=True)


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


SECTIONS = {"start": Bench.start, "php": Bench.php_files, "all": Bench.all_files,
            "clam": Bench.clam, "hostile": Bench.hostile, "rescan": Bench.rescan,
            "drops": Bench.drops}


def main():
    b = Bench(sys.argv[1])
    try:
        names = sys.argv[2:] or list(SECTIONS)
        show("what", "peer", "ours", "ratio", "goal")
        have = b.benign() and shutil.which("yara") is not None
        for name in names:
            if name in ("php", "all", "clam", "rescan", "drops") and not have:
                print("bench: no tree or no yara: no row %s" % name)
                continue
            try:
                SECTIONS[name](b)
            except (RuntimeError, OSError, ValueError, KeyError) as e:
                print("bench: no row %s: %r" % (name, e))
    finally:
        b.close()


main()
