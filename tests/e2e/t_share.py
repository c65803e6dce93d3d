"""t_share - a walk over old files keeps to its share, and a file that changes goes first.

With one percent of the processors the walk takes long; a mailer dropped meanwhile is found
while the walk still has files to look at. With all of them it comes to its end.
"""
import signal

from world import World

OLD = 1500
# dear enough that one percent of the processors is busy with them for long
TEXT = "<?php\n" + "".join("$a%d = trim($x) . strlen('%d');\n" % (i, i) for i in range(600))


def share(c, build, kind):
    w = World(build, kind, settings="scan_cpu_share = 1\nalert_mail =", few_rules=True)
    try:
        site = next(iter(w.sites))
        for i in range(OLD):
            w.drop(site, "old/%d/%d.php" % (i % 20, i), TEXT)
        w.start_daemon()

        def looked():
            rows = {r.get("part"): r for r in w.mb("status")[1]}
            return sum(rows["scan"].get("files_" + k, 0)
                       for k in ("clean", "suspicious", "malicious", "unscanned"))

        w.wait_for(lambda: looked() > 0, "the walk to begin")
        w.drop(site, "new.php", "<?php $a = explode(\"\\n\", $_POST['emaillist']);\n")
        w.wait_for(lambda: "new.php" in w.daemon_log(), "the mailer to be found", 120)
        then = looked()
        c.true(then < OLD, "%d files were looked at before it" % then)
        with open(w.conf) as f:
            text = f.read()
        with open(w.conf, "w") as f:
            f.write(text.replace("scan_cpu_share = 1\n", "scan_cpu_share = 100\n"))
        w.daemon.send_signal(signal.SIGHUP)
        w.wait_for(lambda: looked() > OLD, "the walk to end", 300)
        c.eq(looked(), OLD + 1, "each file once")
        c.note("found with %d of %d old files looked at" % (then, OLD))
    finally:
        w.close()
