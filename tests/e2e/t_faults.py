"""t_faults - processes killed, disks full, databases overwritten: every message is counted.

After every fault: messages in = held + delivered + refused to the sender, none of
them twice, none missing. The message's number in its Subject is its identity; the
program in the MTA's place keeps what it is given.
"""
import collections
import glob
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time

import t_aside
from world import Skip, World

SITE = "shopa"
AT_ONCE = 4

# judge is killed as it enters the n-th of these calls after a burst of messages began
HOLD_POINTS = [
    ("accept4", 1), ("accept4", 3), ("recvmsg", 1), ("recvmsg", 4), ("recvmsg", 9),
    ("sendmsg", 1), ("sendmsg", 2), ("sendmsg", 5), ("sendmsg", 9), ("sendmsg", 10),
    ("openat", 1), ("openat", 2), ("fstatfs", 1), ("getrandom", 2), ("pread64", 1),
    ("pwrite64", 1), ("pwrite64", 2), ("pwrite64", 4), ("pwrite64", 7), ("fsync", 1),
    ("fsync", 2), ("fsync", 5), ("linkat", 1), ("linkat", 2), ("linkat", 4),
    ("fdatasync", 1), ("write", 1), ("write", 3), ("close", 2), ("close", 6),
]
# (process, call, n) after `mailbrake release` of some messages began
RELEASE_POINTS = [
    ("judge", "recvmsg", 1), ("judge", "openat", 4), ("judge", "pread64", 1),
    ("judge", "pread64", 2), ("judge", "lseek", 2), ("judge", "pwrite64", 1),
    ("judge", "pwrite64", 5), ("judge", "fdatasync", 1), ("judge", "fdatasync", 2),
    ("judge", "fdatasync", 3), ("judge", "sendmsg", 1), ("judge", "sendmsg", 2),
    ("judge", "sendmsg", 3), ("judge", "unlinkat", 1), ("judge", "unlinkat", 2),
    ("judge", "fsync", 1), ("judge", "fsync", 2), ("judge", "close", 3),
    ("hands", "recvmsg", 1), ("hands", "recvmsg", 3), ("hands", "memfd_create", 1),
    ("hands", "ftruncate", 2), ("hands", "clone", 1), ("hands", "clone", 2),
    ("hands", "wait4", 1), ("hands", "wait4", 2), ("hands", "pread64", 1),
    ("hands", "sendmsg", 1), ("hands", "sendmsg", 2), ("hands", "munmap", 1),
]

# (process, call, n) after `mailbrake set-aside` began: between its row, TAKE and DONE
ASIDE_POINTS = [
    ("judge", "sendmsg", 1), ("judge", "sendmsg", 2), ("judge", "sendmsg", 3),
    ("judge", "fdatasync", 1), ("judge", "pwrite64", 1), ("judge", "recvmsg", 2),
    ("hands", "recvmsg", 1), ("hands", "openat2", 1), ("hands", "openat", 1),
    ("hands", "renameat2", 1), ("hands", "fchmod", 1), ("hands", "fchown", 1),
    ("hands", "ioctl", 1), ("hands", "sendmsg", 1),
]


