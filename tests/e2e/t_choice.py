"""t_choice - a shop's order mails leave while the spam is discarded: release and discard by
script, subject, recipient domain and time; trust with a scope and a time; an account that was
released is judged harder; a hold whose cause is gone ends when its mail was reviewed."""
import os
import time

from world import World

MAILER = "<?php $list = explode(\"\\n\", $_POST['emaillist']); mail($list[0], 'x', 'y');"


class Shop:
    """One site and what it sends; c counts the checks."""

    def __init__(self, c, w):
        self.c, self.w = c, w
        self.site = next(iter(w.sites))
        self.root = w.webroot(self.site)

    def mail(self, script, subject, *to):
        p = self.w.send(self.site, "To: %s\nSubject: %s\n\n%s\n" % (", ".join(to), subject, subject), "-t", "-i",
                        env=dict(os.environ, MAILBRAKE_SCRIPT=self.root + "/" + script))
        self.c.eq(p.returncode, 0, "the wrapper's exit")

    def out(self):
        return sorted(line.split(b": ", 1)[1].decode() for a, b, u in self.w.delivered()
                      for line in b.split(b"\n") if line.startswith(b"Subject: "))

    def sent(self, want, what):
        try:
            self.w.wait_for(lambda: len(self.out()) >= len(want), what)
        except TimeoutError:
            pass
        self.c.eq(self.out(), sorted(want), what)

    def states(self, *args):
        return [r["state"] for r in self.w.mb("accounts", *args)[1] if r["login"] == self.site]


def refused(c, w, site):
    """Words that choose nothing, or too much."""
    for wrong in (["release", site, "--script"], ["release", site, "--before", "yesterdayish"],
                  ["discard", site, "--before", "0"], ["discard", site, "--after", "30"],
                  ["release", "--subject", "x"], ["discard", site], ["discard", site, "--all"],
                  ["trust", site, "--for", "ever"], ["trust", site, "--rule", "none-such"],
                  ["trust", site, "--script"]):
        c.eq(w.mb(*wrong)[0], 64, "mailbrake " + " ".join(wrong))
    c.eq(w.mb("release", site, "--script", "*/nothing.php")[0], 1, "a choice nothing fits")
    c.eq(w.mb("release", site, "--before", "1h")[0], 1, "nothing is so old")
    c.eq(len(w.held()), 5, "nothing left by these")


def orders_and_spam(c, w, s):
    c.eq(w.mb("hold", s.site)[0], 0, "hold")
    s.mail("shop/checkout.php", "Your Order 1", "a@one.test")
    s.mail("shop/checkout.php", "Your order 2", "b@two.test")
    s.mail("shop/checkout.php", "Your order 3", "b@two.test", "c@three.test")
    s.mail("x.php", "You won 1", "d@two.test")
    s.mail("x.php", "Your order spam", "e@five.test")
    c.eq(len(w.held()), 5, "held")
    refused(c, w, s.site)
    # every recipient must be of the domain; a script's glob; the subject in any case
    c.eq(w.mb("release", s.site, "--domain", "TWO.test", "--script", "*/checkout.php")[0], 0, "by domain")
    s.sent(["Your order 2"], "one domain, one script")
    c.eq(w.mb("release", s.site, "--subject", "your ORDER [0-9]*", "--after", "10m")[0], 0, "by subject")
    s.sent(["Your Order 1", "Your order 2", "Your order 3"], "the shop's order mails")
    for verb in ("release", "discard"):
        code, gone = w.mb(verb, "h" + "0" * 15)
        c.eq((code, gone and gone[0]["state"]), (1, "missing"), verb + " of no message: %s" % gone)
    c.eq(s.states(), ["held"], "a choice does not end the hold")
    c.eq(w.mb("discard", s.site, "--script", "*/x.php", "--before", str(int(time.time()) + 60))[0], 0,
         "discard by script and time")
    c.eq(len(w.held()), 0, "no held mail is left")
    c.eq(len(s.out()), 3, "what was discarded did not leave")


def trust_for_a_time(c, w, s):
    """A word for a time ends by itself; a script's trust lets it pass, and only it."""
    checkout = s.root + "/shop/checkout.php"
    c.eq(w.mb("release", s.site)[0], 0, "release: the hold ends")
    c.eq(w.mb("trust", s.site, "--script", checkout, "--for", "7d")[0], 0, "trust a script")
    for i in range(8):
        s.mail("shop/checkout.php", "Paid %d" % i, "p%d@pay.test" % i)
    c.eq(len(w.held()), 0, "a trusted script's mail passes")
    # released once: half of what an unknown script may otherwise
    for i in range(4):
        s.mail("n%d.php" % i, "News %d" % i, "n%d@news.test" % i)
    c.eq(len(w.held()), 2, "held again after two of four, where five pass before a release")
    c.eq(w.mb("forget", s.site, "--script", checkout)[0], 0, "forget a script's trust")
    c.eq(w.mb("release", s.site)[0], 0, "release again")
    w.wait_for(lambda: not w.held(), "the released to leave")


def cause_gone(c, w, s):
    """A hold whose cause is gone ends when what it held was reviewed."""
    w.drop(s.site, "m.php", MAILER)
    w.wait_for(lambda: [r for r in w.mb("files", s.site)[1] if r["path"].endswith("/m.php")], "the finding")
    s.mail("m.php", "You won 2", "v@far.test")
    c.eq(s.states(), ["held"], "held by a flagged script")
    os.unlink(s.root + "/m.php")
    ids = [h["id"] for h in w.held()]
    c.eq(w.mb("discard", *ids)[0], 0, "the held is reviewed")
    w.wait_for(lambda: s.states("all") == ["watched"], "the hold to end: %s" % s.states("all"))
    _, rows = w.mb("explain", s.site)
    c.true(any(r["kind"] == "decision" and r["value"] == "cleared" for r in rows), "the decision says cleared")


def choice(c, build, kind):
    w = World(build, kind, few_rules=True, settings="alert_mail =\nlearning_time_s = 3600")
    try:
        s = Shop(c, w)
        w.start_daemon()
        orders_and_spam(c, w, s)
        trust_for_a_time(c, w, s)
        cause_gone(c, w, s)
        if c.failed:
            c.failed.append(w.daemon_log()[-2500:])
    finally:
        w.close()
