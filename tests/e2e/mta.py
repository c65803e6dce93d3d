"""mta - Postfix and Exim from Debian's packages, without installing them.

Job: the packages (and the libraries they miss here) are unpacked below the
build directory; a test lays them over /usr, and its own /etc over /etc, in
a mount namespace of its own: nothing on the machine changes, both MTAs can
be tested on one machine, and both find their files where they expect them.
Needs: root, overlayfs, unshare(1); apt-get once, to fetch the packages.
"""
import fcntl
import glob
import json
import os
import re
import shutil
import subprocess
import time

PACKAGES = {
    "postfix": ["postfix"],
    "exim": ["exim4-daemon-light", "exim4-base"],
}
# accounts the packages' scripts would make; ids are far from what Debian gives out
GROUPS = {"postfix": 64210, "postdrop": 64211, "Debian-exim": 64212}
USERS = {"postfix": (64210, 64210), "Debian-exim": (64212, 64212)}

POSTFIX_MAIN = """
compatibility_level = 3.6
maillog_file = {top}/log/mail.log
maillog_file_prefixes = {top}
queue_directory = {top}/postfix/queue
data_directory = {top}/postfix/data
myhostname = mb.test
mydestination = localhost
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{port}
alias_maps =
local_recipient_maps =
local_transport = relay:[127.0.0.1]:{port}
message_size_limit = 209715200
mailbox_size_limit = 0
biff = no
append_dot_mydomain = no
"""
POSTFIX_MASTER = """
pickup    unix  n       -       n       1       1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
proxywrite unix -       -       n       -       1       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""
# as in the package's postfix-files
POSTFIX_DIRS = [("queue", 0o755, "root"), ("data", 0o700, "postfix"),
                ("queue/pid", 0o755, "root"), ("queue/public", 0o710, "postdrop"),
                ("queue/maildrop", 0o730, "postdrop")]
POSTFIX_DIRS += [("queue/" + n, 0o700, "root") for n in (
    "active bounce corrupt defer deferred flush hold incoming private saved trace").split()]
EXIM_CONF = """
primary_hostname = mb.test
spool_directory = {top}/exim
log_file_path = {top}/log/%slog
domainlist local_domains =
untrusted_set_sender = *
local_from_check = false
never_users = root
local_interfaces = 127.0.0.1
log_selector = +subject +arguments +received_recipients +pid +smtp_connection
queue_run_max = 5
message_size_limit = 200M
acl_not_smtp = acl_check
add_environment = <; PATH=/bin:/usr/bin
keep_environment =
begin acl
acl_check:
  accept
begin routers
all:
  driver = manualroute
  domains = *
  transport = remote_smtp
  route_list = * 127.0.0.1
  self = send
begin transports
remote_smtp:
  driver = smtp
  port = {port}
  hosts_try_fastopen =
  connect_timeout = 5s
begin retry
* * F,2h,15m
begin rewrite
begin authenticators
"""


def run(*argv, **kw):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)


def fetch(kind, cache):
    """Unpack the packages of kind below cache; returns the root, or None and a reason."""
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(cache, kind + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        return fetch_locked(kind, cache)


def fetch_locked(kind, cache):
    root = os.path.join(cache, kind)
    if os.path.exists(os.path.join(root, ".done")):
        return root, ""
    debs = os.path.join(cache, kind + ".debs")
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    os.makedirs(debs, exist_ok=True)
    # what is missing here beside the packages themselves: shared libraries
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for refresh in (False, True):  # the lists may be old, or not there at all
        if refresh:
            run("apt-get", "update", "-qq", env=env)
        plan = run("apt-get", "install", "-s", "--no-install-recommends", *PACKAGES[kind])
        libs = [w for w in re.findall(r"^Inst (\S+)", plan.stdout, re.M)
                if w.startswith("lib")]
        got = run("apt-get", "-o", "APT::Sandbox::User=root", "download",
                  *PACKAGES[kind], *libs, cwd=debs, env=env)
        if got.returncode == 0:
            break
    else:
        return None, "packages cannot be had: " + got.stdout.strip().splitlines()[-1]
    for deb in glob.glob(debs + "/*.deb"):
        if run("dpkg-deb", "-x", deb, root).returncode != 0:
            return None, "cannot unpack " + deb
    if kind == "postfix":
        for name in ("postdrop", "postqueue"):
            path = root + "/usr/sbin/" + name
            os.chown(path, 0, GROUPS["postdrop"])
            os.chmod(path, 0o2555)
    open(os.path.join(root, ".done"), "w").close()
    return root, ""


class Postfix:
    name = "postfix"
    real = "/usr/sbin/sendmail.mailbrake-real"

    def __init__(self, top, port):
        self.top, self.port = top, port
        self.log = top + "/log/mail.log"

    def write(self, etc):
        """Its files, into what will be /etc."""
        os.makedirs(etc + "/postfix", exist_ok=True)
        for name, text in (("main.cf", POSTFIX_MAIN), ("master.cf", POSTFIX_MASTER)):
            with open(etc + "/postfix/" + name, "w") as f:
                f.write(text.format(top=self.top, port=self.port))
        for name in ("dynamicmaps.cf", "postfix-files"):
            open(etc + "/postfix/" + name, "a").close()

    def start(self):
        for name, mode, group in POSTFIX_DIRS:
            path = self.top + "/postfix/" + name
            os.makedirs(path)
            shutil.chown(path, "root" if name in ("queue", "queue/pid") else "postfix", group)
            os.chmod(path, mode)
        out = run("/usr/sbin/postfix", "start")
        if out.returncode != 0:
            raise RuntimeError("postfix start: " + out.stdout)

    def queue(self):
        """What waits: {recipient: True when it is frozen}."""
        rows = [json.loads(x) for x in run("/usr/sbin/postqueue", "-j").stdout.splitlines()]
        return {a["address"]: r["queue_name"] == "hold" for r in rows for a in r["recipients"]}

    def stop(self):
        run("/usr/sbin/postfix", "stop")
        for _ in range(600):
            if run("/usr/sbin/postfix", "status").returncode != 0:
                return
            time.sleep(0.1)


class Exim:
    name = "exim"
    real = "/usr/sbin/sendmail.mailbrake-real"

    def __init__(self, top, port):
        self.top, self.port = top, port
        self.log = top + "/log/mainlog"

    def write(self, etc):
        os.makedirs(etc + "/exim4", exist_ok=True)
        with open(etc + "/exim4/exim4.conf", "w") as f:
            f.write(EXIM_CONF.format(top=self.top, port=self.port))
        os.chmod(etc + "/exim4/exim4.conf", 0o644)

    def start(self):
        os.makedirs(self.top + "/exim", exist_ok=True)
        shutil.chown(self.top + "/exim", "Debian-exim", "Debian-exim")
        open(self.log, "a").close()  # a server has a log before Mailbrake comes to it
        shutil.chown(self.log, "Debian-exim", "Debian-exim")
        os.chmod(self.log, 0o640)
        out = run("/usr/sbin/exim4", "-bV")
        if out.returncode != 0:
            raise RuntimeError("exim: " + out.stdout)

    def queue(self):
        """What waits: {recipient: True when it is frozen}."""
        out, frozen = {}, False
        for line in run("/usr/sbin/exim4", "-bp").stdout.splitlines():
            if line.startswith("          "):
                out[line.split()[-1]] = frozen
            elif line.strip():
                frozen = "*** frozen ***" in line
        return out

    def stop(self):
        """No daemon runs; deliveries started by submissions end by themselves."""


KINDS = {"postfix": Postfix, "exim": Exim}
