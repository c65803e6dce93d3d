"""t_scan - mailbrake scan by hand: order, --resume after a stop, the line on a terminal; what rules cost."""
import base64
import fcntl
import glob
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DIRS, FILES = 30, 60
LONG = "long-name-" * 18  # so that few rows fill a pipe


def tree(top):
    """Some deep, one beside the other, odd names; one sample among them. All paths."""
    paths = []
    for d in range(DIRS):
        sub = "%s/tree/d%d/%s" % (top, d, "deep/" * (d % 5))
        os.makedirs(sub, exist_ok=True)
        for f in range(FILES):
            name = sub.rstrip("/") + "/" + ("odd \n%%%d.php" % f if f % 20 == 3 else
                                           "%d-%s.php" % (f, LONG))
            with open(name, "w") as out:
                out.write("<?php\n" + "echo strlen('%d %d');\n" % (d, f) * 9)
            paths.append(name)
    os.makedirs(top + "/tree/empty")
    sample = sorted(glob.glob(os.path.join(HERE, "../samples/hit/mailer_form_loop*")))[0]
    with open(sample, "rb") as f, open(top + "/tree/d7/mailer.php", "wb") as out:
        out.write(base64.b64decode(f.read()))
    return sorted(paths + [top + "/tree/d7/mailer.php"])


def rows(out):
    return [json.loads(line)["path"] for line in out.splitlines() if line.strip()]


def stop(argv):
    """Run it, interrupt it while it waits for us to read; what it printed, its exit code."""
    p = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = os.read(p.stdout.fileno(), 4096)
    p.send_signal(signal.SIGINT)
    more, _ = p.communicate(timeout=300)
    return out + more, p.returncode


def on_terminal(argv, columns=80):
    """What it writes to a terminal; None: there are none here (a bare chroot)."""
    try:
        master, slave = pty.openpty()
    except OSError:
        return None
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    p = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    text, until = b"", time.time() + 300
    while time.time() < until:
        if select.select([master], [], [], 0.2)[0]:
            try:
                chunk = os.read(master, 65536)
            except OSError:
                break
            if not chunk:
                break
            text += chunk
    os.close(master)
    p.wait(timeout=60)
    return text.decode(errors="replace")


def drawn(argv, tree, columns=80):
    """How often the tree was to be given for a whole line to be drawn, and what was: it is drawn
    some times a second, and how many files that takes depends on the machine."""
    times, text = 1, ""
    while text is not None and not ("/s" in text and " left" in text) and times < 200:
        times *= 3
        text = on_terminal(argv + ["--jobs", "1"] + [tree] * times, columns)
    return times, text


