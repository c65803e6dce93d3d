#!/usr/bin/env python3
"""lab - the traffic laboratory: honest accounts and attackers, and what the judgement makes of them

Job:     write seeded traces of mailbrake replay's JSONL (lab.py gen), or run replay on many and
         print the two tables of DECISIONS (lab.py run): attacker kind x {rules know it, do not}
         -> recipients that left; honest kind -> wrong holds per 1,000 accounts a month.
Touches: standard output; run starts `mailbrake replay` and writes nothing but --cache.

What an account sends stands in account.py (its dialect), honest.py and attackers.py.
"""
import argparse
import hashlib
import json
import multiprocessing
import os
import pickle
import random
import subprocess
import sys

from account import DAY, T0
from attackers import ATTACKS, attacked
from honest import HONEST, honest


class Slice:
    """Some accounts and their trace: made once, kept in --cache, replayed as often as wanted."""

    def __init__(self, args, what, seed, todo):
        self.what, self.seed, self.todo, self.days = what, seed, todo, args.days
        self.cache = args.cache

    def make(self):
        accounts = []
        for j, (kind, known, i) in enumerate(self.todo):
            if self.what == "attack":
                r = random.Random("%s/a/%s/%s/%d" % (self.seed, kind, known, i))
                a = attacked(r, 1001 + j, kind, known, 30)
            else:
                a = honest(random.Random("%s/h/%s/%d" % (self.seed, kind, i)), 1001 + j, kind, self.days)
            a.known, a.index = known, i
            accounts.append(a)
        events = []
        for a in accounts:
            events += a.events
            a.count = len(a.events)
            a.events = a.sent = a.book = a.past = None
        events.sort(key=lambda e: e[0])
        return accounts, "\n".join(l for _, l in events) + "\n"

    def get(self):
        if self.cache is None:
            return self.make()
        mark = hashlib.sha1()
        for part in ("account.py", "honest.py", "attackers.py"):
            with open(os.path.join(os.path.dirname(__file__), part), "rb") as f:
                mark.update(f.read())
        mark.update(repr((self.what, self.seed, self.todo, self.days)).encode())
        name = "%s/%s" % (self.cache, mark.hexdigest())
        if not os.path.exists(name + ".meta"):
            accounts, text = self.make()
            with open(name + ".jsonl", "w") as f:
                f.write(text)
            with open(name + ".meta", "wb") as f:
                pickle.dump(accounts, f)
        with open(name + ".meta", "rb") as f:
            return pickle.load(f), name + ".jsonl"


def replay(job):
    binary, piece = job
    accounts, trace = piece.get()
    p = subprocess.run([binary, "replay", "--format", "jsonl", "--json", trace if piece.cache else "-"],
                       input=None if piece.cache else trace, text=True, stdout=subprocess.PIPE, check=True)
    last = json.loads(p.stdout.strip().rsplit("\n", 1)[-1])["summary"]
    if last["damaged"] or last["submissions"] == 0:
        sys.exit("lab: the trace was not understood: %s" % last["damaged"])
    return piece.what, piece.seed, accounts, {x["uid"]: x for x in last["per_account"]}


def took(args, a, seed, x, attacks, honests):
    """One account's figures into the tables; what is out of bounds is told."""
    if hasattr(a, "usual"):
        left = x["bad_passed_rcpts"]
        attacks.setdefault((a.kind, a.known), []).append((left, a.usual, a))
        out = left > a.allowed
        what = "over: known=%s left=%d usual=%d base=%s style=%s" % (a.known, left, a.usual, a.base, a.style)
    else:
        out = x is not None and x["holds"] > 0
        honests.setdefault(a.kind, []).append(out)
        if not out:
            return
        what = "wrong: %s day=%.2f passed=%d %s" % (
            x["why"], (x["first_held_t"] - T0) / DAY, x["passed_rcpts"],
            {k: getattr(a, k) for k in ("subjects", "bodies", "no_age", "names_script", "personal", "bcc", "tells", "ship_batch")})
    if out and args.verbose:
        sys.stderr.write("%s seed=%s i=%d %s\n" % (a.kind, seed, a.index, what))


