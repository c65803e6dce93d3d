"""t_rules - new rules while the daemon runs: taken when they are good, refused when not."""
import os
import signal

from world import World

RULE = """
rule %s
{
	meta:
		group = "mine"
		weight = 100
		description = "a word of these tests"
		since = "0.1"
		reference = "tests/e2e/t_rules.py"
	strings:
		$a = "%s"
	condition:
		$a
}
"""
# as foreign sets are written: no points, an include, a name this engine does not know
FOREIGN = """
include "words.yar"
rule Foreign_Word { strings: $a = "foreign-word" condition: $a and not Known_Word }
rule Foreign_Other { condition: a_fact_of_another_engine == 1 }
"""


def put(w, name, text):
    path = os.path.join(w.top, "etc/mailbrake/rules.d", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def status(w):
    return next(r for r in w.mb("status")[1] if r["part"] == "rules")


def found(w, site, name):
    path = os.path.join(w.webroot(site), name)
    rows = w.wait_for(lambda: [r for r in w.mb("files", site)[1] if r["path"] == path],
                      name + " to be found")
    return rows[0]


def while_judge_sleeps(c, w):
    """The trial has spoken and ended before judge reads a word of it: the reason counts."""
    before, judge = status(w), w.role_pids("judge")[0]
    said = w.daemon_log().count("rules_refused kept=old")
    put(w, "late.yar", RULE[:RULE.index("strings")] % "late" + "condition: nothing_known }")
    os.kill(judge, signal.SIGSTOP)
    try:
        w.daemon.send_signal(signal.SIGHUP)
        w.wait_for(lambda: w.daemon_log().count("rules_refused kept=old") > said,
                   "the trial to end", 60)
    finally:
        os.kill(judge, signal.SIGCONT)
    s = w.wait_for(lambda: [r for r in [status(w)] if "late.yar" in r["reload_problem"]],
                   "the reason in status")[0]
    c.eq(s["reloads_refused"], before["reloads_refused"] + 1, "told once: %s" % s)
    os.unlink(os.path.join(w.top, "etc/mailbrake/rules.d/late.yar"))


def reload_story(c, build, kind):
    w = World(build, few_rules=True, settings="alert_mail =")
    try:
        site = next(iter(w.sites))
        os.makedirs(w.top + "/etc/mailbrake/rules.d", exist_ok=True)
        w.start_daemon()
        first = status(w)
        c.eq((first["state"], first["rules"]), ("ok", 1), "at the start: %s" % first)

        put(w, "mine.yar", RULE % ("mine_one", "one-bad-word"))
        code, rows = w.mb("rules", "reload")
        c.eq((code, rows and rows[0]["state"]), (0, "in-force"), "a good file: %s" % rows)
        c.eq(rows[0]["rules"], 2, "rules in force")
        ready = next(r for r in w.mb("status")[1] if r["part"] == "scan")
        c.eq(ready["state"], "ok", "all workers of the new set are there: %s" % ready)
        w.drop(site, "one.php", "<?php echo 'one-bad-word';")
        c.eq(found(w, site, "one.php")["rules"], ["mine_one"], "the new rule is in force")
        c.note("taken")

        for what, name, text in (
                ("a broken file", "broken.yar", "rule broken { condition: nothing_known }"),
                ("an honest file reported", "samples/benign/page.b64",
                 "PD9waHAgZWNobyAnb25lLWJhZC13b3JkJzs="),
                ("a sample that is missed", "samples/hit/mine_one.b64",
                 "PD9waHAgZWNobyAnaGVsbG8nOw==")):
            put(w, name, text if name.endswith("b64") else
                text.replace("rule broken {", RULE[:RULE.index("strings")] % "broken"))
            code, rows = w.mb("rules", "reload")
            c.eq((code, rows and rows[0]["state"]), (1, "refused"), "%s: %s" % (what, rows))
            c.true(os.path.basename(name) in rows[0]["text"], "%s is named: %s" % (what, rows))
            s = status(w)
            c.eq((s["state"], s["rules"], s["rules_broken"]), ("degraded", 2, 0),
                 "%s: the old set stays: %s" % (what, s))
            c.true(os.path.basename(name) in s["reload_problem"], "status says it: %s" % s)
            os.unlink(os.path.join(w.top, "etc/mailbrake/rules.d", name))
        while_judge_sleeps(c, w)
        w.drop(site, "two.php", "<?php echo 'two', 'one-bad-word';")
        c.eq(found(w, site, "two.php")["rules"], ["mine_one"], "meanwhile the old set looks")
        c.note("refused")

        put(w, "set.yar", FOREIGN)
        put(w, "words.yar", "private rule Known_Word { condition: filesize == 3 }")
        code, rows = w.mb("rules", "reload")
        c.eq((code, rows and rows[0]["rules_skipped"]), (0, 1), "a foreign set: %s" % rows)
        w.drop(site, "three.php", "<?php echo 'foreign-word';")
        c.eq((found(w, site, "three.php")["rules"], found(w, site, "three.php")["score"]),
             (["Foreign_Word"], 50), "its rule counts 50 points")
        s = status(w)
        c.eq((s["state"], s["reload_problem"]), ("ok", ""), "well again: %s" % s)
        c.note("foreign set")
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()


def known_good(c, build, kind):
    w = World(build, few_rules=True, settings="alert_mail =")
    try:
        site = next(iter(w.sites))
        w.start_daemon()
        text = "<?php /* %s */ explode(\"\\n\", $_POST['emaillist']);"

        def score(name):
            path = os.path.join(w.webroot(site), name)
            return sum(r["value"] for r in w.mb("explain", site)[1]
                       if r["kind"] == "finding" and r["name"] == path)

        def evidence():
            rows = w.mb("accounts", "all")[1]
            return next((r["score"] for r in rows if r["login"] == site), None)

        def wait(points, why):
            try:
                w.wait_for(lambda: evidence() == points, why)
            except TimeoutError:
                pass
            c.eq(evidence(), points, why)

        w.drop(site, "one.php", text % "one")
        sha = found(w, site, "one.php")["sha256"]
        wait(100, "evidence of one file")
        for args in ((), ("--hash", "12", "--reason", "x"), ("--hash", sha),
                     ("--path", "/*/x.php", "--reason", "x"), ("--rule",),
                     ("--hash", sha, "--reason", "x", "--for", "soon"),
                     ("--hash", sha, "--reason", "x", "--user", "nobody-at-all"),
                     ("--hash", sha, "--reason", "x", "--until", "2001-01-01")):
            c.eq(w.mb("known-good", "add", *args)[0], 64, "refused: %s" % (args,))
        c.eq(w.mb("known-good")[0], 1, "none was said")

        for args in (("--hash", sha), ("--rule", "few_mailer"),
                     ("--path", w.webroot(site) + "/*.php"), ("--path", w.webroot(site) + "/"),
                     ("--rule", "few_mailer", "--user", site)):
            code, rows = w.mb("known-good", "add", *args, "--for", "30d", "--reason", "ours")
            c.eq((code, len(rows)), (0, 1), "add %s: %s" % (args, rows))
            wait(0, "no evidence with %s" % (args,))
            why = [r for r in w.mb("explain", site)[1] if r["kind"] == "finding"]
            c.true(why and "ours" in why[0]["text"] and why[0]["value"] == 0,
                   "explain says why: %s" % why)
            c.eq(w.mb("known-good", "end", rows[0]["id"])[0], 0, "end")
            wait(100, "evidence again after %s" % (args,))
        c.eq(w.mb("known-good", "end", "00000000")[0], 1, "end of what was not said")
        c.note("said and ended")

        # by hash: another content is another file; kept over a restart
        w.mb("known-good", "add", "--hash", sha, "--reason", "ours")
        wait(0, "no evidence")
        w.stop_daemon()
        w.start_daemon()
        c.eq([r["reason"] for r in w.mb("known-good")[1]], ["ours"], "kept over a restart")
        w.drop(site, "two.php", text % "two")
        found(w, site, "two.php")
        wait(100, "another content counts")
        c.eq((score("one.php"), score("two.php")), (0, 100), "of the two")
        c.note("over a restart")
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()
