"""scan_cost - CPU of one scan beside `yara -r -p 1`, same rules, same tree, in turn.

Run: python3 tests/bench/scan_cost.py BUILD RULES_DIR TREE   (RULES_DIR/all: the rules in one file)
"""
import os
import resource
import statistics
import subprocess
import sys


def cpu(argv):
    """User and system seconds of a command and its children; the exit code is not looked at."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    build, rules, tree = sys.argv[1:4]
    tiny = os.path.join(rules, "tiny")
    os.makedirs(tiny, exist_ok=True)
    open(os.path.join(tiny, "a.php"), "w").write("<?php echo 1;\n")
    scan = [os.path.join(build, "mailbrake"), "scan", "--json", "--jobs", "1", "--rules", rules]
    rows = {"yara -r -p 1": ["yara", "-w", "-r", "-p", "1", os.path.join(rules, "all"), tree],
            "mailbrake scan": scan + [tree], "its start (one tiny file)": scan + [tiny]}
    got = {k: [] for k in rows}
    for _ in range(5):
        for k, argv in rows.items():
            got[k].append(cpu(argv))
    med = {k: statistics.median(v) for k, v in got.items()}
    for k, v in got.items():
        print("%-28s CPU s  median %.2f  (%.2f..%.2f)" % (k, med[k], min(v), max(v)))
    print("ratio yara / mailbrake %.2f; without its start %.2f" % (
        med["yara -r -p 1"] / med["mailbrake scan"],
        med["yara -r -p 1"] / max(0.01, med["mailbrake scan"] - med["its start (one tiny file)"])))


main()
