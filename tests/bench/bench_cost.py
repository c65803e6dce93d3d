#!/usr/bin/env python3
"""bench_cost - what everybody else pays while the daemon watches and scans.

bench_cost.py BUILD [ROUNDS]     as root (mounts of its own: a tmpfs, an ext4 in an image file)

Rounds without and with the daemon take turns: FILES new 2 kB PHP files in a watched directory, tar
of a tree there, git status in it. With the daemon each begins when it is idle. Printed: the medians
in ms, their ratio, the least and greatest ratio of a round and the one before it, and the ratio of
the processor time the writers and readers took themselves, which a busy machine disturbs less.
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


def measure(root, maker, idle):
    """The three, each (ms, processor ms of its own); idle() waits until the daemon is."""
    new = root + "/new"
    os.mkdir(new)
    out = [timed([maker, new, str(FILES)])]
    idle()
    out.append(timed(["sh", "-c", "tar cf - site | cat >/dev/null"], root))
    idle()
    out.append(timed(["git", "status", "--porcelain"], root + "/site"))
    shutil.rmtree(new)
    return out


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    if not daemon.own_mounts():
        print("bench_cost: needs root: no rows")
        return
    work = tempfile.mkdtemp(prefix="bench-cost.")
    os.chmod(work, 0o755)
    maker = work + "/maker"
    with open(work + "/maker.c", "w") as f:
        f.write(MAKER)
    run(os.environ.get("CC", "cc").split()[-1], "-O2", "-w", "-o", maker, work + "/maker.c")
    places = []
    os.mkdir(work + "/tmpfs")
    if daemon.tmpfs(work + "/tmpfs"):
        places.append("tmpfs")
    if ext4(work + "/image", work + "/ext4"):
        places.append("ext4")
    else:
        print("bench_cost: no loop device for ext4: no row")
    got = {p: ([], []) for p in places}
    os.mkdir(work + "/d")
    d = daemon.Daemon(build, work + "/d", [work + "/%s/www" % p for p in places])
    try:
        for p in places:
            os.mkdir("%s/%s/www" % (work, p))
            make_tree("%s/%s/www" % (work, p))
        for _ in range(rounds):
            for p in places:
                got[p][0].append(measure("%s/%s/www" % (work, p), maker, lambda: time.sleep(0.3)))
            d.start()
            d.settle(2)
            for p in places:
                got[p][1].append(measure("%s/%s/www" % (work, p), maker, lambda: d.settle(0.8)))
                d.settle(0.8)
            d.stop()
    finally:
        if d.p is not None and d.p.poll() is None:
            d.stop()
        for p in places:
            run("umount", "-l", work + "/" + p)
        shutil.rmtree(work, ignore_errors=True)
    for p in places:
        for i, (key, what) in enumerate([("make", "make %d files" % FILES), ("tar", "tar c, 4000 files"),
                                         ("git", "git status")]):
            a, b = [r[i][0] for r in got[p][0]], [r[i][0] for r in got[p][1]]
            each = [y / x for x, y in zip(a, b)]
            n = statistics.median(b) / statistics.median(a)
            cpu = [statistics.median(r[i][1] for r in side) for side in got[p]]
            rows.add("cost-%s-%s" % (p, key), "%s, %s, ms: without | with us" % (what, p),
                     "%.1f" % statistics.median(a), "%.1f" % statistics.median(b), n,
                     "<= %.2fx" % GOALS[key, p], n <= GOALS[key, p])
            rows.note("of single rounds %.2f..%.2f; of the processor time it took itself %.2f" % (
                min(each), max(each), cpu[1] / cpu[0]))


main()