class Ledger:
    """What was handed in, and what became of it."""

    def __init__(self, w):
        self.w, self.next, self.codes, self.lock = w, 0, {}, threading.Lock()

    def send(self, size=200, site=SITE):
        with self.lock:
            self.next += 1
            n = self.next
        data = "To: to%d@b.test\nSubject: message %d.\n\n" % (n, n) + "x" * size + "\n"
        self.codes[n] = self.w.send(site, data, "-t", "-i", timeout=180).returncode

    def burst(self, count=AT_ONCE, size=200, site=SITE):
        threads = [threading.Thread(target=self.send, args=(size, site)) for _ in range(count)]
        for t in threads:
            t.start()
        return threads

    def number(self, text):
        m = re.search(r"message (\d+)\.", text)
        return int(m.group(1)) if m else 0

    def states(self):
        code, rows = self.w.mb("held")
        if code not in (0, 1):
            raise RuntimeError("mailbrake held: exit %d" % code)
        out = collections.defaultdict(list)
        for r in rows:
            n = self.number(r.get("claimed_subject") or "")
            if n == 0 and r["state"] in ("held", "unsure"):  # held before it could be read
                n = self.number(self.w.mb("show", "--raw", r["id"], raw=True)[1].decode("latin-1"))
            out[n].append((r["state"], r["id"]))
        return out

    def delivered(self):
        return collections.Counter(self.number(b.decode("latin-1"))
                                   for a, b, u in self.w.delivered())

    def balance(self, c, what):
        """Every message is in exactly one place; returns the three sums."""
        held, out = self.states(), self.delivered()
        sums = collections.Counter()
        for n, code in sorted(self.codes.items()):
            kept = [s for s, _ in held.get(n, []) if s in ("held", "releasing", "unsure")]
            gone = out.get(n, 0)
            where = len(kept) + gone
            if code == 0:
                c.true(where == 1, "%s: message %d accepted, is in %d places (held %s, "
                       "delivered %d)" % (what, n, where, kept, gone))
                sums["held" if kept else "delivered"] += 1
            else:
                c.true(where == 0, "%s: message %d refused (%d) and yet in %d places"
                       % (what, n, code, where))
                c.true(code == 77, "%s: message %d: exit %d" % (what, n, code))
                sums["refused"] += 1
        c.eq(sum(sums.values()), len(self.codes), what + ": in = held + delivered + refused")
        return sums

    def line(self, sums):
        return "%d in = %d held + %d delivered + %d refused" % (
            len(self.codes), sums["held"], sums["delivered"], sums["refused"])


class Gone(Exception):
    """The process had ended before it could be watched."""


class Killer:
    """strace kills a process as it enters the n-th call of a kind."""

    def __init__(self, pid, call, n):
        self.pid, self.born = pid, self.stat(pid)[1]
        try:
            self.p = subprocess.Popen(
                ["strace", "-f", "-qq", "-e", "trace=" + call, "-e",
                 "inject=%s:signal=KILL:when=%d" % (call, n), "-o", "/dev/null", "-p",
                 str(pid)], stderr=subprocess.PIPE)
        except FileNotFoundError:
            raise Skip("strace is not installed")
        end = time.time() + 30
        while self.tracer() != self.p.pid:
            if self.p.poll() is not None:
                said = self.p.stderr.read().decode()
                if self.dead():
                    raise Gone(said)
                raise RuntimeError("strace: " + said)
            if time.time() > end:
                self.stop()
                raise RuntimeError("strace: not attached to %d after 30 s" % pid)
            time.sleep(0.01)
        time.sleep(0.05)  # attached; it is told to stop at calls a moment later

    @staticmethod
    def stat(pid):
        """(state, start time): with its number the identity of a process."""
        try:
            with open("/proc/%d/stat" % pid) as f:
                words = f.read().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            raise Gone(pid)
        return words[0], words[19]

    def dead(self):
        try:
            state, born = self.stat(self.pid)
        except Gone:
            return True
        return state in "ZX" or born != self.born

    def tracer(self):
        """Who traces it, 0 for nobody."""
        try:
            with open("/proc/%d/status" % self.pid) as f:
                return int(re.search(r"TracerPid:\s+(\d+)", f.read()).group(1))
        except (FileNotFoundError, ProcessLookupError):
            return 0

    def stop(self):
        self.p.send_signal(signal.SIGINT)
        try:
            self.p.wait(30)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()

    def done(self):
        """Stop watching; true when the process was killed."""
        try:
            self.p.wait(0.3)
        except subprocess.TimeoutExpired:
            self.stop()
        self.p.stderr.close()
        return self.dead()


def killer(w, role, call, n):
    """A Killer on the process of a role. One that ends with another that was killed is listed
    a moment longer: its successor is taken."""
    end = time.time() + 60
    while True:
        try:
            return Killer(w.role_pids(role)[0], call, n)
        except (Gone, IndexError):
            if time.time() > end:
                raise
            time.sleep(0.1)