def scan(c, build, _kind):
    top = tempfile.mkdtemp(prefix="mailbrake-scan.")
    try:
        with open(top + "/conf", "w") as f:
            f.write("compiled_dir = %s/compiled\n" % top)
        os.makedirs(top + "/compiled", mode=0o755)
        argv = [os.path.join(os.path.abspath(build), "mailbrake"), "scan", "--conf",
                top + "/conf", "--rules", os.path.join(HERE, "../../rules")]
        every, state = tree(top), top + "/state"
        p = subprocess.run(argv + ["--json", "--jobs", "1", top + "/tree"],
                           stdout=subprocess.PIPE)
        c.eq(p.returncode, 1, "a hit: exit code")
        got = rows(p.stdout)
        c.eq(sorted(got), every, "every file once")
        c.eq(got, sorted(got, key=lambda s: s.split("/")), "in the order of the names")

        seen, code = [], 0
        more = argv + ["--json", "--jobs", "2", "--resume", state, top + "/tree"]
        for run in range(3):
            if run < 2:
                out, code = stop(more)
                c.true(os.path.exists(state), "run %d: a place is kept" % run)
            else:
                p = subprocess.run(more, stdout=subprocess.PIPE)
                out, code = p.stdout, p.returncode
                c.true(not os.path.exists(state), "nothing is left to go on with")
            c.true(len(rows(out)) > 0, "run %d: no file" % run)
            seen += rows(out)
        c.eq(sorted(seen), every, "in three runs: every file once")
        c.eq(code, 1, "the hit of an earlier run counts")

        stop(more)
        c.true(os.path.exists(state), "stopped again")
        p = subprocess.run(argv + ["--resume", state, top + "/tree/d1"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        c.eq(p.returncode, 64, "other paths are refused")
        c.true("other paths" in p.stderr, p.stderr)
        with open(state, "w") as f:
            f.write("nonsense\n")
        c.eq(subprocess.run(more, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL).returncode, 64, "a damaged file")

        times, text = drawn(argv, top + "/tree")
        c.true(text is None or " of %d files" % (times * len(every)) in text,
               "all files are counted: %r" % text)
        if text is not None:
            lines = drawn(argv, top + "/tree", 60)[1].split("\r\033[K")
            c.true(len(lines) > 2 and max(map(len, lines)) < 60, "on 60 columns: %s" % lines[-3:])
        p = subprocess.Popen(argv + ["--jobs", "1"] + [top + "/tree"] * 20, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        first = p.stdout.readline()  # a hit, within a second of it
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=300)
        c.true("mailer.php" in first and " files, " in out and " malicious, " in out,
               "interrupted, it says what was found: %r" % out[-200:])
        c.true("--resume" in err, "and how to go on another time: %r" % err)
        c.eq(p.returncode, 1, "interrupted with a hit: exit code")
        c.note("%d files, stopped twice and taken up" % len(every))
    finally:
        shutil.rmtree(top, ignore_errors=True)


COUNTED = """
rule %s
{
	meta:
		group = "mine"
		weight = 50
		description = "a rule whose cost is asked for"
		since = "0.1"
		reference = "tests/e2e/t_scan.py"
	strings:
		$word = "word-%d"
		%s
	condition:
		any of them
}
"""


def cost(c, build, _kind):
    """rules test --cost: ends, a row a rule, dearest first; what it says does not depend on how
    fast the machine is."""
    top = tempfile.mkdtemp(prefix="mailbrake-cost.")
    try:
        os.makedirs(top + "/rules")
        os.makedirs(top + "/samples/hit")
        names = ["cheap_%d" % i for i in range(16)] + ["dear"]
        with open(top + "/rules/some.yar", "w") as f:
            for i, name in enumerate(names):
                f.write(COUNTED % (name, i, "$run = /[a-z]{3,30}[0-9]/" if name == "dear" else
                                   '$other = "other-%d"' % i))
        for i, name in enumerate(names):
            text = "word-%d\n" % i + "the same letters again and again " * 300
            with open("%s/samples/hit/%s.b64" % (top, name), "wb") as f:
                f.write(base64.encodebytes(text.encode()))
        argv = [os.path.join(os.path.abspath(build), "mailbrake"), "rules", "test", "--cost",
                "--samples", top + "/samples", top + "/rules"]
        p = subprocess.run(argv + ["--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=600)
        c.eq((p.returncode, p.stderr), (0, b""), "exit code, standard error in a pipe")
        got = [json.loads(line) for line in p.stdout.splitlines()]
        each = got[:-2]
        c.eq(sorted(r["rule"] for r in each), sorted(names), "a row a rule")
        ms = [r["ms_per_mb"] for r in each]
        c.eq(ms, sorted(ms, reverse=True), "the dearest first")
        c.eq((each[0]["rule"], each[0]["string"]), ("dear", "$run"),
             "the one that stops at each letter: %s" % each[:3])
        c.eq((got[-2]["files"], got[-2]["timed_out"]), (len(names), False), "over all samples")
        c.eq((got[-1]["rules"], got[-1]["misses"]), (len(names), 0), "and they are tested")
        text = on_terminal(argv)
        c.true(text is None or " of %d rules" % (len(names) + 12) in text and "left" in text and
               text.endswith("\r\033[K"), "a line on a terminal, gone at the end: %r" % text)
        empty = subprocess.run(argv[:-3] + ["--samples", top + "/rules/none", top + "/rules"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        c.true(empty.returncode != 0 and b"no file" in empty.stderr,
               "nothing to take the time on: %d %s" % (empty.returncode, empty.stderr))
        c.note("%d rules, %.1f ms/MB the dearest" % (len(names), ms[0]))
    finally:
        shutil.rmtree(top, ignore_errors=True)
