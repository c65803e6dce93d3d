"""t_around - mail that goes around the wrapper, met by the MTA's own hook and the log.

The snippets of contrib/ are what is tested: Exim's ACLs ask judge and freeze; Postfix asks as a filter (sendmail) and
as a policy server (SMTP) and puts on hold. By the MTA's binary, by SMTP to localhost, by SMTP with a login. What an
account has queued is frozen by a hold and thawed by release. Without the daemon, and with one that hangs, mail flows.
"""
import encodings.idna  # noqa: F401 (an account may not be able to read the library)
import os
import re
import signal
import smtplib
import subprocess
import time

import mta
from world import World

HERE = os.path.dirname(os.path.abspath(__file__))
MESSAGES = 25
SMTP_PORT = 2525
MAILER = "<?php $list = explode(\"\\n\", $_POST['emaillist']); mail($list[0], 'x', 'y');"
LOGIN = """
login:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if eq{{$auth3}}{{secret}}}}
  server_set_id = $auth2
"""


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
        text = text.replace("route_list = * 127.0.0.1\n", "route_list = * 127.0.0.1 byname\n")
        text = text.rstrip("\n") + LOGIN
        text = "daemon_smtp_ports = %d\nacl_smtp_rcpt = accept\n" % SMTP_PORT + text
        text = text.replace("begin acl\n", quote(contrib("exim/mailbrake-main", self.top)) +
                            "\nbegin acl\n" + quote(contrib("exim/mailbrake-acl", self.top)))
        saved, mta.EXIM_CONF = mta.EXIM_CONF, text
        try:
            base(self, etc)
        finally:
            mta.EXIM_CONF = saved
    cls.write = write


def wire_postfix(cls):
    base = cls.write

    def write(self, etc):
        base(self, etc)
        hook = re.sub(r"(?m)^transport_maps.*\n", "", contrib("postfix/main.cf.mailbrake", self.top))
        with open(etc + "/postfix/main.cf", "a") as f:
            f.write(hook + "\nsmtpd_authorized_xclient_hosts = 127.0.0.1\n"
                    "mynetworks = 0.0.0.0/0\n")
        with open(etc + "/postfix/master.cf", "a") as f:
            f.write("127.0.0.1:%d inet n - n - - smtpd\n" % SMTP_PORT)
    cls.write = write


