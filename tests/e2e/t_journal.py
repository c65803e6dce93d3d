"""t_journal - a real systemd-journald keeps the log, real Postfix writes it.

What the journal's trusted fields prove is acted on without any setting; what another account writes under Postfix's
name is not; a restart goes on where the last run stopped, and knows what is queued.
"""
import os
import shutil
import socket
import subprocess
import time

import mta
from world import Skip, World

JOURNALD = "/lib/systemd/systemd-journald"


def start_journald(w):
    """In this test's namespaces: /run and /dev/log are its own."""
    if not os.path.exists(JOURNALD):
        raise Skip("systemd-journald is not installed")
    mta.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    for d in ("/run/systemd/journal", "/run/log/journal"):
        os.makedirs(d)
    shutil.chown("/run/log/journal", "root", "systemd-journal")
    os.chmod("/run/log/journal", 0o2755)  # as systemd-tmpfiles does
    os.makedirs(w.top + "/dev")
    os.symlink("/run/systemd/journal/dev-log", w.top + "/dev/log")
    out = mta.run("mount", "-t", "overlay", "overlay", "-o", "lowerdir=%s/dev:/dev" % w.top, "/dev")
    if out.returncode != 0:
        raise Skip("overlay over /dev: " + out.stdout.strip())
    env = dict(os.environ, SYSTEMD_LOG_TARGET="null")
    p = subprocess.Popen([JOURNALD], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL, env=env)
    w.procs.append(p)
    try:
        w.wait_for(lambda: os.path.exists("/run/systemd/journal/dev-log"), "journald's socket")
    except TimeoutError as e:
        raise Skip("systemd-journald does not run here: %s" % e)


def syslog(uid, tag, text):
    """One line by a process of uid, as syslog(3) would."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setresuid(uid, uid, uid)
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.sendto(("<22>%s[77]: %s" % (tag, text)).encode(), "/run/systemd/journal/dev-log")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def part(w, name):
    return [r for r in w.mb("status")[1] if r.get("part") == name][0]


def journal(c, build, kind):
    base = mta.Postfix.write

    def write(self, etc):
        base(self, etc)
        path = etc + "/postfix/main.cf"
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:  # to syslog, as Debian's Postfix does
            f.writelines(x for x in text.splitlines(True) if not x.startswith("maillog_file"))
    mta.Postfix.write = write
    w = World(build, kind, few_rules=True, settings="mta_log = journal:/run/log/journal\n"
              "mta_log_trust = auto\nmta_users = postfix\n")
    try:
        w.mta.stop()
        start_journald(w)
        out = mta.run("/usr/sbin/postfix", "start")
        c.eq(out.returncode, 0, "postfix start: " + out.stdout[-300:])
        syslog(0, "postfix/qmgr", "0123456789: removed")  # there is a journal before us
        w.wait_for(lambda: os.listdir("/run/log/journal"), "the journal's file")
        w.start_daemon()
        if "built without" in w.daemon_log():
            raise Skip("the daemon was built without libsystemd")
        one = w.sites["shopa"]
        for i in range(8):
            subprocess.run([w.real, "-i", "defer%d@example.org" % i], input=b"Subject: a\n\nb\n",
                           cwd="/", **w.as_site("shopa"))
        state = lambda who: {r["login"]: r["state"] for r in w.mb("accounts", "all")[1]}.get(who)
        w.wait_for(lambda: state("shopa") == "held", "the account to be held by what the journal says", 60, 0.2)
        c.eq(part(w, "mtlog")["state"], "ok", "mtlog without a setting that trusts it")
        # another account imitates Postfix: submissions of its neighbour
        for i in range(30):
            syslog(one, "postfix/pickup", "AB%08X: uid=%d from=<x@y.test>" % (i, w.sites["shopb"]))
            syslog(one, "postfix/qmgr", "AB%08X: from=<x@y.test>, size=9, nrcpt=50 (queue active)" % i)
        w.wait_for(lambda: part(w, "mtlog").get("lines_forged") == 60, "the forged lines to be counted", 60, 0.2)
        c.eq(part(w, "mtlog")["state"], "ok", "what any account can write degrades nothing")
        c.true("mta_line_forged uid=%d" % one in w.daemon_log(), "the log names who forged them")
        c.true(state("shopb") in (None, "clear"), "forged lines hold nobody: %s" % state("shopb"))
        # what is queued is known after a restart, what was told is not told again
        w.wait_for(lambda: sum(w.mta.queue().values()) == 8, "all queued mail to be on hold", 60, 0.2)
        w.mb("release", "shopa")
        w.mb("trust", "shopa")
        w.wait_for(lambda: sum(w.mta.queue().values()) == 0, "it to be thawed", 60, 0.2)
        count = lambda: [r["rcpts_24h"] for r in w.mb("accounts", "all")[1] if r["login"] == "shopa"][0]
        seen = count()
        w.stop_daemon()
        subprocess.run([w.real, "-i", "defer-late@example.org"], input=b"Subject: a\n\nb\n",
                       cwd="/", **w.as_site("shopb"))
        w.start_daemon()
        w.wait_for(lambda: state("shopb") is not None, "mail sent while the daemon was away", 60, 0.2)
        c.true(count() <= seen, "recipients are not counted again: %d, before %d" % (count(), seen))
        w.mb("forget", "shopa")
        w.mb("hold", "shopa")
        try:
            w.wait_for(lambda: sum(w.mta.queue().values()) == 8, "a hold after the restart to freeze all", 60, 0.2)
        except TimeoutError as e:
            c.true(False, "%s: %r %r" % (e, w.mta.queue(), part(w, "mail-queue")))
        c.eq(len(w.mta.queue()), 9, "queued in all; the neighbour's one moves")
    finally:
        w.close(keep=bool(os.environ.get("MB_KEEP")))