def run_all(args, seeds):
    pieces = []
    for seed in seeds:
        attacks = [(k, known, i) for k in ATTACKS for known in (False, True) for i in range(args.attacks)]
        honests = [(k, False, i) for k in HONEST if k not in args.leave_out for i in range(args.honest)]
        if args.only:
            attacks = [t for t in attacks if t[0] in args.only]
            honests = [t for t in honests if t[0] in args.only]
        for what, todo in (("attack", attacks), ("honest", honests)):
            todo.sort(key=lambda t: t[2])
            pieces += [Slice(args, what, seed, todo[at:at + 100]) for at in range(0, len(todo), 100)]
    attacks, honests, lines = {}, {}, 0
    with multiprocessing.Pool(args.jobs) as pool:
        for what, seed, accounts, got in pool.imap(replay, [(args.bin, p) for p in pieces]):
            for a in accounts:
                lines += a.count
                took(args, a, seed, got.get(a.uid), attacks, honests)
    return attacks, honests, lines


def print_tables(attacks, honests, out):
    bad = 0
    out.write("%-30s %28s %28s\n" % ("", "rules do not know it", "rules know it"))
    out.write("%-30s %9s %9s %8s %9s %9s %8s\n" % ("attacker", "max left", "mean", "allowed", "max left", "mean", "allowed"))
    for kind in ATTACKS:
        cells = []
        for known in (False, True):
            got = attacks.get((kind, known), [])
            left = [g[0] for g in got]
            over = sum(1 for l, usual, a in got if l > a.allowed)
            bad += over
            allowed = "0" if known else ("hour" if kind.startswith("injected") else "5")
            if over:
                allowed += " (%d!)" % over
            cells += [max(left or [0]), sum(left) / max(1, len(left)), allowed]
        out.write("%-30s %9d %9.2f %8s %9d %9.2f %8s\n" % ((kind,) + tuple(cells)))
    out.write("\n%-24s %9s %12s %28s\n" % ("honest account", "accounts", "wrong holds", "per 1,000 accounts a month"))
    total = wrong = 0
    for kind, got in honests.items():
        total, wrong = total + len(got), wrong + sum(got)
        out.write("%-24s %9d %12d %28.2f\n" % (kind, len(got), sum(got), 1000 * sum(got) / len(got)))
    out.write("%-24s %9d %12d %28.2f\n" % ("all", total, wrong, 1000 * wrong / max(1, total)))
    return bad, wrong, total


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("what", choices=["gen", "run"])
    p.add_argument("--bin", default="build/mailbrake")
    p.add_argument("--seeds", default="1")
    p.add_argument("--days", type=int, default=30)
    p.add_argument("--honest", type=int, default=10, help="accounts of each honest kind, per seed")
    p.add_argument("--attacks", type=int, default=3, help="attackers of each kind, per seed")
    p.add_argument("--leave-out", action="append", default=[], help="an honest kind that is not run")
    p.add_argument("--max-wrong", type=int, help="fail above so many wrong holds")
    p.add_argument("--max-over", type=int, help="fail above so many attackers over their bound")
    p.add_argument("--verbose", action="store_true")
    p.add_argument("--jobs", type=int, default=1, help="slices at once")
    p.add_argument("--only", action="append", default=[], help="a kind, honest or attacker, that alone is run")
    p.add_argument("--cache", help="directory where traces are kept for the next run")
    args = p.parse_args()
    seeds = args.seeds.split(",")
    if args.what == "gen":
        for j, kind in enumerate(HONEST):
            for i in range(args.honest):
                a = honest(random.Random("%s/h/%s/%d" % (seeds[0], kind, i)), 1001 + j * 1000 + i, kind, args.days)
                print("\n".join(l for _, l in sorted(a.events, key=lambda e: e[0])))
        return
    attacks, honests, lines = run_all(args, seeds)
    bad, wrong, total = print_tables(attacks, honests, sys.stdout)
    print("\nseeds %s, %d days, %d trace lines; %d attackers over their bound, %d of %d honest accounts held"
          % (args.seeds, args.days, lines, bad, wrong, total))
    if (args.max_wrong is not None and wrong > args.max_wrong) or (
            args.max_over is not None and bad > args.max_over):
        sys.exit(1)


if __name__ == "__main__":
    main()
