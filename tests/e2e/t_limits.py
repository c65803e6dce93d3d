"""t_limits - what is full says so: over a quota the sender is refused, never cut or lost."""
import time

from world import World

HELD_MAX = 5


def limits(c, build, kind):
    w = World(build, kind, settings="held_messages_max = %d\nmessage_size_max = 200000\nalert_mail =" % HELD_MAX)
    try:
        site = next(iter(w.sites))
        w.start_daemon()
        before = w.send(site, b"To: a@b.test\n\nbefore\n", "-t", "-i")
        c.eq((before.returncode, len(w.delivered())), (0, 1), "before the hold")
        code, rows = w.mb("hold", site)
        c.eq((code, rows[0]["to"] if rows else ""), (0, "held"), "mailbrake hold")
        codes = [w.send(site, b"To: a%d@b.test\n\nmessage\n" % i, "-t", "-i").returncode
                 for i in range(HELD_MAX + 4)]
        c.eq(codes, [0] * HELD_MAX + [77] * 4, "exit codes up to held_messages_max and beyond")
        c.eq(len(w.held()), HELD_MAX, "held messages")
        c.eq(len(w.delivered()), 1, "delivered meanwhile")
        big = w.send(site, b"x" * 200001, "-t")
        c.eq(big.returncode, 69, "larger than message_size_max")
        nul = w.send(site, b"", "-t")
        c.true(nul.returncode in (0, 77), "an empty message: exit %d" % nul.returncode)
        c.note("%d sent = 1 delivered + %d held + 4 refused" % (HELD_MAX + 5, HELD_MAX))
        # the admin's word: what is held goes out, once, and mail passes again
        code, rows = w.mb("release", site)
        c.eq(code, 0, "mailbrake release USER: %s" % rows)
        out = [a for a in w.delivered()]
        end = time.time() + 60
        while len(out) < 1 + HELD_MAX and time.time() < end:
            time.sleep(0.05)
            out = w.delivered()
        c.eq(len(out), 1 + HELD_MAX, "delivered after the release")
        c.eq(len({b for a, b, u in out}), 1 + HELD_MAX, "each once")
        after = w.send(site, b"To: a@b.test\n\nafter\n", "-t", "-i")
        c.eq((after.returncode, len(w.delivered())), (0, 2 + HELD_MAX), "after the release")
        # wrong uses have an exit code and a reason
        for args, want in ((["show", "nosuch"], (1, 64)), (["release", "nosuch-user"], (1, 64, 67)),
                           (["frobnicate"], (64,)), (["show"], (64,))):
            code, rows = w.mb(*args)
            c.true(code in want, "mailbrake %s: exit %d" % (" ".join(args), code))
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()
