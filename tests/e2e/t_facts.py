"""t_facts - what judge knows of a message for itself: whose the domains are by the list root
keeps, how old the script is by its file, and what a claim of another script is worth."""
import os
import re

from world import World

OWN = "# domain: login\nown.test: %s\nshop.example: %s\nother.test: somebody\n"


def facts(c, build, kind):
    w = World(build, kind, few_rules=True, settings="alert_mail =\nlearning_time_s = 3600\nyoung_script_s = 3600")
    try:
        site = next(iter(w.sites))
        path = w.top + "/etc/domains"
        with open(path, "w") as f:
            f.write(OWN % (site, site))
        os.chmod(path, 0o644)
        with open(w.conf, "a") as f:
            f.write("own_domains = %s\n" % path)
        w.drop(site, "form.php", "<?php echo 1;")
        w.start_daemon()
        form = w.webroot(site) + "/form.php"

        def mail(to, script=form, n=0):
            p = w.send(site, "To: %s\nSubject: hello %s\n\ntext %s %d\n" % (to, to, to, n), "-t", "-i",
                       env=dict(os.environ, MAILBRAKE_SCRIPT=script))
            c.eq(p.returncode, 0, "the wrapper's exit")
        for i in range(12):
            mail("office%d@own.test, me@SHOP.example" % i, form if i == 11 else w.webroot(site) + "/none.php")
        c.eq((len(w.held()), len(w.delivered())), (0, 12), "mail to the account's own domains")
        code, text = w.mb("explain", site, raw=True)
        text = text.decode()
        c.true("form.php (new, its own claim)" in text, "explain: the script, and that it is a claim")
        c.true(re.search(r"\bfile +\d+ s old", text), "explain: the file's age:\n" + text)
        # an own address beside a stranger's makes it no own mail, nor does another's domain;
        # the one copy to the owner by this script explains one stranger
        to = ["one@far.test, me@own.test", "two@far.test, me@own.test"]
        for i in range(12):
            mail(to[i] if i < 2 else "x%d@other.test" % i)
        left = len(w.delivered()) - 12
        c.eq(len(w.held()), 12 - left, "the rest is held")
        c.true(0 < left <= 6, "messages to strangers that left: %d" % left)
        code, rows = w.mb("release", site)
        c.eq(code, 0, "release")
        # a file that is not there has no age, and gives no new allowance
        for i in range(4):
            mail("z%d@far.test" % i, w.webroot(site) + "/made-up%d.php" % i, i)
        c.true(len(w.held()) >= 1, "made-up names after a release: half the allowance in all")
        code, text = w.mb("explain", site, raw=True)
        c.true(not re.search(rb"\bfile +\d+ s old", text), "explain: no age for a file that is not there")
        if c.failed:
            c.failed.append(w.daemon_log()[-2000:])
    finally:
        w.close()
