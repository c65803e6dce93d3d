"""run - the end-to-end tests, each in a process of its own, one line each.

usage: run.py BUILD GROUP|NAME...     groups: fast (no root), full (root)
MB_E2E_JOBS: so many at a time (as root 2, each in namespaces of its own; else 1).
Exit code 1 when one failed. "skip" says why: not root, or something missing.
"""
import concurrent.futures
import importlib
import os
import signal
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import mta  # noqa: E402
import world  # noqa: E402

# name: (module, function, MTA, needs root)
TESTS = {
    "wrapper": ("t_wrapper", "wrapper", None, False),
    "story-plain": ("t_story", "story", "builtin", False),
    "limits": ("t_limits", "limits", "builtin", False),
    "facts": ("t_facts", "facts", "builtin", False),
    "choice": ("t_choice", "choice", "builtin", False),
    "hostile": ("t_hostile", "hostile", "builtin", False),
    "set-aside": ("t_aside", "aside", "builtin", False),
    "replay": ("t_replay", "replay", None, False),
    "set-aside-points": ("t_aside", "by_itself", "builtin", False),
    "scan": ("t_scan", "scan", None, False),
    "rulecost": ("t_scan", "cost", None, False),
    "again": ("t_again", "again", "builtin", False),
    "share": ("t_share", "share", "builtin", False),
    "budget": ("t_budget", "budget", None, False),
    "rules": ("t_rules", "reload_story", "builtin", False),
    "known-good": ("t_rules", "known_good", "builtin", False),
    "sockets": ("t_sockets", "sockets", "builtin", False),
    "form": ("t_form", "form", "builtin", False),
    "alerts": ("t_alerts", "alerts", "builtin", False),
    "settings": ("t_alerts", "settings", "builtin", False),
    "story-postfix": ("t_story", "story", "postfix", True),
    "story-exim": ("t_story", "story", "exim", True),
    "around-exim": ("t_around", "around", "exim", True),
    "around-postfix": ("t_around", "around", "postfix", True),
    "journal-postfix": ("t_journal", "journal", "postfix", True),
    "direct": ("t_direct", "direct", "builtin", True),
    "providers-exim": ("t_providers", "story", "exim", True),
    "providers-postfix": ("t_providers", "story", "postfix", True),
    "kill-hold": ("t_faults", "kill_hold", "builtin", True),
    "kill-release": ("t_faults", "kill_release", "builtin", True),
    "kill-aside": ("t_faults", "kill_aside", "builtin", True),
    "disk-full": ("t_faults", "disk_full", "builtin", True),
    "judge-stopped": ("t_faults", "judge_stopped", "builtin", True),
    "fair-release": ("t_release", "fair", "builtin", True),
    "worker-crash": ("t_faults", "worker_crash", "builtin", True),
    "db-noise": ("t_faults", "db_noise", "builtin", True),
}
LIMIT_S = 1200  # of one test: the longest takes a tenth of it, on a busy machine a third
GROUPS = {
    "fast": [n for n, t in TESTS.items() if not t[3]],
    "full": [n for n, t in TESTS.items() if t[3]],
}


class Checks:
    """What one test checked, and figures for its line."""

    def __init__(self):
        self.count, self.failed, self.notes = 0, [], []

    def true(self, value, text):
        self.count += 1
        if not value:
            self.failed.append(text)
        return value

    def eq(self, got, want, text):
        return self.true(got == want, "%s: got %r, wanted %r" % (text, got, want))

    def note(self, text):
        self.notes.append(text)


def one(build, name):
    module, function, kind, need_root = TESTS[name]
    cache = os.environ.get("MB_MTA_CACHE", os.path.abspath(build) + "/mta")
    c, where = Checks(), None
    try:
        if need_root and not world.ROOT:
            raise world.Skip("needs root")
        if world.ROOT and not world.can_namespaces():
            if need_root:
                raise world.Skip("root, but may not make namespaces or overlays here")
            world.drop_root(build, ["run.py", "--one", name])
        if kind in mta.KINDS:  # before the network is gone
            root, why = mta.fetch(kind, cache)
            if root is None:
                raise world.Skip(why)
        if world.ROOT:
            world.enter_namespaces()
        where = importlib.import_module(module)
        getattr(where, function)(c, build, kind)
    except world.Skip as e:
        print("skip e2e  %-16s %s" % (name, e))
        sys.exit(77)
    except Exception:
        c.failed.append(traceback.format_exc())
    verdict = "FAIL" if c.failed or c.count == 0 else "ok  "
    print("%s e2e  %-16s %d checks%s" % (verdict, name, c.count,
                                         "; " + "; ".join(c.notes) if c.notes else ""))
    for text in c.failed:
        print("     " + text.rstrip().replace("\n", "\n     "))
    sys.stdout.flush()
    sys.exit(1 if c.failed or c.count == 0 else 0)


def in_process(build, name):
    """Run one; its lines, and whether it did not fail."""
    start = time.time()
    p = subprocess.Popen([sys.executable, __file__, build, "--one", name], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                         start_new_session=True)
    try:
        out, _ = p.communicate(timeout=LIMIT_S)
        code = p.returncode
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)  # with what it started, which has its output too
        out, code = "no end after %d s\n%s" % (LIMIT_S, p.communicate()[0]), -1
    out = out.rstrip()
    if code not in (0, 1, 77):
        out = "FAIL e2e  %-16s exit %d\n%s" % (name, code, out)
    if "\n" not in out:
        out += "  [%.1f s]" % (time.time() - start)
    return out, code in (0, 77)


def main():
    if len(sys.argv) == 4 and sys.argv[2] == "--one":
        one(sys.argv[1], sys.argv[3])
    build, names = sys.argv[1], []
    for word in sys.argv[2:]:
        names += GROUPS.get(word, [word])
    own_world = world.ROOT and world.can_namespaces()
    jobs = int(os.environ.get("MB_E2E_JOBS") or (2 if own_world else 1))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max(1, jobs)) as pool:
        for text, good in pool.map(lambda name: in_process(build, name), names):
            print(text)
            sys.stdout.flush()
            failed += not good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
