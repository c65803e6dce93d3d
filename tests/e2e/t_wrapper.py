"""t_wrapper - mailbrake-sendmail alone: every answer of a daemon, and none."""
import os
import re
import socket
import subprocess
import threading
import time

import wire
from world import World


LONG_S = 60  # as good as for ever: what must not be waited for ends in less than half of it


def timeout(w, seconds):
    """submit_timeout_ms for the messages from now on."""
    with open(w.conf) as f:
        text = re.sub(r"(?m)^submit_timeout_ms = .*$", "submit_timeout_ms = %d" % (seconds * 1000), f.read())
    with open(w.conf, "w") as f:
        f.write(text)


class Judge:
    """Plays judge at submit.sock: script(conn, message, fd) is called a connection."""

    def __init__(self, w, script, backlog=8):
        self.path = w.top + "/run/submit.sock"
        self.got, self.script = [], script
        self.sock = wire.listen(self.path, backlog)
        if script:
            threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
                data, fds, _, _ = socket.recv_fds(conn, 200000, 4)
            except OSError:
                return
            body = os.pread(fds[0], 1 << 28, 0) if fds else None
            seals = __import__("fcntl").fcntl(fds[0], 1034) if fds else 0  # F_GET_SEALS
            message = wire.unpack(data)[1] if data else {}
            self.got.append((message, body, seals))
            for fd in fds:
                os.close(fd)
            try:
                self.script(conn, len(self.got))
            except OSError:
                pass
            conn.close()

    def close(self):
        self.sock.close()
        os.unlink(self.path)


def answer(number, text=""):
    return lambda conn, n: conn.send(wire.pack("ANSWER", answer=number, text=text))


def timed(w, *a, **kw):
    start = time.time()
    p = w.send(w.site, *a, **kw)
    p.seconds = time.time() - start
    return p


def no_daemon(c, w, body):
    p = timed(w, body, "-t", "-i", "-fa@b.test", "x y@b.test")
    c.eq(p.returncode, 0, "no daemon: exit")
    (argv, got, uid), = w.delivered()
    c.eq(got, body, "no daemon: body")
    c.eq(argv[1:], ["-t", "-i", "-fa@b.test", "x y@b.test"], "no daemon: arguments")
    c.eq(uid, w.sites[w.site], "no daemon: uid")
    # a stale socket that nobody listens at is the same
    s = wire.listen(w.top + "/run/submit.sock")
    s.close()
    p = timed(w, body, "-t")
    c.eq((p.returncode, len(w.delivered())), (0, 2), "dead socket: exit, delivered")
    c.true(p.seconds < LONG_S / 2, "dead socket: no waiting, took %.2f s" % p.seconds)
    os.unlink(w.top + "/run/submit.sock")


def answers(c, w, body):
    before = len(w.delivered())
    j = Judge(w, answer(0))
    p = timed(w, body, "-t")
    c.eq((p.returncode, len(w.delivered()) - before), (0, 1), "pass: exit, delivered")
    message, got, seals = j.got[0]
    c.eq(got, body, "SUBMIT: body")
    c.eq(seals & 0xf, 0xf, "SUBMIT: seals")
    c.eq(message["argv"].split(b"\0")[1:-1], [b"-t"], "SUBMIT: argv")
    c.eq(message["cwd"], "/", "SUBMIT: cwd")
    j.close()
    j = Judge(w, answer(1))
    p = timed(w, body, "-t")
    c.eq((p.returncode, len(w.delivered()) - before), (0, 1), "held: exit, delivered")
    j.close()
    j = Judge(w, answer(2, "over the \x1b[31mlimit"))
    p = timed(w, body, "-t")
    c.eq((p.returncode, len(w.delivered()) - before), (77, 1), "refused: exit, delivered")
    c.true(b"refused: over the \\x1b[31mlimit" in p.stderr, "refused: %r" % p.stderr)
    j.close()


def bad_daemons(c, w, body):
    """Garbage, silence, a full backlog, a daemon that dies: sent by the real sendmail."""
    def garbage(conn, n):
        conn.send(b"\x01\x00" + os.urandom(40))

    def silence(conn, n):
        conn.recv(1)  # until it gives up

    before = len(w.delivered())
    for name, script, wait in (("garbage", garbage, LONG_S), ("unknown answer", answer(9), LONG_S),
                               ("empty answer", lambda conn, n: conn.send(b"\0"), LONG_S),
                               ("silence", silence, 1), ("closing", lambda conn, n: 0, 1)):
        timeout(w, wait)
        j = Judge(w, script)
        p = timed(w, body, "-t")
        before += 1
        c.eq((p.returncode, len(w.delivered())), (0, before), name + ": exit, delivered")
        c.true(p.seconds < LONG_S / 2, "%s: took %.2f s" % (name, p.seconds))
        j.close()
    j = Judge(w, None, backlog=1)
    fill = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(3)]
    for s in fill:
        s.setblocking(False)
        s.connect_ex(j.path)
    p = timed(w, body, "-t")
    c.eq((p.returncode, len(w.delivered())), (0, before + 1), "full backlog: exit, delivered")
    c.true(p.seconds < LONG_S / 2, "full backlog: took %.2f s" % p.seconds)
    for s in fill:
        s.close()
    j.close()
    timeout(w, LONG_S)