def workers_of(w):
    """The scan workers of this daemon, not what is left of one before."""
    pids = w.role_pids("scan")
    first = [p for p in pids if w._parent_of(p) == w.daemon.pid]
    return [p for p in pids if w._parent_of(p) in first]


def kill_workers(w, call):
    """A Killer on each scan worker. One may have ended since it was listed: its successor
    is taken."""
    count = next(r["workers"] for r in w.mb("status")[1] if r["part"] == "scan")
    have = {}

    def attached():
        now = workers_of(w)
        for pid in set(have) - set(now):
            have.pop(pid).done()
        for pid in set(now) - set(have):
            try:
                have[pid] = Killer(pid, call, 1)
            except Gone:
                pass
        return len(have) == count

    w.wait_for(attached, "strace on %d scan workers" % count, 60)
    return list(have.values())


def fresh(w):
    """A daemon with an empty history of restarts, so that back-off does not add up."""
    if w.daemon:
        w.stop_daemon()
    w.start_daemon()


def again_ready(w):
    w.wait_for(w.ready, "the daemon to be ready again", 120)


def world_of_held(build, settings=""):
    w = World(build, settings="alert_mail =\n" + settings,
              few_rules=True)
    w.start_daemon()
    code, rows = w.mb("hold", SITE)
    if code != 0:
        raise RuntimeError("mailbrake hold: %d" % code)
    return w


def stopped_without_hands(c, w):
    """A daemon that is stopped leaves no list of who is held, whatever became of hands."""
    listed = w.top + "/run/brake.held"

    def uids():
        with open(listed) as f:
            return [line for line in f if not line.startswith("#")]
    for sig in (signal.SIGSTOP, signal.SIGKILL):
        w.wait_for(uids, "the held account to be listed")
        os.kill(w.role_pids("hands")[0], sig)
        w.stop_daemon()
        c.eq(uids(), [], "listed as held after a stop, hands had signal %d" % sig)
        w.start_daemon()


def restarted_in_a_burst(c, w, ledger):
    out, stop = ledger.delivered(), threading.Event()

    def sends():
        while not stop.is_set():
            ledger.send()
    threads = [threading.Thread(target=sends) for _ in range(AT_ONCE)]
    for t in threads:
        t.start()
    for _ in range(3):
        w.stop_daemon()
        time.sleep(0.1)
        w.start_daemon()
    stop.set()
    for t in threads:
        t.join()
    c.eq(ledger.delivered(), out, "held, and the daemon restarted: delivered")


def kill_hold(c, build, kind):
    w = world_of_held(build)
    try:
        ledger, reached = Ledger(w), 0
        os.kill(w.role_pids("judge")[0], signal.SIGKILL)
        again_ready(w)
        for t in ledger.burst():
            t.join()
        sums = ledger.balance(c, "judge killed after an admin's word")
        c.eq(sums["held"], AT_ONCE, "held after judge was killed right after `mailbrake hold`")
        for call, n in HOLD_POINTS:
            k = killer(w, "judge", call, n)
            for t in ledger.burst():
                t.join()
            hit = k.done()
            reached += hit
            again_ready(w)
            sums = ledger.balance(c, "judge killed at %s %d" % (call, n))
            fresh(w)
        c.true(reached >= 20, "points reached: %d of %d" % (reached, len(HOLD_POINTS)))
        points = reached
        # the other processes, in the middle of a burst; the parent takes all with it
        for role in ("watch", "hands", "scan", "mtlog", "parent", "judge"):
            pids = [w.daemon.pid] if role == "parent" else w.role_pids(role)
            out, threads = ledger.delivered(), ledger.burst(8)
            time.sleep(0.004)
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                    points += 1
                except ProcessLookupError:
                    pass
            for t in threads:
                t.join()
            if role == "parent":
                c.eq(ledger.delivered(), out, "held, and the parent killed: delivered")
                ledger.burst(1)[0].join()
                c.eq(ledger.codes[ledger.next], 77, "nobody there, and held when there was")
                w.daemon.wait()
                w.daemon = None
                w.wait_for(lambda: not w.role_pids("judge"), "judge to end with its parent")
            fresh(w)
            sums = ledger.balance(c, role + " killed")
        restarted_in_a_burst(c, w, ledger)
        sums = ledger.balance(c, "restarted in a burst")
        stopped_without_hands(c, w)
        c.note("%d kills; %s" % (points, ledger.line(sums)))
        if c.failed:
            c.failed.append(w.daemon_log()[-4000:])
    finally:
        w.close()


