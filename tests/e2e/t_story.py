"""t_story - the story the product is for, with real PHP and a real mail system.

A mailer is dropped into one account's web root: found within a second, its
messages held and none of them out, the other account's order mail out as ever;
the admin is told, looks, releases some and discards the rest; the released go
out as their owner, byte for byte, once.
"""
import os
import subprocess
import time
import urllib.parse

import world
from world import World

RCPTS = 30
HERE = os.path.dirname(os.path.abspath(__file__))


def sample(name):
    with open(os.path.join(HERE, name)) as f:
        return f.read()


def lines(data):
    """Bytes as lines, whatever ends them; what ends the last does not matter to SMTP."""
    return data.replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n")


def run_mailer(w, site, script, count):
    """Through the site's own php-fpm pool where there is one, else with php-cli."""
    form = urllib.parse.urlencode({
        "emaillist": "\n".join("victim%d@example.org" % i for i in range(count)),
        "from": "winner@lottery.test", "realname": "Big Prize", "subject": "WW91IHdvbiE=",
        "message": "<p>You won, [-email-]</p>\n.\n.. dots"})
    if world.ROOT:
        return w.web(site, script, post=form.encode())
    code = "parse_str(stream_get_contents(STDIN), $_POST); chdir('%s'); require '%s';" % (
        w.webroot(site), os.path.join(w.webroot(site), script))
    p = subprocess.run(["php", "-d", "sendmail_path=" + w.wrapper + " -t -i",
                        "-d", "mail.add_x_header=On", "-r", code], input=form.encode(),
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.stdout.decode()


def out_there(w, end):
    """Messages that left: (data, uid or None) of those to addresses ending so."""
    if w.sink:
        return [m.data for m in w.sink.to(end)]
    return [b for a, b, u in w.delivered() if end.encode() in b]


def found(c, w, site, name, text):
    dropped = w.drop(site, name, text)

    def hit():
        code, rows = w.mb("files", site)
        return [r for r in rows if r["path"].endswith("/" + name)
                and r["verdict"] == "malicious"]
    try:
        rows = w.wait_for(hit, "the mailer to be found", 60, 0.01)
    except TimeoutError as e:
        c.true(False, str(e) + "\n" + w.daemon_log()[-1500:])
        return
    seen = time.time() - dropped  # how soon it must be is asked by make bench
    c.eq(rows[0]["login"], site, "whose file it is")
    c.note("mailer found %.0f ms after close()" % (seen * 1000))


def held_and_honest(c, w, bad, good):
    text = run_mailer(w, bad, "wp-content/uploads/x.php", RCPTS)
    c.eq(text.count(" sent"), RCPTS, "mail() said true each time: " + text[:200])
    if good:
        c.eq(w.web(good, "order.php", query="order=7"), "order confirmed", "the order")
        sent = w.sink.wait("customer7@example.org", 1) if w.sink else []
        if w.sink and c.eq(len(sent), 1, "order mail out"):
            c.eq(lines(sent[0].body)[2], b"thank you for order 7. We ship it tomorrow.",
                 "order mail's text")
            c.true(sent[0].head.count(b"Your order 7") == 1, "order mail's subject")
    held = w.held()
    c.eq(len(held), RCPTS, "held messages")
    c.eq({h["login"] for h in held}, {bad}, "whose they are")
    left = [d for d in out_there(w, "@example.org") if b"lottery.test" in d]
    c.eq(len(left), 0, "messages of the mailer that left")
    c.note("%d of %d messages held, %d left before the hold" % (len(held), RCPTS, len(left)))
    return held


def looks(c, w, bad, good, held):
    code, rows = w.mb("accounts")
    mine = [r for r in rows if r["login"] == bad]
    c.eq([r["state"] for r in mine], ["held"], "accounts: state")
    if good:
        c.eq([r for r in rows if r["login"] == good and r["state"] == "held"], [],
             "accounts: the honest one")
    code, rows = w.mb("explain", bad)
    c.true(code == 0 and any(r["kind"] == "decision" and "held" in str(r.get("name"))
                             for r in rows), "explain: a decision to hold")
    c.true(any("x.php" in str(r) for r in rows), "explain names the file")
    code, rows = w.mb("report", "1")
    c.eq(code, 0, "mailbrake report")
    c.true(any(r["kind"] == "hold" and r["count"] == 1 for r in rows), "report: one hold")
    kept = len(w.mb("held", bad)[1])  # and what is frozen in the MTA's own queue
    c.true(kept >= len(held), "held of the account: %d" % kept)
    c.eq([r["count"] for r in rows if r["kind"] == "account" and r["name"] == bad], [kept],
         "report: what was held of the account")
    code, text = w.mb("status", "--check", raw=True)
    c.true(text.startswith(b"MAILBRAKE ") and code in (0, 1), "status --check: " + str(text))
    code, text = w.mb("status", "--metrics", raw=True)
    c.true(b"\nmailbrake_judge_messages_held %d\n" % len(held) in text and
           text.endswith(b"mailbrake_up 1\n"), "status --metrics")
    code, rows = w.mb("top")
    c.eq(code, 0, "mailbrake top")
    c.eq([r["held_messages"] for r in rows if r["login"] == bad], [len(held)], "top names it")
    code, rows = w.mb("show", held[0]["id"])
    c.eq((code, rows[0]["id"], rows[0]["uid"]), (0, held[0]["id"], w.sites[bad]), "show")
    code, raw = w.mb("show", "--raw", held[0]["id"], raw=True)
    c.eq(code, 0, "show --raw: exit")
    c.true(b"To: victim" in raw and b"\n.\n" in raw.replace(b"\r\n", b"\n"),
           "show --raw: the bytes PHP wrote")


def told(c, w, bad):
    def mails():
        return out_there(w, "admin@mb.test")
    try:
        w.wait_for(lambda: [m for m in mails() if b"olding mail" in m], "the alert")
    except TimeoutError as e:
        c.true(False, str(e))
        return
    time.sleep(0.5)
    about = [m for m in mails() if bad.encode() in m]
    c.true(1 <= len(about) <= 2, "alerts about it: %d" % len(about))


def same_message(raw, data, c, what):
    """What was delivered is what was held: each header line of it, and every body line."""
    head, body = raw.replace(b"\r\n", b"\n").split(b"\n\n", 1)
    got_head, got_body = data.replace(b"\r\n", b"\n").split(b"\n\n", 1)
    c.eq(lines(got_body), lines(body), what + ": body")
    got = got_head.split(b"\n")
    missing = [l for l in head.split(b"\n") if l not in got]
    c.eq(missing, [], what + ": header lines")


def reviewed(c, w, bad, held):
    chosen, rest = held[:3], held[3:]
    raws = {h["id"]: w.mb("show", "--raw", h["id"], raw=True)[1] for h in chosen}
    code, rows = w.mb("release", *[h["id"] for h in chosen])
    c.eq(code, 0, "release: exit, %s" % rows)
    code, rows = w.mb("discard", *[h["id"] for h in rest])
    c.eq((code, len(rows)), (0, len(rest)), "discard")
    if w.sink:
        w.sink.wait("@example.org", len(chosen) + 1)
        time.sleep(0.5)
    else:
        w.wait_for(lambda: len(out_there(w, "@example.org")) >= len(chosen), "the released")
    out = [d for d in out_there(w, "@example.org") if b"lottery.test" in d]
    c.eq(len(out), len(chosen), "released messages that went out, once each")
    for h in chosen:
        raw = raws[h["id"]]
        to = raw.split(b"To: ", 1)[1].split(b"\r\n", 1)[0].split(b"\n", 1)[0]
        match = [d for d in out if b"To: " + to + b"\r\n" in d.replace(b"\n", b"\r\n").replace(
            b"\r\r\n", b"\r\n")]
        if c.eq(len(match), 1, "delivered to %r" % to):
            if w.sink:
                same_message(raw, match[0], c, "released %s" % h["id"])
            else:
                c.eq(match[0], raw, "released %s byte for byte" % h["id"])
    if w.sink:
        owner = {"postfix": b"from userid %d" % w.sites[bad], "exim": b"from " + bad.encode()}
        c.true(all(owner[w.kind] in d for d in out), "sent as their owner")
    else:
        uids = {u for a, b, u in w.delivered() if b"lottery.test" in b}
        c.eq(uids, {w.sites[bad]}, "sent as their owner")
    code, rows = w.mb("release", chosen[0]["id"])
    c.true(code != 0, "a second release is refused")
    c.eq(len(w.held()), 0, "nothing left in the hold")
    time.sleep(0.3)
    out = [d for d in out_there(w, "@example.org") if b"lottery.test" in d]
    c.eq(len(out), len(chosen), "nothing went out twice")


def queued(w, site):
    """A message that the other side defers: it waits in the mail system's own queue."""
    rcpt = "defer-%s@example.org" % site
    p = w.send(site, b"Subject: later\n\nlater\n", "-i", rcpt)
    if p.returncode != 0:
        raise RuntimeError("sendmail: %d %r" % (p.returncode, p.stderr))
    w.wait_for(lambda: rcpt in w.mta.queue(), rcpt + " in the queue", 60, 0.1)

    def deferred():
        with open(w.mta.log, errors="replace") as f:
            return any(rcpt in line and ("status=deferred" in line or " == " in line)
                       for line in f)
    # while it is being delivered the message is locked, and Exim freezes no locked message
    w.wait_for(deferred, rcpt + " to be deferred", 60, 0.1)
    time.sleep(0.5)
    return rcpt


def frozen(c, w, mine, other):
    """What the held account had queued before is frozen, and only that."""
    try:
        w.wait_for(lambda: w.mta.queue().get(mine), mine + " to be frozen", 60, 0.1)
    except TimeoutError as e:
        c.true(False, "%s: %s" % (e, w.mta.queue()))
    c.eq(w.mta.queue().get(other), False, "the other account's queued mail is not frozen")


def thawed(c, w, site, mine):
    code, rows = w.mb("release", site)
    c.true(code == 0, "release of the account: %s" % rows)
    try:
        w.wait_for(lambda: not w.mta.queue().get(mine, False), mine + " to be thawed", 60, 0.1)
    except TimeoutError as e:
        c.true(False, "%s: %s" % (e, w.mta.queue()))
    c.true(mine in w.mta.queue(), "and it still waits, unsent: %s" % w.mta.queue())


def story(c, build, kind):
    w = World(build, kind)
    try:
        sites = list(w.sites)
        bad, good = sites[0], sites[1] if len(sites) > 1 else None
        if world.ROOT:
            w.start_fpm()
            w.drop(good, "order.php", sample("order.php"))
        w.start_daemon()
        if good:
            c.eq(w.web(good, "order.php", query="order=1"), "order confirmed", "an order before")
        waiting = [queued(w, s) for s in (bad, good)] if w.mta else []
        found(c, w, bad, "wp-content/uploads/x.php", sample("mailer.php"))
        held = held_and_honest(c, w, bad, good if w.sink else None)
        if not held:
            c.failed.append(w.daemon_log()[-3000:])
            return
        looks(c, w, bad, good, held)
        told(c, w, bad)
        if waiting:
            frozen(c, w, *waiting)
        reviewed(c, w, bad, held)
        if waiting:
            thawed(c, w, bad, waiting[0])
            c.note("its queued mail frozen meanwhile")
        c.eq(w.stop_daemon(), 0, "the daemon's exit code")
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()
