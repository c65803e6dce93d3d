"""t_hostile - a tenant who talks to the daemon himself: nothing breaks, nobody else notices.

Each part is an attack that once worked. After each of them judge must be the same process, and
another sender must get his answer.
"""
import array
import fcntl
import os
import socket
import struct
import subprocess
import time

import wire
import world
from world import World

LINGER_S = 60  # who waits for one of these waits long
SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def sealed(data):
    fd = os.memfd_create("m", os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
    return fd


def submit(sock, data, fd, **more):
    m = wire.pack("SUBMIT", size=len(data), cwd="/", argv=b"sendmail\0-t\0", env=b"", claimed_script="",
                  **more)
    sock.sendmsg([m], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])


def connect(w):
    """A connection of the first site's uid: who connects is who the kernel says it is."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(60)
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(next(iter(w.sites.values())))
    s.connect(w.top + "/run/submit.sock")
    if mine == 0:
        os.seteuid(0)
    return s


def answer(s):
    try:
        data = s.recv(65536)
    except OSError:
        return None
    return wire.unpack(data)[1]["answer"] if data else None


def open_fds(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def two_messages(c, w, still):
    """Two messages on one connection, the second while the first is held."""
    body = b"To: a@b.test\n\n" + b"x" * (2 << 20)
    before = len(w.held())
    first, second = (b"Subject: the %s\n" % n + body for n in (b"first", b"second"))
    for i in range(10):
        s, fd, fd2 = connect(w), sealed(first), sealed(second)
        submit(s, first, fd)
        time.sleep(0.002 * i)
        try:
            submit(s, second, fd2)
        except OSError:  # answered and closed already
            pass
        c.eq(answer(s), 1, "the first of two messages on one connection")
        s.close()
        os.close(fd)
        os.close(fd2)
    still("two messages on a connection")
    c.eq(len(w.held()), before + 11, "held: one a connection, and the other sender's")
    c.eq(sum(r["claimed_subject"] == "the first" for r in w.held()), 10,
         "held: the message that was asked about, not one sent after it")


def subordinate_uids(c, w, site):
    """Out of a user namespace: to the kernel each of these is another uid."""
    uid = w.sites[site]
    before = len([h for h in w.held() if h["uid"] == uid])
    for i in range(8):
        r = subprocess.run(w.wrapper.split() + ["-t", "-i"], input=b"To: a@b.test\n\nx",
                           user=world.SUBUID + i, group=world.SUBUID, extra_groups=[],
                           cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        c.eq(r.returncode, 0, "a subordinate uid sends")
    c.eq(len([h for h in w.held() if h["uid"] == uid]), before + 8,
         "held: the account's whose uids they are")


def empty_datagrams(c, w, pid, still):
    """An empty datagram that brings a descriptor."""
    fds = open_fds(pid)
    for _ in range(50):
        s, fd = connect(w), sealed(b"y")
        s.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd] * 5))])
        s.close()
        os.close(fd)
    try:
        w.wait_for(lambda: open_fds(pid) <= fds + 2, "descriptors to be closed")
    except TimeoutError:
        c.true(False, "descriptors left open by empty datagrams: %d, were %d" % (open_fds(pid), fds))
    still("empty datagrams")


def lingering(c, w, still):
    """A TCP socket whose last close() would wait for its unread bytes."""
    lst = socket.create_server(("127.0.0.1", 0))
    for _ in range(3):
        t = socket.create_connection(lst.getsockname())
        peer, _ = lst.accept()
        t.setblocking(False)
        try:
            while True:
                t.send(b"z" * 65536)
        except BlockingIOError:
            pass
        t.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGER_S))
        s = connect(w)
        submit(s, b"y", t.fileno())
        # given away: ours is not the last close
        os.close(t.detach())
        s.close()
        began = time.time()
        still("a socket that lingers")
        c.true(time.time() - began < LINGER_S / 2, "answered in %.1f s while a socket lingers" % (time.time() - began))
        peer.close()
    lst.close()


def junk(c, w, still):
    for words in (b"junk", b"", wire.pack("CTL", verb="status", args=b""), wire.pack("SUBMIT"),
                  wire.pack("ANSWER", answer=0, text="")):
        s = connect(w)
        s.send(words)
        c.true(answer(s) in (None, 2), "no word for %r" % words[:12])
        s.close()
    still("junk")


def released_twice(c, w):
    """A release asked for twice sends once."""
    ids = [r["id"] for r in w.held()][:1]
    sent = len(w.delivered())
    w.mb("release", ids[0], ids[0])
    w.wait_for(lambda: len(w.delivered()) > sent, "the released")
    time.sleep(0.5)
    c.eq(len(w.delivered()), sent + 1, "one message released twice in one command")
    code, _ = w.mb("release", ids[0])
    c.eq((code, len(w.delivered())), (1, sent + 1), "and once more later")


def hostile(c, build, kind):
    w = World(build, kind, settings="alert_mail =")
    try:
        site = next(iter(w.sites))
        w.start_daemon()
        judge = w.role_pids("judge")

        def still(what):
            c.eq(w.role_pids("judge"), judge, "judge after " + what)
            r = w.send(site, b"To: a@b.test\n\nme too\n", "-t", "-i")
            c.eq(r.returncode, 0, "another sender after " + what)

        code, _ = w.mb("hold", site)
        c.eq(code, 0, "mailbrake hold")
        two_messages(c, w, still)
        if world.ROOT:
            subordinate_uids(c, w, site)
        empty_datagrams(c, w, judge[0], still)
        lingering(c, w, still)
        junk(c, w, still)
        released_twice(c, w)
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()