def settle(w, ledger):
    """Wait until injections that outlived their process have ended, and what hands begin."""
    last, since = None, time.time()
    while time.time() - since < 0.4:
        now = (ledger.delivered(), w.injecting())
        if now != last or now[1]:
            last, since = now, time.time()
        time.sleep(0.05)


def kill_release(c, build, kind):
    w = world_of_held(build)
    try:
        ledger, reached, unsure_seen = Ledger(w), 0, 0
        for role, call, n in RELEASE_POINTS:
            what = "%s killed at %s %d" % (role, call, n)
            first = ledger.next + 1
            for t in ledger.burst(3):
                t.join()
            ours = range(first, ledger.next + 1)
            ids = [ledger.states()[i][0][1] for i in ours]
            k = killer(w, role, call, n)
            w.mb("release", *ids)
            reached += k.done()
            again_ready(w)
            settle(w, ledger)
            states, out = ledger.states(), ledger.delivered()
            for i in ours:
                state = ([s for s, _ in states.get(i, [])] or ["none"])[0]
                want = {"held": (0,), "unsure": (0, 1), "released": (1,), "none": (1,)}.get(state, ())
                c.true(out.get(i, 0) in want, "%s: message %d is %s, delivered %d times"
                       % (what, i, state, out.get(i, 0)))
                if state == "unsure":
                    unsure_seen += 1
                    code, rows = w.mb("release", states[i][0][1])
                    c.eq((code, rows and rows[0]["state"]), (1, "unsure"),
                         "%s: release of an unsure one: %s" % (what, rows))
                    # an admin looks into the mail log, then says what to do
                    args = ["discard"] if out.get(i, 0) else ["release", "--again"]
                    code, rows = w.mb(*args, states[i][0][1])
                    c.eq(code, 0, "%s: %s of an unsure one: %s" % (what, args, rows))
                elif state == "held":
                    code, rows = w.mb("release", states[i][0][1])
                    c.eq(code, 0, "%s: a second release: %s" % (what, rows))
            settle(w, ledger)
            out = ledger.delivered()
            for i in ours:
                c.eq(out.get(i, 0), 1, "%s: message %d delivered" % (what, i))
            fresh(w)
        c.true(reached >= 20, "points reached: %d of %d" % (reached, len(RELEASE_POINTS)))
        c.note("%d kills; %d in = %d delivered once each; %d were said to be unsure" % (
            reached, ledger.next, sum(ledger.delivered().values()), unsure_seen))
        if c.failed:
            c.failed.append(w.daemon_log()[-4000:])
    finally:
        w.close()


def kill_aside(c, build, kind):
    """A file that is set aside while judge or hands is killed: it is in one place, whole, and
    what an admin does next works."""
    w = World(build, few_rules=True, settings="alert_mail =\nstate_dir = /home/.state")
    try:
        w.start_daemon()
        sample = open(os.path.join(os.path.dirname(__file__), "mailer.php")).read()
        files, reached = [], 0
        for i, (role, call, n) in enumerate(ASIDE_POINTS):
            path = os.path.join(w.webroot(SITE), "f%d.php" % i)
            w.drop(SITE, "f%d.php" % i, sample + "\n<?php /* %d */" % i)
            ident = t_aside.find(w, SITE, path)
            files.append(("%s killed at %s %d" % (role, call, n), path, ident, t_aside.facts(path)))
            k = killer(w, role, call, n)
            w.mb("set-aside", ident)
            reached += k.done()
            again_ready(w)
            fresh(w)
        c.true(reached >= 10, "points reached: %d of %d" % (reached, len(ASIDE_POINTS)))
        # what was interrupted is looked at within a minute
        w.wait_for(lambda: not unsettled(w), "the interrupted to be told", 240, 0.5)
        away = 0
        for what, path, ident, was in files:
            if os.path.lexists(path):
                c.eq(t_aside.facts(path), was, what + ": it is where it was, as it was")
                code, rows = w.mb("set-aside", ident)
                c.eq(code, 0, "%s: set-aside once more: %s" % (what, rows))
            else:
                away += 1
            c.true(not os.path.lexists(path), what + ": it is away")
            code, rows = w.mb("put-back", ident)
            c.eq(code, 0, "%s: put-back: %s" % (what, rows))
            c.true(os.path.exists(path) and t_aside.facts(path) == was, what + ": back as it was")
        left = os.listdir("/home/.state/set-aside")
        c.eq([what for what, path, ident, was in files if any(x.startswith(ident) for x in left)], [],
             "left in set-aside, though all came back: %s" % left)
        c.note("%d kills; %d of %d were away, all came back" % (reached, away, len(files)))
        if c.failed:
            c.failed.append(w.daemon_log()[-4000:])
    finally:
        w.close()


