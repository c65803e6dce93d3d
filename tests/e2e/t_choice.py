"""t_choice - a shop's order mails leave while the spam is discarded: release and discard by
script, subject, recipient domain and time; trust with a scope and a time; an account that was
released is judged harder; a hold whose cause is gone ends when its mail was reviewed."""
import os
import time

from world import World

MAILER = "<?php $list = explode(\"\\n\", $_POST['emaillist']); mail($list[0], 'x', 'y');"


def choice(c, build, kind):
    w = World(build, kind, few_rules=True, settings="alert_mail =\nlearning_time_s = 3600")
    try:
        site = next(iter(w.sites))
        root = w.webroot(site)
        w.start_daemon()

        def mail(script, subject, *to):
            p = w.send(site, "To: %s\nSubject: %s\n\n%s\n" % (", ".join(to), subject, subject), "-t", "-i",
                       env=dict(os.environ, MAILBRAKE_SCRIPT=root + "/" + script))
            c.eq(p.returncode, 0, "the wrapper's exit")

        def out():
            return sorted(line.split(b": ", 1)[1].decode() for a, b, u in w.delivered()
                          for line in b.split(b"\n") if line.startswith(b"Subject: "))

        def sent(want, what):
            try:
                w.wait_for(lambda: len(out()) >= len(want), what)
            except TimeoutError:
                pass
            c.eq(out(), sorted(want), what)

        c.eq(w.mb("hold", site)[0], 0, "hold")
        mail("shop/checkout.php", "Your Order 1", "a@one.test")
        mail("shop/checkout.php", "Your order 2", "b@two.test")
        mail("shop/checkout.php", "Your order 3", "b@two.test", "c@three.test")
        mail("x.php", "You won 1", "d@two.test")
        mail("x.php", "Your order spam", "e@five.test")
        c.eq(len(w.held()), 5, "held")
        for wrong in (["release", site, "--script"], ["release", site, "--before", "yesterdayish"],
                      ["discard", site, "--before", "0"], ["discard", site, "--after", "30"],
                      ["release", "--subject", "x"], ["discard", site], ["discard", site, "--all"],
                      ["trust", site, "--for", "ever"], ["trust", site, "--rule", "none-such"],
                      ["trust", site, "--script"]):
            c.eq(w.mb(*wrong)[0], 64, "mailbrake " + " ".join(wrong))
        c.eq(w.mb("release", site, "--script", "*/nothing.php")[0], 1, "a choice nothing fits")
        c.eq(w.mb("release", site, "--before", "1h")[0], 1, "nothing is so old")
        c.eq(len(w.held()), 5, "nothing left by these")
        # every recipient must be of the domain; a script's glob; the subject in any case
        c.eq(w.mb("release", site, "--domain", "TWO.test", "--script", "*/checkout.php")[0], 0, "by domain")
        sent(["Your order 2"], "one domain, one script")
        c.eq(w.mb("release", site, "--subject", "your ORDER [0-9]*", "--after", "10m")[0], 0, "by subject")
        sent(["Your Order 1", "Your order 2", "Your order 3"], "the shop's order mails")
        code, rows = w.mb("accounts")
        for verb in ("release", "discard"):
            code, gone = w.mb(verb, "h" + "0" * 15)
            c.eq((code, gone and gone[0]["state"]), (1, "missing"), verb + " of no message: %s" % gone)
        c.eq([r["state"] for r in rows if r["login"] == site], ["held"], "a choice does not end the hold")
        c.eq(w.mb("discard", site, "--script", "*/x.php", "--before", str(int(time.time()) + 60))[0], 0,
             "discard by script and time")
        c.eq(len(w.held()), 0, "no held mail is left")
        c.eq(len(out()), 3, "what was discarded did not leave")

        # a word for a time ends by itself; a script's trust lets it pass, and only it
        c.eq(w.mb("release", site)[0], 0, "release: the hold ends")
        c.eq(w.mb("trust", site, "--script", root + "/shop/checkout.php", "--for", "7d")[0], 0, "trust a script")
        for i in range(8):
            mail("shop/checkout.php", "Paid %d" % i, "p%d@pay.test" % i)
        c.eq(len(w.held()), 0, "a trusted script's mail passes")
        # released once: half of what an unknown script may otherwise
        for i in range(4):
            mail("n%d.php" % i, "News %d" % i, "n%d@news.test" % i)
        held = len(w.held())
        c.eq(held, 2, "held again after two of four, where five pass before a release")
        c.eq(w.mb("forget", site, "--script", root + "/shop/checkout.php")[0], 0, "forget a script's trust")
        c.eq(w.mb("release", site)[0], 0, "release again")
        w.wait_for(lambda: not w.held(), "the released to leave")

        # a hold whose cause is gone ends when what it held was reviewed
        w.drop(site, "m.php", MAILER)
        w.wait_for(lambda: [r for r in w.mb("files", site)[1] if r["path"].endswith("/m.php")], "the finding")
        mail("m.php", "You won 2", "v@far.test")
        code, rows = w.mb("accounts")
        c.eq([(r["state"]) for r in rows if r["login"] == site], ["held"], "held by a flagged script")
        os.unlink(root + "/m.php")
        ids = [h["id"] for h in w.held()]
        c.eq(w.mb("discard", *ids)[0], 0, "the held is reviewed")

        def state():
            return [r["state"] for r in w.mb("accounts", "all")[1] if r["login"] == site]
        w.wait_for(lambda: state() == ["watched"], "the hold to end: %s" % state())
        code, rows = w.mb("explain", site)
        c.true(any(r["kind"] == "decision" and r["value"] == "cleared" for r in rows), "the decision says cleared")
        if c.failed:
            c.failed.append(w.daemon_log()[-2500:])
    finally:
        w.close()
