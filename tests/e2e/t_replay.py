"""t_replay - mailbrake replay on every form of input it takes, and on bad ones: out of order, twice
the same line, years apart, a uid that changes hands, 0 and 10,000 recipients, huge lines, damaged
and mixed lines, nothing usable. Counted, named, never fatal, and never silently nothing."""
import gzip
import json
import lzma
import os
import pty
import shutil
import subprocess
import tempfile

T = 1767261600  # 2026-01-01 10:00:00 UTC


def mail(t, uid=1001, **more):
    return json.dumps(dict({"t": t, "uid": uid, "user": "u%d" % uid, "id": "m%s" % t, "rcpts": 1,
                            "script": "/home/u/x.php", "domains": ["a.test"]}, **more))


def exim(i):
    q = "1vAbC%d-000000000%02d-ABCD" % (i % 10, i)
    at = "2026-01-01 10:%02d:00" % i
    return ["%s cwd=/home/u1/public_html 3 args: /usr/sbin/sendmail -t -i" % at,
            "%s %s <= u1@host.test U=u1 P=local S=512 for a%d@x.test" % (at, q, i),
            "%s %s => a%d@x.test R=dnslookup T=remote_smtp H=mx.x.test [192.0.2.1] C=\"250 OK\"" % (at, q, i),
            "%s %s Completed" % (at, q)]


def postfix(i, stamp):
    q = "4ABC%02d" % i
    return [(stamp, "pickup", "%s: uid=1001 from=<u1>" % q),
            (stamp, "qmgr", "%s: from=<u1@host.test>, size=512, nrcpt=1 (queue active)" % q),
            (stamp, "smtp", "%s: to=<a@x.test>, relay=mx.x.test[192.0.2.1]:25, delay=1, "
             "delays=0.1/0/0.4/0.5, dsn=2.0.0, status=sent (250 ok)" % q),
            (stamp, "qmgr", "%s: removed" % q)]


def journal(entry, i):
    t, name, text = entry
    return {"__CURSOR": "s=%d" % i, "__REALTIME_TIMESTAMP": str(t * 1000000), "_HOSTNAME": "host",
            "SYSLOG_IDENTIFIER": "postfix/" + name, "_PID": "7", "MESSAGE": text}


class Runs:
    def __init__(self, c, build):
        self.c, self.exe, self.top = c, os.path.abspath(build) + "/mailbrake", tempfile.mkdtemp()

    def file(self, name, data):
        path = os.path.join(self.top, name)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else ("\n".join(data) + "\n").encode())
        return path

    def run(self, *args):
        p = subprocess.run([self.exe, "replay", "--json", *args], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=300)
        rows = [json.loads(line) for line in p.stdout.splitlines()]
        return p.returncode, rows[-1]["summary"] if rows else {}, rows[:-1]

    def bad(self, name, lines, want, code=0):
        got, s, _ = self.run(self.file(name, lines))
        self.c.eq((got, {k: s.get(k) for k in want}), (code, want), name)


