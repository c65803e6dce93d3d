#!/usr/bin/env python3
"""bench_cost - what everybody else pays while the daemon watches and scans.

bench_cost.py BUILD [ROUNDS]     as root (mounts of its own: tmpfs, ext4 in image files)

Two file systems of each kind with the same tree, one watched and one not; a round is the same work
in both, one right after the other, in turns who is first, each begun when the daemon is idle: FILES
new 2 kB PHP files; some times as often, tar of the tree and git status in it. After half of the
rounds the other one is watched, so that what else is different between them counts for nothing.
Printed: the medians in ms, the median of the rounds' ratios, the least and greatest of them, and the
same median for the processor time the writers and readers took themselves, which a busy machine
disturbs less.
"""
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import daemon
import rows

FILES = int(os.environ.get("BENCH_FILES", "10000"))
GOALS = {("make", "tmpfs"): 1.6, ("make", "ext4"): 1.15, ("tar", "tmpfs"): 1.05, ("tar", "ext4"): 1.05,
         ("git", "tmpfs"): 1.05, ("git", "ext4"): 1.05}
MORE = {"make": 1, "tar": 5, "git": 15}  # short ones vary more
MAKER = r"""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int c, char **v)
{
	char p[4096], body[2048];
	memset(body, ' ', sizeof body);
	memcpy(body, "<?php echo 1; ", 14);
	for (long i = 0, n = strtol(v[2], NULL, 10); i < n; i++) {
		int fd;
		snprintf(p, sizeof p, "%s/f%ld.php", v[1], i);
		sprintf(body + 14, "/* %ld */", i);
		if ((fd = open(p, O_WRONLY | O_CREAT | O_EXCL, 0644)) < 0 || write(fd, body, 2048) != 2048)
			return 1;
		close(fd);
	}
	return c == 0;
}
"""


def run(*argv, **kw):
    return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **kw)


def ext4(image, where):
    os.mkdir(where)
    run("truncate", "-s", "1G", image)
    if run("mkfs.ext4", "-q", image).returncode != 0 or \
            run("mount", "-o", "loop", image, where).returncode != 0:
        return False
    os.chmod(where, 0o755)
    return True


def make_tree(root):
    for i in range(4000):
        d = "%s/site/d%d" % (root, i // 40)
        if i % 40 == 0:
            os.makedirs(d)
        with open("%s/f%d.php" % (d, i), "w") as f:
            f.write("<?php\n/* %d */\n" % i + "$a = array('x', 'y');\n" * 100)
    git = "git init -q . && git add -A && git -c user.name=b -c user.email=b@b.test commit -qm 1"
    run("sh", "-c", git, cwd=root + "/site")


def timed(argv, cwd=None):
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    r = run(*argv, cwd=cwd)
    ms = (time.monotonic() - begin) * 1000
    if r.returncode != 0:
        raise RuntimeError("%s: %s" % (argv, r.stderr.decode()))
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ms, (u.ru_utime + u.ru_stime - before.ru_utime - before.ru_stime) * 1000


def idle(d):
    """Wait until the daemon's processes take no time."""
    before = None
    while before is None or sum(now.values()) - sum(before.values()) > 2:
        before = {p: daemon.ran_ms(p) for p in daemon.tree(d.p.pid)}
        time.sleep(0.4)
        now = {p: daemon.ran_ms(p) for p in daemon.tree(d.p.pid)}


def measure(root, what, maker):
    """(ms, processor ms of its own); what it made stays."""
    if what == "make":
        os.mkdir(root + "/new")
        return timed([maker, root + "/new", str(FILES)])
    if what == "tar":
        return timed(["sh", "-c", "tar cf - site | cat >/dev/null"], root)
    return timed(["git", "status", "--porcelain"], root + "/site")


def rounds_of(d, roots, what, maker, rounds):
    """Pairs of measure(), the watched root's first; roots: it, the other."""
    got = []
    for i in range(rounds):
        pair = {}
        for r in roots if i % 2 else reversed(roots):
            if what == "make":
                os.sync()
                idle(d)
            pair[r] = measure(r, what, maker)
            if what == "make":
                idle(d)
                shutil.rmtree(r + "/new")
        got.append([pair[r] for r in roots])
    return got


def report(kind, what, pairs):
    text = {"make": "make %d files" % FILES, "tar": "tar c, 4000 files", "git": "git status"}[what]
    with_us, without = [[statistics.median(p[i][k] for p in pairs) for k in (0, 1)] for i in (0, 1)]
    each, cpu = [[p[0][k] / p[1][k] for p in pairs] for k in (0, 1)]
    n = statistics.median(each)
    rows.add("cost-%s-%s" % (kind, what), "%s, %s, ms: without | with us" % (text, kind),
             "%.1f" % without[0], "%.1f" % with_us[0], n, "<= %.2fx" % GOALS[what, kind],
             n <= GOALS[what, kind])
    rows.note("of %d single rounds %.2f..%.2f; of the processor time it took itself %.2f (%.2f..%.2f)" % (
        len(each), min(each), max(each), statistics.median(cpu), min(cpu), max(cpu)))


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    if not daemon.own_mounts():
        print("bench_cost: needs root: no rows")
        return
    work = tempfile.mkdtemp(prefix="bench-cost.")
    os.chmod(work, 0o755)
    maker = work + "/maker"
    with open(work + "/maker.c", "w") as f:
        f.write(MAKER)
    run(os.environ.get("CC", "cc").split()[-1], "-O2", "-w", "-o", maker, work + "/maker.c")
    places, d = {}, None
    for kind in ("tmpfs", "ext4"):
        dirs = ["%s/%s.%d" % (work, kind, i) for i in (0, 1)]
        if kind == "tmpfs":
            good = all(os.mkdir(x) is None and daemon.tmpfs(x) for x in dirs)
        else:
            good = all(ext4(x + ".image", x) for x in dirs)
        if good:
            places[kind] = [x + "/www" for x in dirs]
        else:
            print("bench_cost: no %s: no rows of it" % kind)
    got = {}
    try:
        for roots in places.values():
            for r in roots:
                os.mkdir(r)
                make_tree(r)
        for half in (0, 1):
            top = "%s/d%d" % (work, half)
            os.mkdir(top)
            d = daemon.Daemon(build, top, [roots[half] for roots in places.values()])
            d.start()
            d.settle(2)
            for kind, roots in places.items():
                for what in ("make", "tar", "git"):
                    n = (rounds + 1 - half) // 2 * MORE[what]
                    got[kind, what] = got.get((kind, what), []) + rounds_of(
                        d, [roots[half], roots[1 - half]], what, maker, n)
            d.stop()
    finally:
        if d is not None and d.p is not None and d.p.poll() is None:
            d.stop()
        for kind in ("tmpfs", "ext4"):
            for i in (0, 1):
                run("umount", "-l", "%s/%s.%d" % (work, kind, i))
        shutil.rmtree(work, ignore_errors=True)
    for (kind, what), pairs in got.items():
        report(kind, what, pairs)


main()
