"""demo - the story, live and readable: a mailer is dropped, found, its mail held.

Job: what `make demo` shows. As root with real php-fpm pools of two accounts and a
real Postfix (fetched, not installed), in namespaces of its own; otherwise with
php-cli, one account, and a program that keeps mail in the MTA's place. Nothing is
left behind. Exit code 0 when everything went as it must.
"""
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import mta  # noqa: E402
import t_story  # noqa: E402
import world  # noqa: E402
from world import World  # noqa: E402

RCPTS = 200
TTY = sys.stdout.isatty()
failed = []


def paint(code, text):
    return "\033[%sm%s\033[0m" % (code, text) if TTY else text


def title(text):
    print("\n" + paint("1;34", "== " + text))


def say(text):
    print("   " + text)
    sys.stdout.flush()


def must(true, text):
    print("   " + (paint("1;32", "ok   ") if true else paint("1;31", "FAIL ")) + text)
    sys.stdout.flush()
    if not true:
        failed.append(text)


def show(w, *args, lines=14):
    """Run mailbrake as an admin would, and print what it prints."""
    print("   " + paint("1", "# mailbrake " + " ".join(args)))
    p = subprocess.run([w.top + "/bin/mailbrake", "--conf", w.conf, *args],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       errors="replace", env=dict(os.environ, COLUMNS="100"))
    out = p.stdout.replace(w.top, "").rstrip().splitlines()
    for line in out[:lines]:
        print("   | " + (line if len(line) < 140 else line[:136] + "..."))
    if len(out) > lines:
        print("   | ... %d more lines" % (len(out) - lines))
    sys.stdout.flush()
    return p.returncode


def choose(build):
    """The best mail system this machine can run the demo with: (kind, why not better)."""
    if not world.ROOT:
        return "builtin", "not root: php-cli, one account, and a stand-in for the MTA"
    if not world.can_namespaces():
        world.drop_root(build, ["demo.py"])
    cache = os.environ.get("MB_MTA_CACHE", os.path.abspath(build) + "/mta")
    root, why = mta.fetch("postfix", cache)
    if root is None:
        return "builtin", "no Postfix (%s): a stand-in for the MTA" % why
    return "postfix", ""


def order(w, good, number):
    w.web(good, "order.php", query="order=%d" % number)
    if w.sink:
        got = w.sink.wait("customer%d@example.org" % number, 1)
    else:
        got = t_story.out_there(w, "customer%d@example.org" % number)
    must(len(got) == 1, "order %d of %s went out to its customer" % (number, good))


def drop(w, bad):
    t = w.drop(bad, "wp-content/uploads/x.php", t_story.sample("mailer.php"))
    say("somebody copies a mailer to %s" % (w.webroot(bad) + "/wp-content/uploads/x.php"
                                            ).replace(w.top, ""))
    try:
        w.wait_for(lambda: [r for r in w.mb("files", bad)[1] if r["verdict"] == "malicious"],
                   "the mailer to be found", 10, 0.01)
        took = (time.time() - t) * 1000
        must(took < 1000, "found %.0f ms after its last byte was written" % took)
    except TimeoutError:
        took = -1
        must(False, "the mailer was not found within 10 s")
    show(w, "files", bad)
    return took


def tell(w):
    try:
        mail = w.wait_for(lambda: [m for m in t_story.out_there(w, "admin@mb.test")
                                   if b"olding mail" in m], "the alert", 10)[-1]
    except TimeoutError:
        must(False, "the admin was told")
        return
    must(True, "the admin was told, by mail:")
    text = mail.decode("utf-8", "replace").replace("\r\n", "\n").replace(w.top, "")
    head, body = text.split("\n\n", 1)
    for line in head.split("\n"):
        if line.lower().startswith(("subject:", "to:", "from:")):
            print("   | " + line)
    for line in body.rstrip().split("\n")[:12]:
        print("   | " + line)


def run(w, bad, good):
    title("An ordinary morning")
    show(w, "status")
    if good:
        order(w, good, 1)
    title("%s is hacked" % bad)
    took = drop(w, bad)
    title("The mailer is run: %d recipients" % RCPTS)
    start = time.time()
    text = t_story.run_mailer(w, bad, "wp-content/uploads/x.php", RCPTS)
    seconds = time.time() - start
    held = w.held()
    left = [d for d in t_story.out_there(w, "@example.org") if b"lottery.test" in d]
    must(text.count(" sent") == RCPTS, "PHP's mail() said \"sent\" %d times" % text.count(" sent"))
    must(len(held) == RCPTS, "%d messages are held, on disk, nothing lost" % len(held))
    must(not left, "%d messages left the server" % len(left))
    if good:
        order(w, good, 2)
    tell(w)
    title("The admin looks")
    show(w, "accounts")
    show(w, "explain", bad, lines=16)
    show(w, "held", bad, lines=5)
    title("Two messages were real after all: released. The rest: discarded")
    raws = [w.mb("show", "--raw", h["id"], raw=True)[1] for h in held[:2]]
    code = show(w, "release", *[h["id"] for h in held[:2]])
    must(code == 0, "released")
    code, rows = w.mb("discard", *[h["id"] for h in held[2:]])
    must(code == 0 and len(rows) == len(held) - 2, "%d discarded" % len(rows))
    time.sleep(1.0)
    out = [d for d in t_story.out_there(w, "@example.org") if b"lottery.test" in d]
    same = all(any(t_story.lines(r.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1]) ==
                   t_story.lines(d.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1]) for d in out)
               for r in raws)
    must(len(out) == 2 and same, "%d delivered as %s, byte for byte, once" % (len(out), bad))
    return took, seconds, len(held), len(left)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    start = time.time()
    kind, why = choose(build)
    print(paint("1", "Mailbrake: hold the mail of a hacked account before the spam leaves"))
    if world.ROOT:
        world.enter_namespaces()
    w = World(build, kind)
    try:
        sites = list(w.sites)
        bad, good = sites[0], sites[1] if len(sites) > 1 else None
        if world.ROOT:
            w.start_fpm()
            w.drop(good, "order.php", t_story.sample("order.php"))
            say("accounts %s with a php-fpm pool each; %s; SMTP ends in a sink on this machine"
                % (" and ".join(sites), w.kind if w.mta else "a stand-in for the MTA"))
        if why:
            say(why)
        w.start_daemon()
        took, seconds, held, left = run(w, bad, good)
        must(w.stop_daemon() == 0, "the daemon stopped when asked")
        title("Summary")
        say("mailer found after %.0f ms; %d of %d messages held in %.1f s, %d left; 2 released, "
            "%d discarded" % (took, held, RCPTS, seconds, left, held - 2))
        if failed:
            say(paint("1;31", "%d things went wrong: %s" % (len(failed), "; ".join(failed))))
        else:
            say(paint("1;32", "all as it must be") + " (%.0f s)" % (time.time() - start))
    finally:
        w.close()
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except world.Skip as e:
        print("demo: " + str(e))
        sys.exit(69)
