"""world - one test's server: accounts, web roots, php-fpm, a mail system, Mailbrake.

Job: everything below one temporary directory. As root also in namespaces of
its own (mounts, network with nothing but lo, processes): the accounts, the
MTA and the wrapper are laid over /etc and /usr there, so real names and real
paths are tested while nothing on the machine changes, no address outside it
can be reached, and every process ends with the test.
Without root: one account (ours), and a program that stores what it is given
in the place of the MTA.
"""
import ctypes
import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import fcgi
import mta as mtas
from sink import Sink

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.geteuid() == 0
NEWNS, NEWPID, NEWNET = 0x20000, 0x20000000, 0x40000000
SYSTEM = {"mailbrake": 64201, "mbwatch": 64202, "mbscan": 64203, "mbmtlog": 64204}
SITES = {"shopa": 64301, "shopb": 64302}
WAIT = 60  # seconds that anything may take: no machine is so slow, and a fault is one still
SUBUID = 700000  # shopa has this and 65,535 more for its user namespaces

FAKE_SENDMAIL = """#!/bin/sh
# keeps what it is given, each message in a folder of its own, complete or not there
umask 022
d=$(mktemp -d {top}/out/.new.XXXXXX) || exit 71
chmod 755 "$d"
for a in "$0" "$@"; do printf '%s\\n' "$a"; done >"$d/argv"
cat >"$d/body" || exit 74
id -u >"$d/uid"
pwd >"$d/cwd"
mv "$d" "{top}/out/m.${{d##*.}}" || exit 71
"""

FEW_RULES = """
rule few_mailer
{
	meta:
		group = "mailer"
		weight = 100
		description = "the one sample of these tests"
		since = "0.1"
		reference = "tests/e2e/mailer.php"
	strings:
		$a = "explode(\\"\\\\n\\", $_POST['emaillist'])"
	condition:
		$a
}
"""

FPM = """
[global]
error_log = {top}/log/fpm.log
daemonize = no
"""
FPM_POOL = """
[{name}]
user = {name}
group = {name}
listen = {top}/run/{name}.sock
pm = static
pm.max_children = 2
php_admin_value[sendmail_path] = "{sendmail} -t -i"
php_admin_value[mail.add_x_header] = On
"""


# leaks are looked for by the unit tests; here processes are killed all the time
os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=0")


class Skip(Exception):
    """The machine cannot do this; not a failure."""


def drop_root(build, argv):
    """Root without the power to make namespaces (a container): go on as nobody, from a copy
    of what is needed, since nobody may not see the tree itself. Does not return."""
    top = tempfile.mkdtemp(prefix="mailbrake-tree.")
    os.chmod(top, 0o755)
    os.makedirs(top + "/tests")
    shutil.copytree(os.path.join(HERE, "../../rules"), top + "/rules")
    shutil.copytree(HERE, top + "/tests/e2e")
    shutil.copytree(os.path.join(HERE, "../samples"), top + "/tests/samples")
    shutil.copytree(os.path.join(HERE, "../../daemon/common"), top + "/daemon/common")
    os.makedirs(top + "/build")
    for path in glob.glob(os.path.abspath(build) + "/mailbrake*"):
        if os.path.isfile(path):
            shutil.copy(path, top + "/build/")
    mtas.run("chmod", "-R", "a+rX", top)
    sys.stdout.flush()
    python = sys.executable
    if not os.path.realpath(python).startswith("/usr/"):  # below a home nobody may not enter
        python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else python
    p = subprocess.run([python, top + "/tests/e2e/" + argv[0], top + "/build"] + argv[1:],
                       user=65534, group=65534, extra_groups=[], cwd="/",
                       env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/",
                            "LANG": "C.UTF-8", "TERM": os.environ.get("TERM", "")})
    shutil.rmtree(top, ignore_errors=True)
    sys.stdout.flush()
    os._exit(p.returncode & 0xff)


def can_namespaces():
    """Try it in a child: mounts, an overlay over /etc, a network of its own."""
    test = "mount --make-rprivate / && ip link set lo up && mount -t overlay overlay " \
        "-o lowerdir=/usr/share:/etc /etc"
    return mtas.run("unshare", "-n", "-m", "-p", "--fork", "sh", "-c", test).returncode == 0