def by_smtp(w, site, rcpts):
    """From a process of the account, to localhost; its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(*[w.sites[site]] * 3)
            os.setresuid(*[w.sites[site]] * 3)
            s = smtplib.SMTP("127.0.0.1", SMTP_PORT, timeout=60)
            for rcpt in rcpts:
                s.sendmail("x@mb.test", [rcpt], "Subject: smtp\r\n\r\nbuy\r\n")
            s.quit()
            code = 0
        except Exception as e:
            print("by_smtp: %r" % e, flush=True)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def by_login(w, login, rcpt):
    """From elsewhere (root's process here), logged in as the account."""
    s = smtplib.SMTP("127.0.0.1", SMTP_PORT, timeout=60)
    s.ehlo("there.test")
    if w.kind == "exim":
        s.login(login, "secret")
    else:  # what a SASL library would have said
        s.docmd("XCLIENT", "ADDR=192.0.2.7 NAME=there.test LOGIN=" + login)
        s.ehlo("there.test")
    s.sendmail("x@mb.test", [rcpt], "Subject: login\r\n\r\nbuy\r\n")
    s.quit()


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


def part(w, name):
    return [r for r in w.mb("status")[1] if r.get("part") == name][0]


def forge(w):
    """The log says of what shopb has queued that it is shopa's (a forged line; an id that came again)."""
    mine = r" <= .* U=shopb " if w.kind == "exim" else r"pickup\[\d+\]: \w+: uid=%d" % w.sites["shopb"]
    lines = [x for x in open(w.mta.log) if re.search(mine, x)][-4:]
    out = [x.replace("U=shopb", "U=shopa").replace("uid=%d" % w.sites["shopb"], "uid=%d" % w.sites["shopa"])
           for x in lines]
    if w.kind == "postfix":  # the submission is told when the queue manager has it
        ids = [re.search(r": (\w+): uid=", x).group(1) for x in lines]
        out += [x for x in open(w.mta.log) if re.search(r"qmgr\[\d+\]: (%s): from=" % "|".join(ids), x)]
    read = part(w, "mtlog")["lines"]
    with open(w.mta.log, "a") as f:
        f.write("".join(out))
    w.wait_for(lambda: part(w, "mtlog")["lines"] >= read + len(out), "the forged lines to be read", 200, 0.2)
    return len(lines)


def queued(c, w):
    """What a held account has in the queue is frozen, its neighbour's is not; release thaws it;
    discard removes one message and no other, and says so when it is done."""
    for name, who in (("trust", "shopb"), ("trust", "shopa")):
        c.eq(w.mb(name, who)[0], 0, name + " " + who)
    w.wait_for(lambda: frozen(w) == 0, "trust to thaw what the hook held", 200, 0.2)
    w.wait_for(lambda: left(w, "v") == MESSAGES, "it to leave", 200, 0.2)
    for i in range(4):
        send(w, "shopa", "defer-a%d@example.org" % i)
        send(w, "shopb", "defer-b%d@example.org" % i)
    w.wait_for(lambda: len(w.mta.queue()) == 8, "eight messages to be queued", 200, 0.2)
    forged = forge(w)
    c.eq(w.mb("forget", "shopa")[0], 0, "forget")
    c.eq(w.mb("hold", "shopa")[0], 0, "hold")
    w.wait_for(lambda: frozen(w) >= 4 and len(w.held("frozen")) >= 4,
               "the queued mail to be frozen and said so", 200, 0.2)
    queue = w.mta.queue()
    c.eq(sorted(a for a in queue if queue[a]), ["defer-a%d@example.org" % i for i in range(4)],
         "what is frozen")
    w.wait_for(lambda: part(w, "mail-queue").get("foreign", 0) >= forged, "the forged lines to be told", 200, 0.2)
    one = w.held("frozen")[0]["id"]
    code, rows = w.mb("discard", one)
    c.eq((code, rows[0]["state"]), (0, "discarded"), "discard of a frozen message")
    c.eq((len(w.mta.queue()), frozen(w)), (7, 3), "messages queued and frozen after it")
    c.eq(w.mb("release", "shopa")[0] in (0, 1), True, "release")
    w.wait_for(lambda: frozen(w) == 0, "the queued mail to be thawed", 200, 0.2)


def left(w, prefix):
    return len([m for m in w.sink.messages if any(r.startswith(prefix) for r in m.rcpts)])


def frozen_of(w, prefix):
    """The recipients whose message is frozen. Postfix' queue keeps one that was frozen while it
    was being delivered, its recipient done: it may have left as well."""
    return {a for a, held in w.mta.queue().items() if held and a.startswith(prefix)}


def state_of(w, login):
    return {r["login"]: r["state"] for r in w.mb("accounts", "all")[1]}.get(login)


def settle(w, prefix, count):
    """Until each of the messages has left or is frozen; how many have left, the others."""
    def somewhere():
        gone = {r for m in w.sink.messages for r in m.rcpts if r.startswith(prefix)}
        kept = frozen_of(w, prefix) - gone
        return (len(gone), kept) if len(gone) + len(kept) == count else None
    return w.wait_for(somewhere, "%d messages to be somewhere" % count, 200, 0.2)


def other_ways(c, w):
    """SMTP to localhost is the socket's owner's; SMTP with a login is the login's."""
    code = by_smtp(w, "shopb", ["s%d@example.org" % i for i in range(MESSAGES)])
    c.eq(code, 0, "SMTP to localhost is accepted")
    gone, kept = settle(w, "s", MESSAGES)
    c.eq(state_of(w, "shopb"), "held", "SMTP to localhost counts to its account")
    c.true(gone <= 5, "%d messages left by SMTP" % gone)
    others = frozen_of(w, "v")
    by_login(w, "shopb", "l1@example.org")
    w.wait_for(lambda: frozen_of(w, "l1@"), "mail with a held account's login to be frozen", 200, 0.2)
    c.eq(left(w, "l"), 0, "mail with the login of a held account")
    c.note("SMTP: %d of %d left" % (gone, MESSAGES))
    c.true(w.mb("release", "shopb")[0] in (0, 1), "release")
    w.wait_for(lambda: not frozen_of(w, ("s", "l")), "the release to thaw it", 200, 0.2)
    c.eq(frozen_of(w, "v"), others, "the other account's stays frozen")
    w.wait_for(lambda: left(w, "s") == MESSAGES and left(w, "l") == 1,
               "all of it to leave after the release", 200, 0.2)


def cause_gone(c, w):
    """The mailer that caused the hold is deleted by who put it there: nothing leaves until the
    frozen mail too was reviewed, and then the hold ends."""
    def of_shopb():
        return [r["id"] for r in w.held("frozen") if r["login"] == "shopb"]
    before = frozen(w)
    path = w.webroot("shopb") + "/m.php"
    w.drop("shopb", "m.php", MAILER)
    w.wait_for(lambda: [r for r in w.mb("files", "shopb")[1] if r["path"] == path], "the finding", 200)
    p = w.send("shopb", "To: f0@example.org\nSubject: won\n\nwon\n", "-t", "-i",
               env=dict(os.environ, MAILBRAKE_SCRIPT=path))
    c.eq((p.returncode, state_of(w, "shopb")), (0, "held"), "held for a flagged script")
    for i in (1, 2):
        c.eq(send(w, "shopb", "f%d@example.org" % i), 0, "mail around the wrapper")
    w.wait_for(lambda: frozen(w) == before + 2 and len(of_shopb()) == 2,
               "both to be frozen, and said so", 200, 0.2)
    c.eq(w.mb("discard", *[r["id"] for r in w.held() if r["login"] == "shopb"])[0], 0,
         "what is held here is reviewed")
    os.unlink(path)
    w.wait_for(lambda: not [r for r in w.mb("files", "shopb")[1] if r["path"] == path],
               "the file to be missed", 200)
    c.eq((state_of(w, "shopb"), frozen(w), left(w, "f")), ("held", before + 2, 0),
         "what is frozen was not reviewed")
    one, two = of_shopb()
    c.eq(w.mb("discard", one)[0], 0, "one is reviewed")
    c.eq((state_of(w, "shopb"), frozen(w)), ("held", before + 1), "not yet the other")
    # by the MTA's own means: judge hears of it from the log alone
    remove = ["/usr/sbin/exim4", "-Mrm"] if w.kind == "exim" else ["/usr/sbin/postsuper", "-d"]
    out = mta.run(*remove, two)
    c.eq(out.returncode, 0, "removed by hand: " + out.stdout)
    w.wait_for(lambda: state_of(w, "shopb") == "watched", "the hold to end", 200)
    c.eq((frozen(w), left(w, "f")), (before, 0), "what was discarded did not leave")


def ends_by_time(c, w):
    """A hold that ends by its time lets new mail go; what it froze waits for an admin, also after a restart."""
    c.eq(w.mb("hold", "shopa", "--for", "5s")[0], 0, "hold for a time")
    w.wait_for(lambda: frozen(w) == 3, "its queued mail to be frozen", 200, 0.2)

    def ended():
        w.send("shopa", "To: t@example.org\n\nx\n", "-t", "-i")
        return state_of(w, "shopa") != "held"
    w.wait_for(ended, "the hold to end", 200, 1)
    w.wait_for(lambda: len(w.held("frozen")) == 3, "the three to be told frozen", 200, 0.2)
    w.stop_daemon()
    w.start_daemon()
    c.eq(w.send("shopb", "To: late@example.org\n\nx\n", "-t", "-i").returncode, 0, "a later message")
    w.sink.wait("late@example.org", 1, 200)
    c.eq((frozen(w), len(w.held("frozen"))), (3, 3), "what nobody reviewed stays frozen")
    c.true("hold ended" in " ".join(r["text"] for r in w.held("frozen")), "and says why")
    w.mb("release", "shopa")
    w.wait_for(lambda: frozen(w) == 0, "release to thaw it", 200, 0.2)


def released_stays(c, w):
    """What an admin released of a held account is not frozen by a restart."""
    def known():
        return [r for r in w.mb("status")[1] if r.get("part") == "mail-queue"][0]["queued"]
    c.eq(w.mb("hold", "shopa")[0], 0, "hold")
    w.wait_for(lambda: frozen(w) >= 3, "its queued mail to be frozen", 200, 0.2)
    time.sleep(2)  # the log's lines have whole seconds: later than the hold
    before, had = frozen(w), known()

    def release(rcpt):
        c.eq(w.send("shopa", "To: %s\n\nx\n" % rcpt, "-t", "-i").returncode, 0, "a message is held")
        c.eq(w.mb("release", *[r["id"] for r in w.held() if r["login"] == "shopa"])[0], 0, "release of it alone")
    release("defer-r@example.org")
    w.wait_for(lambda: known() == had + 1, "the log to tell of it", 200, 0.2)
    c.eq(frozen(w), before, "it is not frozen before the restart")
    w.stop_daemon()
    w.start_daemon()
    w.wait_for(lambda: known() >= had + 1, "the log's memory to be told", 200, 0.2)
    c.eq(w.send("shopb", "To: after@example.org\n\nx\n", "-t", "-i").returncode, 0, "a later message")
    w.sink.wait("after@example.org", 1, 200)
    c.eq((state_of(w, "shopa"), frozen(w), w.mta.queue().get("defer-r@example.org")),
         ("held", before, False), "held, and what was released is not frozen")
    release("now-r@example.org")
    c.eq(len(w.sink.wait("now-r@example.org", 1, 200)), 1, "what is released goes, though its account is held")


def long_header(c, w):
    """A header that no question has room for does not switch the hook off."""
    before = frozen(w)
    big = "X-PHP-Script: " + "\n ".join(["a" * 900] * 60)
    data = ("Subject: around\nTo: x\n%s\n\nbuy\n" % big).encode()
    p = subprocess.run(["/usr/sbin/exim4", "-i"] + ["big%d@example.org" % i for i in range(40)],
                       input=data, cwd="/", **w.as_site("shopa"))
    c.eq(p.returncode, 0, "a message with a header of 54 kB")
    w.wait_for(lambda: left(w, "big") or frozen(w) > before, "it to be somewhere", 60, 0.2)
    c.eq(left(w, "big"), 0, "of it left")


def held_by_list(c, w):
    """Nobody is there to freeze it; it does not leave, for Exim itself knows that shopa is held."""
    c.eq(send(w, "shopa", "list@example.org"), 0, "a message of a held account while judge hangs")
    w.wait_for(lambda: re.search("list@example.org.*domain is held", open(w.mta.log).read()),
               "Exim to say that it waits", 200, 0.2)
    c.eq((left(w, "list"), w.mta.queue().get("list@example.org")), (0, False), "it waits, not frozen")


def without_judge(c, w):
    """It hangs: the MTA waits its two seconds; it is gone: nothing is waited for."""
    pids = w.role_pids("judge")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        if w.kind == "exim":
            held_by_list(c, w)
        at = time.time()
        c.eq(send(w, "shopb", "hang@example.org"), 0, "a message while judge hangs")
        c.eq(len(w.sink.wait("hang@example.org", 1, 60)), 1, "it flows while judge hangs")
        c.note("judge hangs: %.1f s" % (time.time() - at))
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    if w.kind == "exim":
        w.wait_for(lambda: w.mta.queue().get("list@example.org"), "judge to freeze it when it is back", 200, 0.2)
        held = open(w.top + "/run/brake.held").read()
        c.eq([x for x in held.splitlines() if x[0] != "#"], ["%d:" % w.sites["shopa"]], "Exim's list")
    w.stop_daemon()
    if w.kind == "exim":
        held = open(w.top + "/run/brake.held").read()
        c.eq([x for x in held.splitlines() if x[0] != "#"], [], "Exim's list after a stop")
    c.eq(send(w, "shopb", "alone@example.org"), 0, "a message without the daemon")
    c.true(len(w.sink.wait("alone@example.org", 1, 60)) == 1, "it flows without the daemon")
    c.eq(by_smtp(w, "shopb", ["alone2@example.org"]), 0, "SMTP without the daemon")
    c.true(len(w.sink.wait("alone2@example.org", 1, 60)) == 1, "SMTP flows without the daemon")


def around(c, build, kind):
    (wire_exim if kind == "exim" else wire_postfix)(mta.KINDS[kind])
    w = World(build, kind, few_rules=True)
    try:
        if kind == "exim":
            w.spawn(["/usr/sbin/exim4", "-bdf"], "exim-out")
        w.start_daemon()
        codes = [send(w, "shopa", "v%d@example.org" % i) for i in range(MESSAGES)]
        c.eq(codes, [0] * MESSAGES, "no message was refused")
        out, kept = settle(w, "v", MESSAGES)
        c.eq(state_of(w, "shopa"), "held", "the account is held")
        c.note("%d of %d left, %d frozen" % (out, MESSAGES, len(kept)))
        c.true(out <= 5, "%d messages left" % out)
        hook = [r for r in w.mb("status")[1] if r.get("part") == "mta-hook"][0]
        c.eq(hook.get("bypassed"), MESSAGES, "status: mta-hook, bypassed")
        # one that it let pass may have met the hold while it was still in the queue
        c.true(MESSAGES - 5 <= hook.get("held", 0) <= MESSAGES - out, "status: mta-hook: %s" % hook)
        if kind == "exim":
            long_header(c, w)
        other_ways(c, w)
        cause_gone(c, w)
        queued(c, w)
        ends_by_time(c, w)
        released_stays(c, w)
        without_judge(c, w)
    finally:
        w.close(keep=bool(os.environ.get("MB_KEEP")))
