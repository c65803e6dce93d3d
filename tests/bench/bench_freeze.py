"""bench_freeze - how long a hold takes to freeze what an account has in the MTA's queue.

usage: bench_freeze.py BUILD exim|postfix [MESSAGES]        (root; real MTA, its own namespaces)
The queue is filled with copies of one real deferred message under ids of their own, and the log
with the lines that they would have written; a tenth of them are a neighbour's. While the hold is
carried out, held messages of the neighbour are released, one after the other.
"""
import glob
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../e2e"))
import mta  # noqa: E402
import t_around  # noqa: E402
import world  # noqa: E402

MOST_S = 300
B62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def exim_id(n):
    word = ""
    for _ in range(4):
        n, d = divmod(n, 62)
        word = B62[d] + word
    return "1aaaaa-00" + word + "-0A"


IDS = {}  # queue ids made up for Postfix: is it the neighbour's?


def postfix_id(n, inode, size):
    """Microseconds and the inode, in hex: postsuper renames a file whose inode is not in its
    name. As long as the real one: it stands in the file too, in records that have a length."""
    return "A%04X%0*X" % (n % 65536, size - 5, inode)


def first(w, site):
    """One real message in the queue, of this account; its files and what the log said of it."""
    real = "/usr/sbin/exim4" if w.kind == "exim" else w.real
    subprocess.run([real, "-i", "defer@example.org"], input=b"Subject: a\n\nb\n", cwd="/",
                   check=True, **w.as_site(site))
    if w.kind == "exim":
        w.wait_for(lambda: "defer (" in open(w.mta.log).read(), "the deferral")
        return glob.glob(w.top + "/exim/input/*-[HD]")
    w.wait_for(lambda: "status=deferred" in open(w.mta.log).read(), "the deferral")
    return w.wait_for(lambda: glob.glob(w.top + "/postfix/queue/deferred/*/*"), "the deferred file")


def fill_exim(w, files, count):
    old = os.path.basename(files[0])[:-2]
    parts = {f[-1]: open(f, "rb").read() for f in files}
    st = os.stat(files[0])
    line = [x for x in open(w.mta.log) if old + " <= " in x][0]
    out = []
    for n in range(count):
        ident = exim_id(n)
        for kind, data in parts.items():
            path = "%s/exim/input/%s-%s" % (w.top, ident, kind)
            text = data.replace(old.encode(), ident.encode())
            if kind == "H" and n % 10 == 9:
                text = text.replace(b"shopa 64301 64301", b"shopb 64302 64302")
            with open(path, "wb") as f:
                f.write(text)
            os.chown(path, st.st_uid, st.st_gid)
            os.chmod(path, st.st_mode & 0o777)
        text = line.replace(old, ident)
        out.append(text.replace("shopa", "shopb") if n % 10 == 9 else text)
    return "".join(out)


def fill_postfix(w, files, count):
    data, st, old = open(files[0], "rb").read(), os.stat(files[0]), os.path.basename(files[0])
    log = open(w.mta.log).read().splitlines(True)
    lines = [[x for x in log if re.search(r"%s\[\d+\]: %s: " % (p, old), x)][0] for p in ("pickup", "qmgr")]
    out, later = [], time.time() + 86400
    for n in range(count):
        new = "%s/postfix/queue/deferred/new" % w.top
        with open(new, "wb") as f:
            ident = postfix_id(n, os.fstat(f.fileno()).st_ino, len(old))
            IDS[ident] = n % 10 == 9
            text = data.replace(old.encode(), ident.encode())
            if n % 10 == 9:
                text = text.replace(b"userid 64301", b"userid 64302")
            f.write(text)
        path = "%s/postfix/queue/deferred/%s/%s" % (w.top, ident[0], ident)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.rename(new, path)
        os.chown(path, st.st_uid, st.st_gid)
        os.chmod(path, st.st_mode & 0o777)
        os.utime(path, (later, later))
        for x in lines:
            x = x.replace(old, ident)
            out.append(x.replace("uid=64301", "uid=64302") if n % 10 == 9 else x)
    for d in glob.glob(w.top + "/postfix/queue/deferred/*"):
        os.chown(d, st.st_uid, st.st_gid)
    return "".join(out)


def frozen(w, count):
    """In the MTA's own files: (of the account, of the neighbour)."""
    if w.kind == "postfix":
        held = [IDS[x] for x in os.listdir(w.top + "/postfix/queue/hold") if x in IDS]
    else:
        held = []
        for n in range(count):
            with open("%s/exim/input/%s-H" % (w.top, exim_id(n)), "rb") as f:
                if b"\n-frozen " in f.read():
                    held.append(n % 10 == 9)
    return held.count(False), held.count(True)


def state(w):
    rows = [r for r in w.mb("status")[1] if r.get("part") == "mail-queue"]
    return rows[0] if rows else {}


def main():
    build, kind, count = sys.argv[1], sys.argv[2], int((sys.argv + ["50000"])[3])
    mta.fetch(kind, os.environ.get("MB_MTA_CACHE", os.path.abspath(build) + "/mta"))
    world.enter_namespaces()
    if kind == "exim":
        t_around.wire_exim(mta.KINDS[kind])
    w = world.World(build, kind, few_rules=True)
    try:
        w.start_daemon()
        files = first(w, "shopa")
        text = (fill_exim if kind == "exim" else fill_postfix)(w, files, count)
        w.mb("trust", "shopa")
        w.mb("hold", "shopb")
        for i in range(20):
            w.send("shopb", "Subject: x\n\nb\n", "ok%d@example.org" % i)
        w.mb("trust", "shopb")
        with open(w.mta.log, "a") as f:
            f.write(text)
        w.wait_for(lambda: state(w).get("queued", 0) >= count, "the log to be read", 120, 0.5)
        ids = [r["id"] for r in w.held()]
        mine = count - count // 10
        at = time.time()
        w.mb("hold", "shopa")
        said = listed = time.time() - at
        if kind == "exim":
            w.wait_for(lambda: "64301:" in open(w.top + "/run/brake.held").read(), "Exim's list", 60, 0.002)
            listed = time.time() - at
        release = []
        while state(w).get("frozen", 0) < mine and time.time() - at < MOST_S:
            if ids:
                begin = time.time()
                w.mb("release", ids.pop())
                release.append(time.time() - begin)
            else:
                time.sleep(0.05)
        seconds = time.time() - at
        release.sort()
        got = frozen(w, count)
        at = time.time()
        w.mb("release", "shopa")
        while state(w).get("frozen", 1) > 0 and time.time() - at < MOST_S:
            time.sleep(0.1)
        thaw = time.time() - at
        if got != (mine, 0):
            print("FAIL frozen in the queue's files: %d of %d, neighbour's %d" % (got[0], mine, got[1]))
        print("%s: %d messages, %d of the account: hold said after %.2f s, none can leave after %.2f s, frozen after %.1f s, thawed after %.1f s; "
              "releases meanwhile: %d, median %.3f s, worst %.3f s" %
              (kind, count, mine, said, listed if kind == "exim" else seconds, seconds, thaw, len(release),
               release[len(release) // 2] if release else 0, release[-1] if release else 0))
    finally:
        w.close()


if __name__ == "__main__":
    main()