def limits(c, w, body):
    before = len(w.delivered())
    p = timed(w, b"x" * 70000, "-t")
    c.eq((p.returncode, len(w.delivered())), (69, before), "over message_size_max")
    c.true(b"message_size_max, 65536 bytes" in p.stderr, "over size: %r" % p.stderr)
    p = timed(w, b"x" * 65536, "-t")
    c.eq((p.returncode, len(w.delivered())), (0, before + 1), "at message_size_max")
    c.eq(w.delivered()[-1][1] in (b"x" * 65536, body), True, "at message_size_max: whole")
    j = Judge(w, answer(0))
    p = timed(w, body, "-i", *["a%07d@b.test" % i for i in range(10000)])
    c.eq((p.returncode, len(w.delivered())), (69, before + 1), "arguments over the limit")
    j.close()


def straight_on(c, w):
    """Other duties are exec'd with their own stdin and name, and never asked about."""
    j = Judge(w, answer(2))
    n = len(w.delivered())
    for args in (["-bs"], ["-bp"], ["-q"], ["-bi"]):
        p = timed(w, b"in\n", *args)
        n += 1
        c.eq((p.returncode, len(w.delivered()), len(j.got)), (0, n, 0), str(args))
    real = w.top + "/bin/mailbrake-sendmail"
    p = subprocess.run(["mailq", "--mailbrake-conf", w.conf], executable=real, input=b"",
                       stderr=subprocess.PIPE, **w.as_site(w.site))
    c.eq((p.returncode, len(j.got)), (0, 0), "mailq")
    j.close()


def loops_and_leaks(c, w, body):
    # the real name turned out to be us
    conf = w.top + "/loop.conf"
    text = open(w.conf).read()
    with open(conf, "w") as f:
        f.write(text.replace("sendmail_real = " + w.real,
                             "sendmail_real = " + w.top + "/bin/mailbrake-sendmail"))
    p = subprocess.run([w.top + "/bin/mailbrake-sendmail", "--mailbrake-conf", conf, "-t"],
                       input=body, stderr=subprocess.PIPE)
    c.eq(p.returncode, 78, "own inode: exit")
    c.true(b"this program itself" in p.stderr, "own inode: %r" % p.stderr)
    # a setting that cannot be read must not stop mail, nor change which sendmail is real
    with open(conf, "w") as f:
        f.write(text + "no_such_setting = 3\nhard_cap_h = many\n")
    before = len(w.delivered())
    p = subprocess.run([w.top + "/bin/mailbrake-sendmail", "--mailbrake-conf", conf, "-t"],
                       input=body, stderr=subprocess.PIPE)
    c.eq((p.returncode, len(w.delivered())), (0, before + 1), "broken settings: mail flows")
    # an inherited socket (php-fpm's client) is closed before the message has come
    a, b = socket.socketpair()
    b.settimeout(60)
    j = Judge(w, answer(0))
    proc = subprocess.Popen(w.wrapper.split() + ["-t"], stdin=subprocess.PIPE,
                            pass_fds=[a.fileno()], **w.as_site(w.site))
    a.close()
    try:  # it waits for its stdin, which stays open until the end of the other was seen
        eof = b.recv(1) == b""
    except TimeoutError:
        eof = False
    c.true(eof, "an inherited socket stays open")
    proc.communicate(body)
    c.eq(proc.returncode, 0, "inherited socket: exit")
    j.close()
    p = subprocess.run(["/bin/sh", "-c", w.wrapper + " -t <&-"], **w.as_site(w.site))
    c.eq(p.returncode, 0, "closed stdin: exit")


def refuse_setting(c, build):
    w = World(build, settings="submit_without_judge = refuse\nsubmit_timeout_ms = 300")
    try:
        w.site = next(iter(w.sites))
        p = timed(w, b"x", "-t")
        c.eq((p.returncode, w.delivered()), (77, []), "submit_without_judge=refuse")
        c.true(b"does not answer" in p.stderr, "refuse: %r" % p.stderr)
    finally:
        w.close()


def wrapper(c, build, kind):
    body = b"To: a@b.test\r\nSubject: s\n\n.\n..\nNUL \0 and \xff\r\nno end of line"
    w = World(build, settings="message_size_max = 65536")
    try:
        w.site = next(iter(w.sites))
        no_daemon(c, w, body)
        answers(c, w, body)
        bad_daemons(c, w, body)
        limits(c, w, body)
        straight_on(c, w)
        loops_and_leaks(c, w, body)
    finally:
        w.close()
    refuse_setting(c, build)
