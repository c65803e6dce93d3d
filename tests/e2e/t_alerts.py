"""t_alerts - an alert that reached nobody is said; what a reload changes, and what not."""
import os
import signal

from world import World

TEXT = "<?php /* %s */ explode(\"\\n\", $_POST['emaillist']);"


def alerts(c, build, kind):
    w = World(build, kind, few_rules=True, settings="alert_mail =")
    try:
        site = next(iter(w.sites))
        hooks = os.path.join(w.top, "etc/mailbrake/hooks.d")
        told = os.path.join(w.top, "told")
        os.makedirs(hooks, exist_ok=True)
        hook = os.path.join(hooks, "page")

        def set_up(code):
            with open(hook + ".new", "w") as f:
                f.write("#!/bin/sh\ncat >>%s\nexit %d\n" % (told, code))
            os.chmod(hook + ".new", 0o700)
            os.rename(hook + ".new", hook)

        def part():
            return next(r for r in w.mb("status")[1] if r["part"] == "alerts")

        def lines():
            return open(told).read().count("\n") if os.path.exists(told) else 0

        set_up(3)
        w.start_daemon()
        c.eq(part()["state"], "ok", "at the start")
        w.drop(site, "one.php", TEXT % "one")
        w.wait_for(lambda: part()["state"] == "degraded", "the failure in status")
        s = part()
        c.true("page" in s["text"] and s["failed"] >= 1, "the hook is named: %s" % s)
        c.true(lines() >= 1, "the hook ran")
        c.true("alert_not_told" in w.daemon_log(), "the log says it")
        # the next one goes out: status is well again, the first still waits for its turn
        set_up(0)
        c.eq(w.mb("hold", site)[0], 0, "hold: another incident")
        w.wait_for(lambda: part()["state"] == "ok", "well again")
        c.true(lines() >= 2, "told")
        c.note("failure said, well again")
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()


def settings(c, build, kind):
    """New settings by SIGHUP: the log that is read changes, what can't change is said."""
    w = World(build, kind, few_rules=True, settings="alert_mail =\nmta = exim\nmta_log = none")
    try:
        log = os.path.join(w.top, "exim.log")
        open(log, "w").close()
        os.chmod(log, 0o644)
        w.start_daemon()

        def parts(name):
            return [r for r in w.mb("status")[1] if r["part"] == name]

        c.eq(parts("conf"), [], "nothing was changed")
        c.true(log not in str(parts("mtlog")), "no log is read")
        before = open(w.conf).read()
        with open(w.conf, "w") as f:
            f.write(before.replace("mta_log = none", "mta_log = " + log))
            f.write("own_domains = none\n")
        w.daemon.send_signal(signal.SIGHUP)
        w.wait_for(lambda: log in str(parts("mtlog")), "the new log to be read")
        c.true("own_domains" in str(parts("conf")), "a restart is asked for: %s" % parts("conf"))
        c.eq(parts("conf")[0]["state"], "degraded", "state")
        good = open(w.conf).read()
        with open(w.conf, "a") as f:
            f.write("scan_workers = many\n")
        w.daemon.send_signal(signal.SIGHUP)
        w.wait_for(lambda: "reload_refused" in w.daemon_log(), "bad settings refused")
        with open(w.conf, "w") as f:
            f.write(good)  # the command reads it too
        c.true(log in str(parts("mtlog")), "the old ones stay")
        c.note("taken, said, refused")
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()
