"""t_again - a start over an unchanged tree looks into nothing, and misses no change made meanwhile.

What changed while the daemon was down is found by the walk alone: other contents under the old
size and time, a rename over a known file, a second name, a new file where one was removed.
"""
import os
import time

from world import World

DIRS, EACH = 12, 25
CLEAN = "<?php\n// %04d\necho strrev('a page that does nothing at all, and says so');\n"
MAILER = "<?php\n$a = explode(\"\\n\", $_POST['emaillist']);\n"


def scan_row(w):
    return {r.get("part"): r for r in w.mb("status")[1]}["scan"]


def looked(row):
    return sum(row.get("files_" + k, 0)
               for k in ("clean", "suspicious", "malicious", "unscanned"))


def again(c, build, kind):
    w = World(build, kind, settings="scan_cpu_share = 100\nalert_mail =", few_rules=True)
    try:
        site = next(iter(w.sites))
        top = w.webroot(site)
        for i in range(DIRS * EACH):
            w.drop(site, "d%d/%d.php" % (i % DIRS, i), CLEAN % i)
        w.drop(site, "d0/found.php", MAILER)
        n = DIRS * EACH + 1
        w.start_daemon()
        w.wait_for(lambda: looked(scan_row(w)) == n, "the first walk", 60)
        # nothing changed: known, each of them, by file or by directory, and none opened
        for what in ("a start", "another"):
            c.eq(w.stop_daemon(), 0, "mailbraked ends")
            w.start_daemon()
            w.wait_for(lambda: scan_row(w).get("files_known", 0) >= n, what, 60)
            c.eq(looked(scan_row(w)), 0, "files looked at after %s" % what)
        code, rows = w.mb("files", site)
        c.true(any(r.get("path", "").endswith("d0/found.php") for r in rows),
               "what was found before is still told: %s" % rows)
        c.eq(w.stop_daemon(), 0, "mailbraked ends")
        time.sleep(0.05)
        # the same size and the old time
        path = top + "/d1/1.php"
        st = os.stat(path)
        with open(path, "r+b") as f:
            f.write(MAILER.encode().ljust(st.st_size, b" "))
        os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))
        c.eq((os.stat(path).st_size, os.stat(path).st_mtime_ns), (st.st_size, st.st_mtime_ns),
             "size and time of the changed file")
        # renamed over a known one
        w.drop(site, "upload.tmp", MAILER + "// over\n")
        os.rename(top + "/upload.tmp", top + "/d2/2.php")
        # a second name
        os.link(top + "/d3/3.php", top + "/d4/link.php")
        # gone, and another in its place: with the same inode where the file system does that
        os.unlink(top + "/d5/5.php")
        w.drop(site, "d5/new.php", MAILER + "// new\n")
        w.start_daemon()
        # d3/3.php and its link are one file
        w.wait_for(lambda: looked(scan_row(w)) >= 4, "what changed", 60)
        w.wait_for(lambda: scan_row(w).get("files_known", 0) >= n - 4, "the walk", 60)
        row = scan_row(w)
        c.true(4 <= looked(row) <= 5, "files looked at: %s" % row)
        code, rows = w.mb("files", site)
        have = {r.get("path", "")[len(top) + 1:] for r in rows}
        for name in ("d0/found.php", "d1/1.php", "d2/2.php", "d5/new.php"):
            c.true(name in have, "%s is told: %s" % (name, sorted(have)))
        c.note("%d files known again, %d looked at" % (row["files_known"], looked(row)))
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()
