"""t_direct - connections of accounts straight to remote mail ports, as contrib/nftables counts and refuses them.

The shipped file is loaded into this test's own network; the accounts' connections lead to an interface behind which
nobody is. What it counted is shown by status, explain and doctor.
"""
import os
import shutil
import socket
import subprocess

import mta
from world import Skip, World

NFT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../contrib/nftables/mailbrake.nft")


def knock(uid, port, times, wait=0.05):
    """So many connections by a process of uid; what the last one met ("" when it waits)."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = ""
        try:
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            for _ in range(times):
                s = socket.socket()
                s.settimeout(wait)
                try:
                    s.connect(("203.0.113.10", port))
                except socket.timeout:
                    said = ""
                except OSError as e:
                    said = os.strerror(e.errno)
                s.close()
        finally:
            os.write(w, said.encode())
            os._exit(0)
    os.close(w)
    said = os.read(r, 200).decode()
    os.close(r)
    os.waitpid(pid, 0)
    return said


def direct(c, build, kind):
    if not shutil.which("nft"):
        raise Skip("nft is not installed")
    for cmd in ("ip link add mba type veth peer name mbb", "ip addr add 203.0.113.1/24 dev mba",
                "ip link set mba up", "ip link set mbb up",
                "ip neigh add 203.0.113.10 lladdr 02:00:00:00:00:01 dev mba"):
        out = mta.run(*cmd.split())
        if out.returncode != 0:
            raise Skip(cmd + ": " + out.stdout.strip())
    out = mta.run("nft", "-f", NFT)
    if out.returncode != 0:
        raise Skip("nft: " + out.stdout.strip())
    w = World(build, "builtin", few_rules=True)
    try:
        a = w.sites["shopa"]
        knock(a, 25, 4)
        knock(a, 587, 3)
        knock(a, 80, 2)   # no mail port
        knock(0, 25, 2)   # may send
        knock(64210, 25, 1)
        w.start_daemon()
        part = lambda: ([r for r in w.mb("status")[1] if r.get("part") == "direct-smtp"] or [{}])[0]
        w.wait_for(lambda: part().get("connections"), "the counters to be read", 60, 0.2)
        # (a busy machine sends a SYN twice, which counts as another)
        c.true(part().get("accounts") == 2 and 8 <= part().get("connections") <= 20,
               "accounts and connections: %r" % part())
        w.send("shopa", "Subject: x\n\nb\n", "a@example.org")
        facts = {r.get("name"): r.get("connections") for r in w.mb("explain", "shopa")[1]}
        c.true(7 <= facts.get("direct", 0) <= 19, "explain shopa: %r" % facts.get("direct"))
        w.send("shopb", "Subject: x\n\nb\n", "a@example.org")
        c.true("direct" not in {r.get("name") for r in w.mb("explain", "shopb")[1]}, "explain shopb")
        doctor = [r for r in w.mb("doctor")[1] if "direct-smtp" in str(r)]
        c.true(doctor and "counted by nftables" in str(doctor[0]) and "refused" not in str(doctor[0]), "doctor: %r" % doctor)
        # the one line that refuses as well
        text = open(NFT).read().replace("#reject with", "reject with")
        out = subprocess.run(["nft", "-f", "-"], input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        c.eq(out.returncode, 0, "nft with reject: " + out.stdout)
        said = knock(a, 25, 1, 60)  # one that waits in vain says nothing
        c.true(said != "", "a refused connection is told so: %r" % said)
        c.eq(knock(0, 25, 1, 0.2), "", "root's goes out")
        out = mta.run("nft", "delete", "table", "inet", "mailbrake")
        c.eq(out.returncode, 0, "taken back in one command")
        c.note("refused with \"%s\"" % said)
    finally:
        w.close()
