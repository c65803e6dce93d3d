"""t_around - mail that goes around the wrapper, met by the MTA's own hook and the log.

The snippets of contrib/ are what is tested: Exim's ACLs ask judge and freeze; Postfix's log tells the uid, the
account is held, and what it has queued is put on hold (what Postfix sent at once is gone). Without the daemon mail flows.
"""
import os
import re
import subprocess
import time

import mta
from world import World

HERE = os.path.dirname(os.path.abspath(__file__))
MESSAGES = 25


def contrib(name, top):
    with open(os.path.join(HERE, "../../contrib", name)) as f:
        return f.read().replace("/run/mailbrake/", top + "/run/").replace(
            "/etc/mailbrake/brake", top + "/run/brake")


def wire_exim(cls):
    base = cls.write

    def write(self, etc):
        text = mta.EXIM_CONF
        text = re.sub(r"(?m)^(acl_not_smtp|log_selector) = .*\n", "", text)
        quote = lambda s: s.replace("{", "{{").replace("}", "}}")
        text = text.replace("begin acl\n", quote(contrib("exim/mailbrake-main", self.top)) +
                            "\nbegin acl\n" + quote(contrib("exim/mailbrake-acl", self.top)))
        saved, mta.EXIM_CONF = mta.EXIM_CONF, text
        try:
            base(self, etc)
        finally:
            mta.EXIM_CONF = saved
    cls.write = write


def send(w, site, rcpt):
    """The MTA's own sendmail, not the wrapper."""
    argv = ["/usr/sbin/exim4" if w.kind == "exim" else w.real, "-i", rcpt]
    data = b"Subject: around\nTo: x\n\nbuy\n"
    return subprocess.run(argv, input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          cwd="/", **w.as_site(site)).returncode


def frozen(w):
    if w.kind == "exim":
        return mta.run("/usr/sbin/exim4", "-bp").stdout.count("*** frozen ***")
    return mta.run("/usr/sbin/postqueue", "-j").stdout.count('"queue_name": "hold"')


def queued(c, w):
    """What a held account has in the queue is frozen, its neighbour's is not; release thaws it."""
    before = frozen(w)
    for name, rcpts in (("trust", "shopb"), ("trust", "shopa")):
        c.eq(w.mb(name, rcpts)[0], 0, name + " " + rcpts)
    for i in range(4):
        send(w, "shopa", "defer-a%d@example.org" % i)
        send(w, "shopb", "defer-b%d@example.org" % i)
    time.sleep(2)
    before = frozen(w)
    c.eq(w.mb("forget", "shopa")[0], 0, "forget")
    c.eq(w.mb("hold", "shopa")[0], 0, "hold")
    try:
        w.wait_for(lambda: frozen(w) >= before + 4, "the queued mail to be frozen", 15, 0.3)
    except TimeoutError as e:
        c.true(False, "%s: %d\n%s" % (e, frozen(w), w.daemon_log()[-1500:]))
    c.eq(frozen(w) - before, 4, "messages frozen by the hold")
    c.eq(w.mb("release", "shopa")[0] in (0, 1), True, "release")
    try:
        w.wait_for(lambda: frozen(w) <= before, "the queued mail to be thawed", 15, 0.3)
    except TimeoutError as e:
        c.true(False, "%s: %d" % (e, frozen(w)))


def around(c, build, kind):
    if kind == "exim":
        wire_exim(mta.KINDS[kind])
    w = World(build, kind)
    try:
        w.start_daemon()
        codes = [send(w, "shopa", "v%d@example.org" % i) for i in range(MESSAGES)]
        c.eq(codes, [0] * MESSAGES, "no message was refused")
        time.sleep(3)
        out = len([m for m in w.sink.messages if any(r.startswith("v") for r in m.rcpts)])
        code, rows = w.mb("accounts", "all")
        state = {r["login"]: r["state"] for r in rows}.get("shopa")
        c.eq(state, "held", "the account is held")
        c.note("%d of %d left, %d frozen" % (out, MESSAGES, frozen(w)))
        if kind == "exim":  # the ACL asks before a message is accepted
            c.true(out <= 5, "%d messages left" % out)
            c.eq(frozen(w), MESSAGES - out, "the rest is frozen")
        queued(c, w)
        w.stop_daemon()
        c.eq(send(w, "shopb", "alone@example.org"), 0, "a message without the daemon")
        c.true(len(w.sink.wait("alone@example.org", 1, 10)) == 1, "it flows without the daemon")
    finally:
        w.close(keep=bool(os.environ.get("MB_KEEP")))