def unsettled(w):
    """Rows of files that hands was asked about and of which nobody knows yet."""
    db = sqlite3.connect("file:%s?mode=ro" % databases("/home/.state")[0], uri=True, timeout=60)
    try:
        return db.execute("SELECT count(*) FROM set_aside WHERE state = 'asked'").fetchone()[0]
    finally:
        db.close()


def databases(state):
    return [f for f in glob.glob(state + "/*") if os.path.isfile(f)
            and open(f, "rb").read(15) == b"SQLite format 3"]


def disk_full(c, build, kind):
    w = World(build, settings="alert_mail =", few_rules=True,
              state_tmpfs="size=12m,mode=755")
    try:
        w.start_daemon()
        w.mb("hold", SITE)
        ledger = Ledger(w)
        for _ in range(8):
            for t in ledger.burst(4, size=200000):
                t.join()
        sums = ledger.balance(c, "disk filled by held mail")
        c.true(sums["refused"] > 0 and sums["held"] > 0, "some held, some refused: %s" % sums)
        # the very last byte is gone too: not even a row can be written
        junk = []
        try:
            while True:
                with open("%s/state/junk%d" % (w.top, len(junk)), "wb") as f:
                    junk.append(f.name)
                    while f.write(b"x" * 4096) and not f.flush():
                        pass
        except OSError:
            pass
        for t in ledger.burst(6):
            t.join()
        fresh(w)
        sums = ledger.balance(c, "disk full, restarted")
        for name in junk:
            os.unlink(name)
        gone = [(n, i) for n, at in ledger.states().items() for st, i in at if st == "held"][:3]
        code, rows = w.mb("discard", *[i for n, i in gone])
        c.eq(code, 0, "discard when full: %s" % rows)
        for n, i in gone:  # thrown away by the admin's word: in nobody's sum
            del ledger.codes[n]
        for t in ledger.burst(2):
            t.join()
        sums = ledger.balance(c, "room again")
        c.true(ledger.codes[ledger.next] == 0, "taken again when there is room")
        c.note(ledger.line(sums))
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()


def set_timeout(w, ms):
    """submit_timeout_ms of the senders to come; the daemon goes on with its own."""
    with open(w.conf) as f:
        text = f.read()
    with open(w.conf, "w") as f:
        f.write(re.sub(r"(?m)^submit_timeout_ms = .*$", "submit_timeout_ms = %d" % ms, text))


def judge_stopped(c, build, kind):
    w = world_of_held(build)
    try:
        ledger = Ledger(w)
        for t in ledger.burst():
            t.join()
        set_timeout(w, 700)
        pid = w.role_pids("judge")[0]
        os.kill(pid, signal.SIGSTOP)
        start = time.time()
        for t in ledger.burst(6) + ledger.burst(6, site="shopb"):
            t.join()
        took = time.time() - start
        c.true(took < 30, "senders waited %.1f s for a stopped daemon" % took)
        set_timeout(w, 60000)
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.5)
        # the message of a wrapper that gave up must not be held as well
        sums = ledger.balance(c, "judge stopped")
        c.eq((sums["held"], sums["refused"], sums["delivered"]), (AT_ONCE, 6, 6),
             "held before; meanwhile the held account's refused, another's passed")
        for t in ledger.burst():
            t.join()
        sums = ledger.balance(c, "judge goes on")
        c.note("%s; senders waited %.2f s (submit_timeout_ms 700)" % (ledger.line(sums), took))
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()


