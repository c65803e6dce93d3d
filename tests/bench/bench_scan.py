"""bench_scan - what looking into files costs, beside yara and ClamAV: a row a figure.

Run: python3 tests/bench/bench_scan.py BUILD [SECTION...]
     sections: start php all median clam maldet hostile rescan drops    (default: all of them)
     BENCH_QUICK=1: every 20th file of the tree, few rounds, short limits

The peers scan the same files with the same rules in the same run, in turn; CPU is user and
system time of all processes as the kernel counts it, the median of ROUNDS, and beside it the
spread. What yara cannot know (the facts rules ask about: where a file lies, what its PHP
does) stands as 0 in its copy, so every rule is in its set and every string is searched.
The tree is Debian's packages of PHP programs, fetched once and unpacked, never installed.
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
import time

import rows
from scan_daemon import Daemon

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.path.join(HERE, "../.."))
sys.path.insert(0, os.path.join(TOP, "tests/e2e"))
import hostile_files  # noqa: E402

PACKAGES = (os.environ.get("BENCH_PACKAGES") or
            "wordpress roundcube-core phpmyadmin mediawiki dokuwiki").split()
QUICK = os.environ.get("BENCH_QUICK", "") not in ("", "0")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "1" if QUICK else "3"))
EVERY = 20 if QUICK else 1  # of the tree's files
CLAM_FILES = 30 if QUICK else 300
MALDET_FILES = 20 if QUICK else 100
MEDIAN_FILES = 200 if QUICK else 2000
BAD_EVERY = 50  # of the drops: verdicts of the others are not logged
HASHES, HEX_PATTERNS, HEX_BYTES = 15000, 2000, 65536


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
        os.makedirs(self.dir, exist_ok=True)
        with open(self.top + "/conf", "w") as f:
            f.write("compiled_dir = %s/compiled\n" % self.top)
        os.makedirs(self.top + "/compiled", mode=0o755)
        self.scan = [self.build + "/mailbrake", "scan", "--json", "--conf",
                     self.top + "/conf", "--rules", TOP + "/rules"]

    def fetch(self, package):
        """The unpacked package below bench/whole, downloaded once, never installed."""
        to = "%s/whole/%s" % (self.dir, package)
        if os.path.isdir(to):
            return to
        debs = self.download(["apt-get", "download", "-qq", package])
        return self.unpack(debs, to) if debs else None

    def download(self, argv):
        """The packages that apt-get puts into a directory of ours; it is asked twice, the second
        time with fresh lists: a new machine has none."""
        d = tempfile.mkdtemp(dir=self.top)
        os.makedirs(d + "/partial")
        for fresh in (False, True):
            if fresh:
                subprocess.run(["apt-get", "update", "-qq"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
            subprocess.run(argv + ["-o", "Dir::Cache::archives=" + d, "-o", "APT::Sandbox::User=root"],
                           cwd=d, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if glob.glob(d + "/*.deb"):
                break
        return glob.glob(d + "/*.deb")

    def unpack(self, debs, to):
        os.makedirs(to + ".new", exist_ok=True)
        for deb in debs:
            subprocess.run(["dpkg", "-x", deb, to + ".new"], check=True)
        os.rename(to + ".new", to)
        return to

    def clamav(self):
        """ClamAV and what it links against that is missing here, unpacked and never installed: its
        package brings a service that fetches signatures. (clamscan, its environment), or None."""
        to = self.dir + "/clamav"
        if not os.path.isdir(to):
            debs = self.download(["apt-get", "install", "-qq", "-y", "--download-only",
                                  "--no-install-recommends", "clamav"])
            if not debs:
                return None
            self.unpack(debs, to)
        libs = glob.glob(to + "/usr/lib/*-linux-gnu")
        return to + "/usr/bin/clamscan", dict(os.environ, LD_LIBRARY_PATH=":".join(libs))

    def benign(self):
        got = [p for p in PACKAGES if self.fetch(p) is not None]
        if len(got) < len(PACKAGES):
            rows.note("only these packages could be had: %s" % " ".join(got))
        if got:
            self.tree = self.linked("tree", "")
        return bool(got)

    def linked(self, name, end, every=EVERY):
        """Links to the tree's files whose names end so, every so many of them."""
        to, n = "%s/%s.%d" % (self.dir, name, every), 0
        if os.path.isdir(to):
            return to
        shutil.rmtree(to + ".new", ignore_errors=True)
        whole = self.dir + "/whole"
        for d, below, names in os.walk(whole):
            below.sort()
            for name in sorted(names):
                src = os.path.join(d, name)
                if not name.endswith(end) or os.path.islink(src) or not os.path.isfile(src):
                    continue
                n += 1
                if n % every == 0:
                    dst = to + ".new" + src[len(whole):]
                    os.makedirs(os.path.dirname(dst), exist_ok=True)
                    os.link(src, dst)
        os.rename(to + ".new", to)
        return to

    def php(self):
        """The same tree with its .php files alone."""
        return self.linked("php", ".php")

    def yara_rules(self):
        """yara's arguments, all shipped rules in one file without facts, their count."""
        if hasattr(self, "yara_args"):
            return self.yara_args
        text = ""
        for path in sorted(glob.glob(TOP + "/rules/*.yar")):
            if os.path.basename(path) != "look.yar":  # never libyara's
                text += self.own_names(path)
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
        if p.returncode != 0:
            raise RuntimeError("yara does not take the rules: " + p.stdout[:200])
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
    def own_names(path):
        """A file of rules, its private ones named after it: each file has names of its own."""
        with open(path) as f:
            text = f.read()
        stem = os.path.basename(path).split(".")[0]
        for name in re.findall(r"(?m)^private rule (\w+)", text):
            text = re.sub(r"\b%s\b" % name, "%s_%s" % (name, stem), text)
        return text

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
        rows.add("start", "start to first verdict, CPU s: compile | kept", spread(cold), spread(warm),
                 statistics.median(cold) / statistics.median(warm))

    def beside_yara(self, key, what, tree, goal_cpu, goal_wall):
        yara, rules, _ = self.yara_rules()
        self.warm()
        argvs = {"p1": yara + ["-p", "1", rules, tree], "p2": yara + ["-p", "2", rules, tree],
                 "j1": self.scan + ["--jobs", "1", tree],
                 "j2": self.scan + ["--jobs", "2", tree]}
        if goal_wall is None:
            del argvs["p2"], argvs["j2"]
        cpu, wall, out = {k: [] for k in argvs}, {k: [] for k in argvs}, {}
        for _ in range(ROUNDS):
            for k, argv in argvs.items():
                c, w, out[k] = cost(argv)
                cpu[k].append(c)
                wall[k].append(w)
        mid = statistics.median
        n = mid(cpu["p1"]) / mid(cpu["j1"])
        rows.add(key + "-cpu", what + ", CPU s: yara -r -p 1", spread(cpu["p1"]), spread(cpu["j1"]), n,
                 ">= %dx" % goal_cpu, n >= goal_cpu)
        if goal_wall is not None:
            n = mid(wall["p2"]) / mid(wall["j2"])
            rows.add(key + "-wall", what + ", wall s: yara -r -p 2 | --jobs 2", spread(wall["p2"]),
                     spread(wall["j2"]), n, ">= %dx" % goal_wall, n >= goal_wall)
        self.compare(key, what, out["p1"], out["j1"])

    def compare(self, key, what, yara_out, ours_out):
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
        rows.add(key + "-hits", "%s: hits of %d rules without facts" % (what, len(self.factless)),
                 "%d" % len(theirs), "%d, %d of them" % (len(ours), len(theirs & ours)), "",
                 "0 missed", len(missed) == 0)
        rows.note("%d files; %d reported as unscanned (over the budget), left out" % (files, len(ended)))
        for rule, path in sorted(missed)[:5]:
            rows.note("missed: %s %s" % (rule, path[len(self.dir):]))

    def php_files(self):
        self.beside_yara("php", "PHP files", self.php(), 3, 3)
        self.samples()

    def samples(self):
        """The benign tree has next to no hits: the same of the rules' own samples, every rule asked."""
        to = self.top + "/samples"
        os.makedirs(to)
        for path in glob.glob(TOP + "/tests/samples/hit/*"):
            try:
                with open(path) as f, open("%s/%s.php" % (to, os.path.basename(path)), "wb") as out:
                    out.write(base64.b64decode(f.read()))
            except ValueError:
                continue
        yara, rules, _ = self.yara_rules()
        with open(self.top + "/all.conf", "w") as f:  # it ends a file's scan where enough is known
            f.write(open(self.top + "/conf").read() + "suspicious_points = 1000\nmalicious_points = 1000\n")
        argv = [self.top + "/all.conf" if x == self.top + "/conf" else x for x in self.scan]
        self.compare("samples", "samples", cost(yara + [rules, to])[2], cost(argv + [to])[2])

    def all_files(self):
        self.beside_yara("all", "all files", self.tree, 8, None)

    def whole_look(self):
        """A file at a time: clean ones must not pay for what unpacks the others."""
        files = {"all files": self.tree, "PHP files": self.php()}
        for what, tree in files.items():
            every = sorted(p for p in glob.glob(tree + "/**", recursive=True) if os.path.isfile(p))
            pairs = [tuple(map(float, line.split())) for line in self.bare_lines(
                ["--whole", TOP + "/rules"], every[::max(1, len(every) // MEDIAN_FILES)])]
            if not pairs:
                raise RuntimeError("no times of single files")
            ratio = sorted(whole / bare for bare, whole in pairs)
            mid = statistics.median(ratio)
            rows.add("median-" + what.split()[0], "%s, the whole look / libyara alone, median" % what,
                     "%.0f us" % statistics.median(b for b, _ in pairs),
                     "%.0f us" % statistics.median(w for _, w in pairs), "%.2f of it" % mid,
                     "<= 1.5", mid <= 1.5)
            n = sum(r > 1.5 for r in ratio)
            rows.note("%d of them, the quickest of 3 times each; %d (%.1f %%) above 1.5, p90 %.2f, p99 %.2f, "
                      "most %.1f; summed %.2f" % (
                          len(ratio), n, 100 * n / len(ratio), ratio[int(.9 * len(ratio))],
                          ratio[int(.99 * len(ratio))], ratio[-1],
                          sum(w for _, w in pairs) / sum(b for b, _ in pairs)))

    def some_php(self, count):
        """A directory of copies of that many PHP files of the tree, and how many there are."""
        files = sorted(glob.glob(self.php() + "/**/*.php", recursive=True))
        to = tempfile.mkdtemp(dir=self.top)
        for i, path in enumerate(files[::max(1, len(files) // count)]):
            shutil.copy(path, "%s/%d.php" % (to, i))
        return to, len(os.listdir(to))

    def ours_alone(self, some):
        """CPU seconds of ours for a directory, without its start."""
        empty = tempfile.mkdtemp(dir=self.top)
        self.warm()
        base = statistics.median(cost(self.scan + ["--jobs", "1", empty])[0] for _ in range(3))
        return max(1e-4, statistics.median(cost(self.scan + ["--jobs", "1", some])[0] - base
                                           for _ in range(3)))

    def rules_of(self, path):
        """The text of yara's copy for one file of rules."""
        with open(self.yara_rules()[1]) as f:
            parts = re.split(r"(?m)^(?=(?:private )?rule \w+)", f.read())
        names = set(re.findall(r"(?m)^(?:private )?rule (\w+)", self.own_names(path)))
        return "".join(p for p in parts[1:] if re.match(r"(?:private )?rule (\w+)", p).group(1) in names)

    def clam(self):
        """ClamAV reads YARA rules itself, most of them: the files of rules it survives."""
        got = self.clamav()
        if got is None:
            raise RuntimeError("clamav cannot be fetched")
        clamscan, env = got
        some, n = self.some_php(CLAM_FILES)
        few = self.some_php(10)[0]
        empty = tempfile.mkdtemp(dir=self.top)
        db = self.top + "/clam.yar"
        text, used, crashed, loaded = "", [], [], 0
        for path in sorted(glob.glob(TOP + "/rules/*.yar")):
            with open(db, "w") as f:
                f.write(self.rules_of(path))
            p = subprocess.run([clamscan, "-r", "-d", db, few], env=env, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
            m = re.search(r"Known viruses: (\d+)", p.stdout.decode(errors="replace"))
            if p.returncode < 0:
                crashed.append(os.path.basename(path))
            elif m is not None and int(m.group(1)) > 0:
                used.append(os.path.basename(path))
                text += self.rules_of(path)
                loaded += int(m.group(1))
        if loaded == 0:
            raise RuntimeError("clamscan does not run here")
        with open(db, "w") as f:
            f.write(text)
        clam = [clamscan, "-r", "-d", db]
        base = cost(clam + [empty], env=env)[0]
        c = cost(clam + [some], env=env)[0] - base
        ours = self.ours_alone(some)
        rows.add("clam", "%d PHP files, CPU ms a file: clamscan -d" % n, "%.2f" % (c * 1000 / n),
                 "%.3f" % (ours * 1000 / n), c / ours, ">= 100x", c >= 100 * ours)
        rows.note("clamscan: %d rules of %s; it refuses rules without strings, and crashes in a scan with"
                  " %s." % (loaded, " ".join(used), " ".join(crashed) or "none"))
        rows.note("ours: all shipped rules. Both without their start (clamscan %.2f s). ClamAV's own"
                  " signatures are not in Debian." % base)

    def maldet(self):
        """The stages of maldet 1.6, as the programs it calls: no package, no signatures."""
        some, n = self.some_php(MALDET_FILES)
        draw = random.Random(7)
        with open(self.top + "/md5", "w") as f:
            f.writelines("%032x:%d:{MD5}placeholder.%d\n" % (draw.getrandbits(128), i, i)
                         for i in range(HASHES))
        with open(self.top + "/hex", "w") as f:
            f.writelines("%048x\n" % draw.getrandbits(192) for i in range(HEX_PATTERNS))
        stages = ('find "$1" -type f | while read -r f; do h=$(md5sum "$f" | cut -d" " -f1);'
                  ' grep -m1 -F "$h" "$2/md5"; od -v -N%d -tx1 -An "$f" | tr -d " \\n" |'
                  ' grep -c -F -f "$2/hex" >/dev/null; done' % HEX_BYTES)
        c = statistics.median(cost(["sh", "-c", stages, "sh", some, self.top])[0]
                              for _ in range(ROUNDS))
        ours = self.ours_alone(some)
        rows.add("maldet", "%d PHP files, CPU ms a file: maldet's stages" % n, "%.2f" % (c * 1000 / n),
                 "%.3f" % (ours * 1000 / n), c / ours, ">= 100x", c >= 100 * ours)
        rows.note("stages as maldet 1.6 runs them (find, md5sum, grep in %d hashes; od, tr, grep -F of %d"
                  " hex patterns):" % (HASHES, HEX_PATTERNS))
        rows.note("placeholders, as its signatures are downloaded. Its own hex stage, a loop in Perl, is"
                  " dearer than grep -F.")

    def hostile(self):
        self.warm()
        base = statistics.median(cost(self.scan + ["--jobs", "1", self.top + "/tiny"])[0]
                                 for _ in range(5))
        worst, ended, kinds = [], 0, hostile_files.rows()
        if QUICK:
            kinds = kinds[::8]
        path = self.top + "/hostile.php"
        for name, _, make in kinds:
            with open(path, "wb") as f:
                f.write(make(1 << 20))
            c, _, out = cost(self.scan + ["--jobs", "1", path])
            row = json.loads(out)
            ended += row["verdict"] == "unscanned"
            worst.append(((c - base) * 1000, name))
        worst.sort(reverse=True)
        yara, rules, _ = self.yara_rules()
        alone = []
        most = 3 if QUICK else 60
        for name, _, make in kinds:
            if name not in [n for _, n in worst[:3]]:
                continue
            with open(path, "wb") as f:
                f.write(make(1 << 20))
            alone.append(cost(["prlimit", "--cpu=%d" % most] + yara + [rules, path])[0])
            if QUICK or max(alone) > 0.8 * most:
                break
        os.unlink(path)
        rows.add("hostile", "hostile 1 MB files (%d kinds), worst CPU ms" % len(kinds),
                 "yara %s%.0f" % ("> " if max(alone) > 0.8 * most else "", max(alone) * 1000),
                 "%.0f (%s)" % worst[0], max(alone) * 1000 / worst[0][0], "<= 250", worst[0][0] <= 250)
        rows.note("%d of them ended by the budget and reported as unscanned; next: %s" % (
            ended, ", ".join("%.0f %s" % w for w in worst[1:4])))

    # --- the daemon -----------------------------------------------------------------------

    def daemon(self, roots, more="", state=None):
        return Daemon(self, roots, more, state)

    def rescan(self):
        tree = self.linked("tree", "", 1)
        n = sum(len(names) for _, _, names in os.walk(tree))
        empty = self.top + "/none"
        os.makedirs(empty)
        with self.daemon(empty) as d:
            none, none_walk = d.idle()[0], d.walk_cpu()
        with self.daemon(tree + "/*", state="tree") as d:
            first, wall1 = d.idle()
            kept = d.status("store").get("rows", 0)
        used, find, scanned = [], [], 0
        for _ in range(ROUNDS):
            find.append(cost(["find", tree, "-type", "f", "-size", "+1000000M"])[0])
            with self.daemon(tree + "/*", state="tree") as d:
                wall2 = d.idle()[1]
                used.append(max(d.walk_cpu() - none_walk, 1e-6))
                scanned += d.status("scan")["files_scanned"]
        u, bare = statistics.median(used), max(statistics.median(find), 1e-6)
        rows.add("rescan", "first walk | again unchanged, CPU s (%d files)" % n, "%.2f" % (first - none),
                 "%.3f" % u, (first - none) / u, ">= 20x", first - none >= 20 * u)
        rows.add("rescan-rate", "  files a second of a core, unchanged", "find -size %.2f M" % (n / bare / 1e6),
                 "%.2f M" % (n / u / 1e6), bare / u, ">= 0.4 M", n / u >= 0.4e6)
        rows.note("again: a walk at a start with nothing changed, watch and judge, without what a start with"
                  " nothing to watch costs them.")
        rows.note("%s rows kept; %d files scanned again in %d starts (those the budget ended); wall %.1f and"
                  " %.1f s" % (kept, scanned, ROUNDS, wall1, wall2))

    def drops(self, rate=500, seconds=4 if QUICK else 10, size=20000):
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
                bad = i % BAD_EVERY == 5
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
        every = sorted(glob.glob(site + "/*.php"))
        bare = self.bare(every[::max(1, len(every) // 400)])
        found = self.bare([site + "/" + k for k in closed])
        if not ms or not bare or not found:
            raise RuntimeError("no verdicts, or no bare time")
        def at(v, p):
            return v[min(len(v) - 1, int(len(v) * p))]

        real = round(rate * seconds / took)
        for name, p, most in (("p50", .5, 2), ("p99", .99, 10)):
            v, b = s["verdict_%s_us" % name] / 1000, at(bare, p)
            rows.add("drops-" + name, "event to verdict, %d/s of 20 kB PHP, ms %s" % (real, name),
                     "bare %.2f" % b, "%.2f" % v, v / b, "< %d, <= 3x" % most, v < most and v <= 3 * b)
        rows.add("drops-found", "  close() to the log's line, files with findings",
                 "bare %.2f" % at(found, .5), "%.2f (p99 %.1f)" % (at(ms, .5), at(ms, .99)),
                 at(ms, .5) / at(found, .5))
        rows.note("all files by judge's own clock from the event, the last 1,024; close() to the event is a"
                  " row of its own.")
        rows.note("bare: read() and libyara alone with all rules, on 400 of the same files. %d files with"
                  " findings, %d expected." % (len(ms), len(closed)))

    def bare(self, files):
        return sorted(float(x) / 1000 for x in self.bare_lines([TOP + "/rules"], files))

    def bare_lines(self, args, files):
        """What bare_yara prints for these files."""
        prog = self.build + "/tests/bench/bare_yara"
        subprocess.run(["make", "-s", "-C", TOP, "B=" + self.build, prog],
                       stdout=subprocess.DEVNULL)
        if not os.path.exists(prog) or not files:
            return []
        return subprocess.run([prog] + args + files, stdout=subprocess.PIPE,
                              text=True).stdout.splitlines()

    def close(self):
        shutil.rmtree(self.top, ignore_errors=True)


SECTIONS = {"start": Bench.start, "php": Bench.php_files, "all": Bench.all_files,
            "median": Bench.whole_look, "clam": Bench.clam,
            "maldet": Bench.maldet, "hostile": Bench.hostile, "rescan": Bench.rescan,
            "drops": Bench.drops}


def main():
    b = Bench(sys.argv[1])
    failed = 0
    try:
        have = b.benign() and shutil.which("yara") is not None
        for name in sys.argv[2:] or list(SECTIONS):
            try:
                if name in ("php", "all", "median", "clam", "maldet", "rescan", "drops") and not have:
                    raise RuntimeError("no tree or no yara")
                SECTIONS[name](b)
            except (RuntimeError, OSError, ValueError, KeyError, IndexError) as e:
                rows.note("no row of %s: %r" % (name, e))
                failed = 1
    finally:
        b.close()
    return failed


sys.exit(main())
