"""t_sockets - an account that attacks the daemon's sockets, and settings that are wrong.

Whatever it sends: its connection is closed, it is counted, judge goes on, and the
mail of others passes as before. A bad file of settings changes nothing.
"""
import os
import signal
import socket
import struct
import time

import wire
import world
from world import World

F_ADD_SEALS, ALL_SEALS = 1033, 0xf


def memfd(data, seals=ALL_SEALS):
    import fcntl
    fd = os.memfd_create("attack", os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    if seals:
        fcntl.fcntl(fd, F_ADD_SEALS, seals)
    return fd


def connect(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(60)
    s.connect(path)
    return s


def submit(path, fd, **values):
    """Send one SUBMIT; what comes back: a dict, or None when the connection was closed."""
    s = connect(path)
    v = {"size": os.fstat(fd).st_size if fd is not None else 0, "cwd": "/",
         "argv": b"sendmail\0-t\0", "env": b"", "claimed_script": ""}
    v.update(values)
    data = wire.pack("SUBMIT", **v)
    if fd is None:
        s.send(data)
    else:
        socket.send_fds(s, [data], [fd])
    try:
        got = s.recv(200000)
    except (TimeoutError, ConnectionError):
        got = b""
    s.close()
    return wire.unpack(got)[1] if got else None


def attack(run, admin):
    """What a hostile account does, in a process that is it; returns what went wrong."""
    path, bad = run + "/submit.sock", []
    mail = b"To: a@b.test\n\nattack\n"
    refused = [
        ("no descriptor", submit(path, None)),
        ("not sealed", submit(path, memfd(mail, 0))),
        ("writable", submit(path, memfd(mail, 0x7))),
        ("wrong size", submit(path, memfd(mail), size=5)),
        ("huge size", submit(path, memfd(mail), size=1 << 62)),
        ("a file", submit(path, os.open("/etc/passwd", os.O_RDONLY))),
        ("a directory", submit(path, os.open("/", os.O_RDONLY))),
        ("a pipe", submit(path, os.pipe()[0])),
        ("no arguments", submit(path, memfd(mail), argv=b"")),
        ("broken list", submit(path, memfd(mail), argv=b"sendmail")),
    ]
    for name, answer in refused:
        if answer is not None and answer["answer"] != 2:
            bad.append("%s: answered %r" % (name, answer))
    junk = [b"", b"\0", os.urandom(40), os.urandom(4000), b"\xff" * 131080,
            struct.pack("=HHI", wire.VERSION, 999, 0), wire.pack("ANSWER", answer=0),
            wire.pack("CTL", verb="status", args=b""), wire.pack("SUBMIT")[:-3],
            struct.pack("=HHI", wire.VERSION, wire.TYPE["SUBMIT"], 8) + b"\xff" * 8]
    for i, data in enumerate(junk * 3):
        s = connect(path)
        try:
            socket.send_fds(s, [data], [0, 1, 2][:i % 3]) if i % 3 else s.send(data)
            s.send(data)
        except OSError:
            pass
        s.close()
    # connections that say nothing, more than one account may have
    quiet = []
    for _ in range(300):
        try:
            s = connect(path)
            quiet.append(s)
        except OSError:
            break
    # the hooks of the mail system, and the command line
    for data in (b"CHECK " + b"x" * 70000, b"\0\n\xff\n" * 1000, b"SMTP v=1 id=\n", b"\n" * 5000):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(1)
        try:
            s.connect(run + "/mta.sock")
            s.sendall(data)
            s.recv(100)
        except OSError:
            pass
        s.close()
    if not admin:
        try:
            s = connect(run + "/ctl.sock")
            s.send(wire.pack("CTL", verb="release", args=b"root\0"))
            if s.recv(100000):
                bad.append("ctl.sock answered an account")
        except OSError:
            pass
    return "\n".join(bad)


def as_account(w, site):
    r, wr = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            if world.ROOT:
                os.setgroups([])
                os.setgid(w.sites[site])
                os.setuid(w.sites[site])
            text = attack(w.top + "/run", not world.ROOT)
        except BaseException as e:
            text = "the attack itself failed: %r" % e
        os.write(wr, text.encode()[:60000])
        os._exit(0)
    os.close(wr)
    text = os.fdopen(r).read()
    os.waitpid(pid, 0)
    return text


def sockets(c, build, kind):
    w = World(build, few_rules=True, settings="alert_mail =")
    try:
        sites = list(w.sites)
        bad, good = sites[0], sites[-1]
        w.start_daemon()
        pid = w.role_pids("judge")[0]
        before = len(w.delivered())
        c.eq(as_account(w, bad), "", "the attack")
        c.eq(w.role_pids("judge"), [pid], "judge goes on")
        c.eq(len(w.delivered()), before, "nothing of it went out")
        start = time.time()
        sent = w.send(good, b"To: a@b.test\n\nhonest\n", "-t", "-i")
        c.eq((sent.returncode, len(w.delivered())), (0, before + 1), "honest mail after it")
        # a daemon that does not answer is waited for until submit_timeout_ms
        c.true(time.time() - start < 30, "honest mail took %.1f s" % (time.time() - start))
        reload(c, w)
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()


def reload(c, w):
    text = open(w.conf).read()
    pids = {r: w.role_pids(r) for r in ("judge", "hands", "watch")}
    with open(w.conf, "w") as f:
        f.write(text + "held_messages_max = many\n")
    w.daemon.send_signal(signal.SIGHUP)
    w.wait_for(lambda: "reload_refused" in w.daemon_log(), "a refused reload")
    c.true("held_messages_max" in w.daemon_log().split("reload_refused")[-1].split("\n")[0],
           "the log names the setting")
    with open(w.conf, "w") as f:
        f.write(text + "held_messages_max = 3\n")
    w.daemon.send_signal(signal.SIGHUP)
    w.wait_for(lambda: "reloaded generation=" in w.daemon_log(), "a reload")
    w.wait_for(w.ready, "the daemon after a reload")
    c.eq({r: w.role_pids(r) for r in pids}, pids, "the same processes after a reload")
    site = list(w.sites)[-1]
    w.mb("hold", site)
    codes = [w.send(site, b"To: a@b.test\n\n%d\n" % i, "-t", "-i").returncode for i in range(5)]
    c.eq(codes, [0, 0, 0, 77, 77], "held_messages_max = 3 is in force")