def worker_crash(c, build, kind):
    """A scan worker dies on what it is given: said, replaced, nothing lost, others served."""
    w = world_of_held(build)
    try:
        ledger = Ledger(w)
        hits = 0
        for call in ("recvmsg", "pread64", "sendmsg", "close"):
            killers = kill_workers(w, call)
            w.drop(SITE, "bad%s.php" % call, "<?php echo 1; mail($a, $b, $c);")
            for t in ledger.burst():
                t.join()
            hits += sum(k.done() for k in killers)
            again_ready(w)
            sums = ledger.balance(c, "scan workers killed at " + call)
            fresh(w)
        c.true(hits >= 4, "workers killed: %d" % hits)
        # hostile files: none may stop the daemon or hide a real finding
        w.drop(SITE, "sparse.php", b"")
        with open(os.path.join(w.webroot(SITE), "sparse.php"), "r+b") as f:
            f.truncate(5 << 30)
        os.mkfifo(os.path.join(w.webroot(SITE), "fifo.php"))
        os.symlink("/etc/passwd", os.path.join(w.webroot(SITE), "link.php"))
        w.drop(SITE, "name\n\x1b[31m\"'.php", "<?php echo 1;")
        w.drop(SITE, "re.php", "<?php " + "$a." * 300000)
        w.drop(SITE, "nest.php", "<?php " + "(" * 500000)
        sample = open(os.path.join(os.path.dirname(__file__), "mailer.php")).read()
        w.drop(SITE, "real.php", sample)
        rows = w.wait_for(lambda: [r for r in w.mb("files", SITE)[1]
                                   if r["path"].endswith("/real.php")], "the real finding", 120)
        c.eq(rows[0]["verdict"], "malicious", "the real finding among hostile files")
        c.eq([r for r in w.mb("files", SITE)[1] if "passwd" in r["path"]], [], "links followed")
        for t in ledger.burst():
            t.join()
        sums = ledger.balance(c, "hostile files")
        c.note("%d workers killed; %s" % (hits, ledger.line(sums)))
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()


def db_noise(c, build, kind):
    """The database is overwritten with noise, running and stopped; held mail stays."""
    w = world_of_held(build)
    try:
        ledger = Ledger(w)
        for t in ledger.burst(5):
            t.join()
        db = databases(w.top + "/state")
        c.eq(len(db), 1, "databases found")
        for running in (True, False):
            if not running:
                w.stop_daemon()
            for f in glob.glob(db[0] + "*"):
                size = os.path.getsize(f)
                with open(f, "r+b") as out:
                    out.write(os.urandom(max(size, 65536)))
            if running:
                threads = ledger.burst(5)
                for t in threads:
                    t.join()
            fresh(w)
            sums = ledger.balance(c, "database overwritten, %s" %
                                  ("running" if running else "stopped"))
            c.eq(sums["delivered"], 0, "mail of a held account that passed")
            c.true("aside" in w.daemon_log() or "damaged" in w.daemon_log(),
                   "the log says that it was set aside")
            for t in ledger.burst(3):
                t.join()
        sums = ledger.balance(c, "afterwards")
        kept = [i for s in ledger.states().values() for st, i in s if st == "held"]
        code, rows = w.mb("release", *kept)
        c.eq(code, 0, "release after the loss of the database: %s" % rows[:2])
        settle(w, ledger)
        out = ledger.delivered()
        c.eq(sorted(out), sorted(n for n, code in ledger.codes.items() if code == 0),
             "all of them delivered in the end")
        c.eq(max(out.values()), 1, "once each")
        c.note(ledger.line(sums) + "; all released afterwards, once each")
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()
