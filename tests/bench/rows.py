"""rows - one row of the bench's table: what, the peer's figure, ours, the ratio, the goal, met or not.

Each script prints its rows as it gets them; run.py has them in a file ($BENCH_ROWS, JSON a line) too.
"""
import json
import os


def line(row):
    met = {True: "met", False: "MISSED", None: ""}[row["met"]]
    return "%-46s %-24s %-22s %-8s %-14s %s" % (
        row["what"], row["peer"], row["ours"], row["ratio"], row["goal"], met)


def head():
    print("%-46s %-24s %-22s %-8s %-14s %s" % ("what", "peer", "ours", "ratio", "goal", ""))


def add(key, what, peer, ours, ratio="", goal="", met=None):
    """key names the goal; ratio may be a number: how many times better (or dearer) ours is."""
    if isinstance(ratio, float):
        ratio = "%.2f" % ratio if ratio < 10 else "%.0f" % ratio
        ratio += "x"
    row = {"key": key, "what": what, "peer": peer, "ours": ours, "ratio": ratio, "goal": goal,
           "met": met}
    print(line(row), flush=True)
    if os.environ.get("BENCH_ROWS"):
        with open(os.environ["BENCH_ROWS"], "a") as f:
            f.write(json.dumps(row) + "\n")


def first():
    """As far as we may: what else runs on this machine is not what is measured. For a new session."""
    try:
        os.nice(-15)
        with open("/proc/self/autogroup", "w") as f:
            f.write("-19")
    except OSError:
        pass


def note(text):
    print("      " + text, flush=True)