def formats(c, r):
    log = [line for i in range(12) for line in exim(i)]
    post = [e for i in range(12) for e in postfix(i, T + i * 60)]
    syslog = ["Jan  1 10:%02d:00 host postfix/%s[7]: %s" % ((t - T) // 60, n, m) for t, n, m in post]
    export = []
    for i, e in enumerate(post):
        export += ["%s=%s" % kv for kv in journal(e, i).items()] + [""]
    asjson = [json.dumps(journal(e, i)) for i, e in enumerate(post)]
    text = ("\n".join(log) + "\n").encode()
    for name, form, data in (("main.log", "exim", text), ("main.log.1.gz", "exim", gzip.compress(text)),
                             ("main.log.2.xz", "exim", lzma.compress(text)), ("maillog", "postfix", syslog),
                             ("journal.export", "postfix", export), ("journal.json", "postfix", asjson)):
        code, s, _ = r.run("--format", form, r.file(name, data))
        c.eq((code, s["submissions"], s["outcomes"], s["accounts"]), (0, 12, 12, 1), name)
    half = len(log) // 8 * 4
    code, s, _ = r.run("--format", "exim", r.file("a.1", log[:half]), r.file("a", log[half:]))
    c.eq((code, s["submissions"]), (0, 12), "a rotated log in two files")
    code, s, _ = r.run("--format", "exim", r.file("cut.gz", gzip.compress(text)[:-20]))
    c.eq((code, s["damaged"].get("file_cut_short")), (66, 1), "a gzip file cut short: said, the rest is used")
    code, s, _ = r.run("--format", "exim", r.file("mixed", log + syslog + ["\0\xff garbage", ""]))
    c.eq((code, s["submissions"]), (0, 12), "lines of another program between them")
    for form, data in (("exim", syslog), ("postfix", log), ("jsonl", log), ("jsonl", []), ("exim", [])):
        code, s, _ = r.run("--format", form, r.file("none", data))
        c.eq((code, s["submissions"]), (65, 0), "nothing usable as " + form)


def bad_input(c, r):
    r.bad("out of order", [mail(T + t) for t in (0, 50, 20, 40, 10, 60)],
          {"submissions": 6, "out_of_order": 3, "late": 0, "damaged": {}})
    r.bad("twice", [mail(T), mail(T), mail(T + 1)], {"duplicates": 1, "passed_messages": 2})
    r.bad("years apart", [mail(T - 20 * 365 * 86400), mail(T), mail(T + 20 * 365 * 86400)],
          {"submissions": 3, "passed_messages": 3, "damaged": {}})
    r.bad("uid in other hands", [mail(T, user="alice"), mail(T + 1, user="alice"), mail(T + 2, user="bob")],
          {"owners_changed": 1, "submissions": 3})
    r.bad("no recipients", [mail(T, rcpts=0), mail(T + 1)], {"submissions": 2, "damaged": {}})
    r.bad("ten thousand", [mail(T, rcpts=10000, script_age_s=9)],
          {"submissions": 1, "held_rcpts": 10000, "passed_rcpts": 0})
    r.bad("huge lines", [mail(T), mail(T + 1, subject_hash="x" * 3000000), mail(T + 2)],
          {"submissions": 2, "damaged": {"line_too_long": 1}})
    r.bad("damaged", [mail(T), mail(T + 1)[:-9], "[]", "{}", '{"t":1e999,"uid":1,"rcpts":1}',
                      '{"t":5,"uid":"x","rcpts":1}', mail(T + 2, rcpts="many"), "\xff\xfe", mail(T + 3)],
          {"submissions": 2, "lines": 9})
    r.bad("fields missing", [json.dumps({"t": T + i, "uid": 1001, "rcpts": 1}) for i in range(3)],
          {"submissions": 3, "passed_messages": 3, "damaged": {}})
    # the judgement does not look at the label
    lines = [mail(T + i, script_age_s=60 + i) for i in range(9)]
    with_label = [mail(T + i, script_age_s=60 + i, label="good") for i in range(9)]
    a, b = (r.run(r.file("x", what), "--each")[2] for what in (lines, with_label))
    c.eq(a, b, "the same answers with labels")
    c.eq(len([x for x in a if x.get("answer") == "pass"]), 5, "a young script: five pass")


def terminal(c, r):
    path = r.file("long", [mail(T + i, own=True) for i in range(9000)])
    try:
        main, sub = pty.openpty()
    except OSError:  # no terminals here (a bare chroot)
        c.note("no pseudo-terminal: the progress bar was not looked at")
        return
    p = subprocess.Popen([r.exe, "replay", path], stdout=subprocess.DEVNULL, stderr=sub)
    os.close(sub)
    seen = b""
    try:
        while True:
            got = os.read(main, 4096)
            if not got:
                break
            seen += got
    except OSError:
        pass
    os.close(main)
    c.eq(p.wait(60), 0, "replay on a terminal")
    c.true(b" % of " in seen and b"lines" in seen, "a progress bar: %r" % seen[:200])


def replay(c, build, _kind):
    r = Runs(c, build)
    try:
        formats(c, r)
        bad_input(c, r)
        terminal(c, r)
    finally:
        shutil.rmtree(r.top, ignore_errors=True)
