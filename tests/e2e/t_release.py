"""t_release - an account that stops the sending of its released mail stops nobody else's."""
import os
import subprocess

from world import SITES, World

STOPS = """#!/bin/sh
test "$(id -u)" = %d && exec sleep 300
exec %s "$@"
"""


def fair(c, build, kind):
    w = World(build, kind, few_rules=True, settings="alert_mail =\nheld_free_min = 0")
    bad, good = list(SITES)[:2]
    slow = None
    try:
        program = w.top + "/bin/stops"
        with open(program, "w") as f:
            f.write(STOPS % (w.sites[bad], w.real))
        os.chmod(program, 0o755)
        text = open(w.conf).read()
        with open(w.conf, "w") as f:
            f.write(text.replace("sendmail_real = " + w.real, "sendmail_real = " + program))
        w.start_daemon()
        for site, count in ((bad, 20), (good, 2)):
            c.eq(w.mb("hold", site)[0], 0, "hold " + site)
            for i in range(count):
                c.eq(w.send(site, "Subject: %d\n\nx\n" % i, "a%d@example.org" % i).returncode, 0, "held")
        c.eq(len(w.held()), 22, "messages held")
        slow = subprocess.Popen([w.top + "/bin/mailbrake", "--conf", w.conf, "release", bad],
                                stdout=subprocess.DEVNULL)
        w.wait_for(lambda: w.held("releasing"), "its sending to hang", 60)
        code, rows = w.mb("release", good, timeout=100)
        c.eq((code, [r["state"] for r in rows if "id" in r]), (0, ["released"] * 2),
             "the other's release: %s" % rows)
        hang = [r for r in w.held("releasing") if r["login"] == bad]
        c.true(hang, "the first still hangs: it was not waited for")
        c.note("%d of one account hang, 2 of another's were sent" % len(hang))
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        if slow:
            slow.kill()
            slow.wait()
        w.close()
