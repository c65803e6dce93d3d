"""t_form - bulk mail is looked at while it is sent: what it lacks is told, none is held.

Job: one account sends a list whose mail names itself bulk; `explain` tells what the sample
lacks, and every message left.
"""
import os
import re
import subprocess

from world import World

BULK = "From: Shop <news@shop.test>\nTo: %s\nSubject: news %d\nPrecedence: bulk\n\nbuy this\n"


def status_named(c, build, rows):
    """Every part and state that status sends stands in the table of columns.def."""
    text = subprocess.run([os.path.join(build, "mailbrake"), "config", "mdoc-rows"],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    text = text.split(".Ss status", 1)[1].split(".Ss", 1)[0]
    for field in ("part", "state"):
        named = text.split(".It Va %s\n" % field, 1)[1].split(".It", 1)[0]
        named = set(re.findall(r"[a-z]+(?:-[a-z]+)*", re.sub(r"\([^)]*\)", "", named)))
        c.eq({r[field] for r in rows} - named, set(), "status sends a %s no table names" % field)


def form(c, build, kind):
    w = World(build, kind, few_rules=True)
    try:
        w.start_daemon()
        site = sorted(w.sites)[0]
        c.eq(w.mb("trust", site)[0], 0, "trust " + site)
        for i in range(12):  # the sample: at least one of each four
            p = w.send(site, BULK % ("a%d@example.org" % i, i), "-i", "a%d@example.org" % i)
            c.eq(p.returncode, 0, "sending: %r" % p.stderr[:200])
        rows = [r for r in w.mb("explain", site)[1] if r["name"] == "bulk mail"]
        if c.eq(len(rows), 1, "explain tells of the form of its bulk mail"):
            c.true({"list-unsubscribe", "postal-address"} <= set(rows[0]["checks"].split()),
                   "what it lacks: %r" % rows[0])
        c.eq(w.held(), [], "held")
        status_named(c, build, w.mb("status")[1])
    finally:
        w.close()
