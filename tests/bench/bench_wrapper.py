"""bench_wrapper - what the wrapper adds to one injection, beside the same MTA without it.

Job: paired runs in turn (direct, then through wrapper and daemon), 5 kB messages, wall
     time of the whole sendmail process; medians, and the ratio to the injection itself.
Run: python3 tests/bench/bench_wrapper.py BUILD [postfix|exim] [PAIRS]      (root)
Note: the daemon judges each message; the account is trusted, so that all pass.
"""
import os
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../e2e"))
import mta  # noqa: E402
import world  # noqa: E402

BODY = b"To: a@b.test\r\nSubject: bench\r\n\r\n" + b"x" * 70 * 70 + b"\r\n"


def once(argv, body):
    """Milliseconds from posix_spawn to the end of the process, and its exit code."""
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, {"PATH": "/usr/bin:/bin"}, file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, body, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status = os.waitpid(pid, 0)
    return (time.perf_counter() - start) * 1000, os.waitstatus_to_exitcode(status)


def pairs_as(uid, argvs, body, pairs):
    """In a child that is the account: [(direct ms, wrapped ms)], and the exit codes."""
    r, wr = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        os.chdir("/")
        for i in range(pairs + 20):
            got = {}
            for k in (0, 1) if i % 2 else (1, 0):
                got[k] = once(argvs[k], body)
            if i >= 20:
                os.write(wr, ("%f %f %d %d\n" % (got[0][0], got[1][0], got[0][1],
                                                 got[1][1])).encode())
        os._exit(0)
    os.close(wr)
    rows = [line.split() for line in os.fdopen(r)]
    os.waitpid(pid, 0)
    return ([float(x[0]) for x in rows], [float(x[1]) for x in rows],
            {int(c) for x in rows for c in x[2:]})


def main():
    build, kind = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "postfix"
    pairs = int(sys.argv[3]) if len(sys.argv) > 3 else 300
    if not world.ROOT:
        sys.exit("bench_wrapper: needs root")
    root, why = mta.fetch(kind, os.environ.get("MB_MTA_CACHE", os.path.abspath(build) + "/mta"))
    if root is None:
        sys.exit("bench_wrapper: " + why)
    world.enter_namespaces()
    os.nice(-15)  # other work on the machine is not what is measured
    # queue only (-odq): delivery in the background would be in the way of the next run
    w = world.World(build, kind, settings="alert_mail =\nhard_cap_h = 1000000")
    try:
        w.start_daemon()
        w.send("shopb", BODY, "-odq", "-i", "a@b.test")
        w.mb("trust", "shopb")
        body = w.top + "/body"
        with open(body, "wb") as f:
            f.write(BODY)
        args = ["-odq", "-i", "a@b.test"]
        direct, wrapped, codes = pairs_as(w.sites["shopb"],
                                          [[w.real] + args, [w.wrapper] + args], body, pairs)
        added = statistics.median(b - a for a, b in zip(direct, wrapped))
        code, rows = w.mb("status")
        print("wrapper + daemon over %s: %d pairs, direct %.2f ms, through Mailbrake %.2f ms, "
              "added %.2f ms (median of pairs), ratio %.2f to the injection; exit codes %s" % (
                  kind, pairs, statistics.median(direct), statistics.median(wrapped), added,
                  1 + added / statistics.median(direct), sorted(codes)))
        print("  fastest tenth: direct %.2f ms, through Mailbrake %.2f ms" % (
            statistics.quantiles(direct, n=10)[0], statistics.quantiles(wrapped, n=10)[0]))
        print("  " + "; ".join(r["text"] for r in rows if r["part"] == "judge"))
    finally:
        w.close()


main()