def enter_namespaces():
    """As root: leave the machine's mounts, network and processes. The caller goes on as a
    child of a small init; its exit code becomes the program's."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEWNS | NEWPID | NEWNET) != 0:
        raise Skip("unshare: " + os.strerror(ctypes.get_errno()))
    sys.stdout.flush()
    pid = os.fork()
    if pid != 0:
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xff)
    main = os.fork()  # we are process 1 here: reap orphans until the test ends
    while main != 0:
        done, status = os.wait()
        if done == main:
            os._exit(os.waitstatus_to_exitcode(status) & 0xff)
    for cmd in (["mount", "--make-rprivate", "/"], ["mount", "-t", "proc", "proc", "/proc"],
                ["ip", "link", "set", "lo", "up"]):
        out = mtas.run(*cmd)
        if out.returncode != 0:
            raise Skip(" ".join(cmd) + ": " + out.stdout.strip())


class World:
    def __init__(self, build, mta="builtin", settings="", state_tmpfs="",
                 few_rules=False):
        self.build, self.kind, self.procs = os.path.abspath(build), mta, []
        self.few_rules = few_rules  # where detection is not what is tested: a quicker start
        self.top = tempfile.mkdtemp(prefix="mailbrake-e2e.")
        os.chmod(self.top, 0o755)
        for d in ("bin", "log", "run", "out", "etc/mailbrake/hooks.d", "home", "state"):
            os.makedirs(os.path.join(self.top, d))
        os.chmod(self.top + "/out", 0o1777)
        os.chmod(self.top + "/log", 0o1777)
        self.sites = dict(SITES) if ROOT else {pwd.getpwuid(os.geteuid()).pw_name: os.geteuid()}
        self.conf = self.top + "/etc/mailbrake/mailbrake.conf"
        self.home = "/home" if ROOT else self.top + "/home"
        self.daemon = self.mta = None
        self.mta_up = False
        self.sink = Sink() if mta != "builtin" else None
        if state_tmpfs:
            mtas.run("mount", "-t", "tmpfs", "-o", state_tmpfs, "tmpfs", self.top + "/state")
        try:
            if ROOT:  # accounts live where they live on a real server
                mtas.run("mount", "--bind", self.top + "/home", "/home")
            self._programs()
            self._conf(settings)
            self._homes()
            if ROOT:
                self._overlay()
                if self.mta:
                    self.mta.start()
                    self.mta_up = True
        except BaseException:
            self.close()
            raise

    # --- building it ---------------------------------------------------------------------

    def _programs(self):
        for name in ("mailbraked", "mailbrake", "mailbrake-scan", "mailbrake-sendmail"):
            path = self.build + "/" + name
            plain = os.path.join(self.build, "../build", name)
            if self.build.endswith("-san") and name == "mailbrake-scan" and \
                    os.path.exists(plain):
                path = plain  # its sandbox forbids what the sanitizers' runtime calls
            if os.path.exists(path):
                shutil.copy(path, self.top + "/bin/" + name)
        # a build tree: the programs find ../rules beside their folder
        shutil.copytree(os.path.join(HERE, "../../rules"), self.top + "/rules")
        if self.few_rules:
            for path in glob.glob(self.top + "/rules/**/*.yar", recursive=True):
                os.unlink(path)
            with open(self.top + "/rules/few.yar", "w") as f:
                f.write(FEW_RULES)
        if self.kind in mtas.KINDS:
            self.mta = mtas.KINDS[self.kind](self.top, self.sink.port)
            self.real = self.mta.real
        else:
            self.real = self.top + "/bin/fake-sendmail"
            with open(self.real, "w") as f:
                f.write(FAKE_SENDMAIL.format(top=self.top))
            os.chmod(self.real, 0o755)
        self.wrapper = ("/usr/sbin/sendmail" if self.mta else
                        "%s/bin/mailbrake-sendmail --mailbrake-conf %s" % (self.top, self.conf))

    def _conf(self, settings):
        lines = {
            "watch_roots": self.home + "/*/public_html",
            "sendmail_real": self.real,
            "state_dir": self.top + "/state", "run_dir": self.top + "/run",
            "compiled_dir": self.build + "/compiled",  # shared by all tests
            "brake_file": self.top + "/run/brake",
            "hook_dir": self.top + "/etc/mailbrake/hooks.d",
            "rules_local_dir": self.top + "/etc/mailbrake/rules.d",
            "alert_mail": "admin@mb.test", "alert_from": "mailbrake@mb.test",
            "mta": self.kind if self.mta else "none",
            "mta_log": self.mta.log if self.mta else "none",
            "mta_log_trust": "yes",
            "exim_spool_dir": self.top + "/exim",
            "postfix_queue_dir": self.top + "/postfix/queue",
            # what ends by time ends so on a busy machine as well: only where it is meant
            "held_free_min": "0", "submit_timeout_ms": "60000", "scan_wall_ms": "60000",
        }
        for line in settings.splitlines():
            if line.strip():
                name, value = line.split("=", 1)
                lines[name.strip()] = value.strip()
        with open(self.conf, "w") as f:
            f.writelines("%s = %s\n" % kv for kv in lines.items())

    def _homes(self):
        for name, uid in self.sites.items():
            root = self.webroot(name)
            os.makedirs(root)
            if ROOT:
                os.chown(root, uid, uid)
                os.chown(os.path.dirname(root), uid, uid)

    def _overlay(self):
        if "overlay" not in open("/proc/filesystems").read():
            mtas.run("modprobe", "overlay")
        etc, usr = self.top + "/etc", self.top + "/usr"
        os.makedirs(usr + "/sbin")
        ids = dict(SYSTEM, **SITES)
        with open(etc + "/passwd", "w") as f:
            f.write(open("/etc/passwd").read())
            for name, uid in ids.items():
                home = "/home/" + name if name in SITES else "/nonexistent"
                f.write("%s:x:%d:%d::%s:/bin/sh\n" % (name, uid, uid, home))
            for name, (uid, gid) in mtas.USERS.items():
                f.write("%s:x:%d:%d::/nonexistent:/usr/sbin/nologin\n" % (name, uid, gid))
        with open(etc + "/group", "w") as f:
            f.write(open("/etc/group").read())
            for name, gid in dict(ids, **mtas.GROUPS).items():
                f.write("%s:x:%d:\n" % (name, gid))
        with open(etc + "/subuid", "w") as f:
            f.write("shopa:%d:65536\n" % SUBUID)
        lower = usr + ":/usr"
        if self.mta:
            root, why = mtas.fetch(self.kind, os.environ.get("MB_MTA_CACHE",
                                                             self.build + "/mta"))
            if root is None:
                raise Skip(why)
            self.mta.write(etc)
            shutil.copy(root + "/usr/sbin/sendmail", usr + "/sbin/sendmail.mailbrake-real",
                        follow_symlinks=False)
            shutil.copy(self.top + "/bin/mailbrake-sendmail", usr + "/sbin/sendmail")
            lower = usr + ":" + root + "/usr:/usr"
        for at, layers in (("/etc", etc + ":/etc"), ("/usr", lower)):
            out = mtas.run("mount", "-t", "overlay", "overlay", "-o", "lowerdir=" + layers, at)
            if out.returncode != 0:
                raise Skip("overlay over %s: %s" % (at, out.stdout.strip()))

    # --- accounts and their scripts --------------------------------------------------------

    def webroot(self, site):
        return "%s/%s/public_html" % (self.home, site)

    def drop(self, site, name, text):
        """Put a file into a site's web root as that site: the time it was closed."""
        path = os.path.join(self.webroot(site), name)
        uid = self.sites[site]
        new = []
        d = os.path.dirname(path)
        while not os.path.isdir(d):
            new.append(d)
            d = os.path.dirname(d)
        for d in reversed(new):
            os.mkdir(d)
            os.chown(d, uid, uid)
        data = text if isinstance(text, bytes) else text.encode()
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        if ROOT:
            os.fchown(fd, uid, uid)
        os.write(fd, data)
        os.close(fd)
        return time.time()

    def as_site(self, site):
        uid = self.sites[site]
        return {"user": uid, "group": uid, "extra_groups": []} if ROOT else {}

    def start_fpm(self):
        found = sorted(glob.glob("/usr/sbin/php-fpm*"))
        if not found:
            raise Skip("php-fpm is not installed")
        conf = self.top + "/fpm.conf"
        with open(conf, "w") as f:
            f.write(FPM.format(top=self.top))
            for name in self.sites:
                f.write(FPM_POOL.format(top=self.top, name=name, sendmail=self.wrapper))
        self.spawn([found[-1], "-F", "-y", conf] + (["-R"] if ROOT else []), "fpm-out")
        self.wait_for(lambda: all(os.path.exists("%s/run/%s.sock" % (self.top, s))
                                  for s in self.sites), "php-fpm's sockets")

    def web(self, site, script, **kw):
        """Ask the site's pool for a script; returns its output as text."""
        root = self.webroot(site)
        out, err = fcgi.request("%s/run/%s.sock" % (self.top, site), os.path.join(root, script),
                                root, **kw)
        if err:
            raise RuntimeError("php: " + err.decode("utf-8", "replace"))
        return out.split(b"\r\n\r\n", 1)[-1].decode("utf-8", "replace")

    def send(self, site, data, *args, **kw):
        """Run the wrapper as the site with data on stdin; returns the finished process."""
        argv = self.wrapper.split() + list(args)
        data = data if isinstance(data, bytes) else data.encode()
        return subprocess.run(argv, input=data, stdout=subprocess.PIPE, cwd="/",
                              stderr=subprocess.PIPE, **self.as_site(site), **kw)

    # --- processes -------------------------------------------------------------------------

    def spawn(self, argv, log):
        out = open("%s/log/%s.log" % (self.top, log), "ab")
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.procs.append(p)
        return p

    def wait_for(self, true, what, seconds=WAIT, every=0.02):
        """Until it is true; the limit is for a busy machine, no figure of the product."""
        end = time.time() + seconds
        while time.time() < end:
            value = true()
            if value:
                return value
            time.sleep(every)
        raise TimeoutError("waited %d s for %s" % (seconds, what))

    def start_daemon(self):
        self.daemon = self.spawn([self.top + "/bin/mailbraked", "--conf", self.conf], "daemon")
        try:
            self.wait_for(self.ready, "the daemon to be ready", 2 * WAIT)
        except TimeoutError as e:
            raise RuntimeError("%s; status: %s\n%s" % (e, self.mb("status"),
                                                       self.daemon_log()[-3000:]))
        return self.daemon

    def ready(self):
        if self.daemon.poll() is not None:
            raise RuntimeError("mailbraked ended with %d:\n%s" %
                               (self.daemon.returncode, self.daemon_log()[-2000:]))
        code, rows = self.mb("status")
        parts = {r.get("part"): r.get("state") for r in rows}
        return code == 0 and parts.get("scan") == "ok" and parts.get("watch") != "off" and \
            parts.get("hands") != "off"

    def stop_daemon(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
            try:
                self.daemon.wait(WAIT)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
                raise RuntimeError("mailbraked did not stop within %d s" % WAIT)
        code = self.daemon.returncode if self.daemon else 0
        self.daemon = None
        return code

    def daemon_log(self):
        with open(self.top + "/log/daemon.log", errors="replace") as f:
            return f.read()

    def role_pids(self, role):
        """Processes of the daemon by role name (judge, hands, watch, mtlog, scan)."""
        found = []
        for d in glob.glob("/proc/[0-9]*"):
            try:
                argv = open(d + "/cmdline", "rb").read().split(b"\0")
            except OSError:
                continue
            if role == "scan" and argv[0].endswith(b"/mailbrake-scan") or \
                    argv[:3] == [b"mailbraked", b"-x", role.encode()]:
                try:
                    exe = os.readlink(d + "/exe")
                except OSError:
                    continue
                if exe.startswith(self.top):
                    found.append(int(os.path.basename(d)))
        if role == "scan":  # the one that forks, and its workers
            return sorted(found)
        # a role's own helper has its arguments too: only processes of the parent are meant
        return sorted(p for p in found if self._parent_of(p) not in found)

    def injecting(self):
        """Messages that hands, or what is left of it, just now give to the MTA's program."""
        first, found = set(self.role_pids("hands")), 0
        for d in glob.glob("/proc/[0-9]*"):
            try:
                argv = open(d + "/cmdline", "rb").read().split(b"\0")
            except OSError:
                continue
            pid = int(os.path.basename(d))
            # a child of hands before its exec, or the program; the daemon's own hands is neither
            found += self.real.encode() in argv or argv[:3] == [b"mailbraked", b"-x", b"hands"] \
                and not (pid in first and self._parent_of(pid) == self.daemon.pid)
        return found

    @staticmethod
    def _parent_of(pid):
        try:
            with open("/proc/%d/stat" % pid) as f:
                return int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            return 0

    def mb(self, *args, raw=False, timeout=2 * WAIT):
        """Run the command line: (exit code, rows), or (exit code, bytes) with raw."""
        argv = [self.top + "/bin/mailbrake", "--conf", self.conf]
        argv += list(args) if raw else ["--json"] + list(args)
        p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=timeout)
        if raw:
            return p.returncode, p.stdout
        rows = [json.loads(line) for line in p.stdout.splitlines() if line.startswith(b"{")]
        return p.returncode, rows

    def held(self, state="held"):
        code, rows = self.mb("held")
        if code not in (0, 1):
            raise RuntimeError("mailbrake held: exit %d" % code)
        return [r for r in rows if r["state"] == state]

    def delivered(self):
        """What the program in the MTA's place was given: [(argv, body, uid)]."""
        out = []
        for d in sorted(glob.glob(self.top + "/out/m.*")):
            out.append((open(d + "/argv").read().splitlines(), open(d + "/body", "rb").read(),
                        int(open(d + "/uid").read())))
        return out

    def close(self, keep=False):
        if self.daemon:
            self.stop_daemon()
        for p in self.procs:
            if p.poll() is None:
                p.terminate()
        for p in self.procs:
            try:
                p.wait(WAIT)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        if self.mta_up:
            self.mta.stop()
        if self.sink:
            self.sink.close()
        if keep:
            print("     kept: " + self.top)
            return
        if ROOT:
            for at in ("/usr", "/etc", "/home", self.top + "/state"):
                mtas.run("umount", "-l", at)
        shutil.rmtree(self.top, ignore_errors=True)
