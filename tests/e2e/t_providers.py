"""t_providers - two accounts, one spams, Microsoft refuses our address.

A scripted sink answers as Microsoft does: it takes some messages, then refuses the address
with S3140, and takes mail again when it is told to. Real Exim and real Postfix send to it
by the names of the real MX hosts, which lead to addresses of this namespace. Counted:
refusals after the brake fell, mail lost, mail sent twice, mail to others delayed.
"""
import os
import re
import socketserver
import subprocess
import threading
import time

import mta
from world import World

MS, GOOGLE, REST = "203.0.113.11", "203.0.113.12", "203.0.113.10"
HOSTS = {"mx1.hotmail.com hotmail.com outlook.com": MS,
         "gmail-smtp-in.l.google.com gmail.com": GOOGLE, "mx.rest.test example.org mb.test": REST}
PORT = 25
BLOCKED = ("550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your "
           "Internet service provider since part of their network is on our block list (S3140).")
RATED = ("451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP "
         "reputation. (S775)")
SETTINGS = """
brake_list_s = 15
brake_rate_s = 15
brake_pace_s = 2
brake_probe_s = 20
hard_cap_h = 100000
"""
EXIM_EXTRA = """
hold_domains = ${{if exists{{{top}/run/brake}}{{lsearch;{top}/run/brake}}{{}}}}
"""
EXIM_ROUTERS = """
begin routers
ms:
  driver = manualroute
  domains = hotmail.com : outlook.com
  transport = remote_smtp
  route_list = * mx1.hotmail.com byname
google:
  driver = manualroute
  domains = gmail.com
  transport = remote_smtp
  route_list = * gmail-smtp-in.l.google.com byname
all:
  driver = manualroute
  domains = *
  transport = remote_smtp
  route_list = * mx.rest.test byname
begin transports
"""
POSTFIX_EXTRA = """
transport_maps = hash:{top}/run/brake
disable_dns_lookups = yes
smtp_host_lookup = native
minimal_backoff_time = 5s
maximal_backoff_time = 10s
queue_run_delay = 3s
"""


class Handler(socketserver.StreamRequestHandler):
    timeout = 30

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        p, rcpts = self.server.provider, []
        self.say("220 %s ESMTP" % p.name)
        while True:
            line = self.rfile.readline(65536)
            verb = line[:4].upper()
            if not line or verb == b"QUIT":
                return
            if verb in (b"EHLO", b"HELO"):
                self.say("250-%s\r\n250 8BITMIME" % p.name)
            elif verb == b"MAIL":
                rcpts = []
                refusal = p.refuses()
                self.say(refusal or "250 2.1.0 ok")
            elif verb == b"RCPT":
                rcpts.append(line.split(b"<", 1)[-1].split(b">", 1)[0].decode())
                self.say("250 2.1.5 ok")
            elif verb == b"DATA":
                self.say("354 go on")
                data = []
                while True:
                    line = self.rfile.readline()
                    if line in (b".\r\n", b""):
                        break
                    data.append(line)
                p.take(rcpts, b"".join(data))
                self.say("250 2.0.0 Ok: queued")
            else:
                self.say("250 ok")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


class Provider:
    """One MX: what it took (id, recipient, when) and how often it refused (when)."""

    def __init__(self, name, ip):
        self.name, self.ip, self.taken, self.refused = name, ip, [], []
        self.answer, self.after, self.lock = None, None, threading.Lock()

    def start(self):
        self.server = Server((self.ip, PORT), Handler)
        self.server.provider = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def refuses(self):
        with self.lock:
            if self.after is not None and len(self.taken) >= self.after:
                self.refused.append(time.time())
                return self.answer
            return None

    def take(self, rcpts, data):
        m = re.search(rb"^X-Test-Id: (\S+)", data, re.M)
        with self.lock:
            for r in rcpts:
                self.taken.append((m.group(1).decode() if m else "?", r, time.time()))

    def ids(self):
        with self.lock:
            return [t[0] for t in self.taken]


def wrap_mta(kind):
    """The harness's MTA with routes by provider and the brake wired in as contrib says."""
    cls = mta.KINDS[kind]
    base = cls.write

    def write(self, etc):
        if kind == "exim":
            text = mta.EXIM_CONF.replace("acl_not_smtp", EXIM_EXTRA + "acl_not_smtp", 1)
            head, rest = text.split("begin routers", 1)
            rest = rest.split("begin transports", 1)[1]
            saved, mta.EXIM_CONF = mta.EXIM_CONF, (head + EXIM_ROUTERS + rest).replace(
                "  port = {port}", "  port = %d" % PORT)
            base(self, etc)
            mta.EXIM_CONF = saved
        else:
            base(self, etc)
            with open(etc + "/postfix/main.cf") as f:
                text = re.sub("(?m)^relayhost.*$", "", f.read())
            with open(etc + "/postfix/main.cf", "w") as f:
                f.write(text + POSTFIX_EXTRA.format(top=self.top))
        with open(etc + "/hosts", "w") as f:
            f.write("127.0.0.1 localhost\n")
            f.writelines("%s %s\n" % (ip, name) for name, ip in HOSTS.items())
    cls.write = write
    start = cls.start

    def first(self):
        if kind == "postfix":
            open(self.top + "/run/brake", "w").close()
            mta.run("/usr/sbin/postmap", "hash:" + self.top + "/run/brake")
        start(self)
    cls.start = first


class Story:
    def __init__(self, c, w, kind):
        self.c, self.w, self.kind, self.n = c, w, kind, 0
        self.sent = {}

    def send(self, site, rcpt):
        self.n += 1
        ident = "m%04d" % self.n
        self.sent[ident] = (site, rcpt, time.time())
        p = self.w.send(site, "X-Test-Id: %s\nSubject: t\nTo: %s\n\nx\n" % (ident, rcpt),
                        "-i", rcpt)
        self.c.eq(p.returncode, 0, "sending %s as %s: %s" % (ident, site, p.stderr[:200]))
        return ident

    def provider(self, name="microsoft"):
        code, rows = self.w.mb("providers", name)
        return rows[0] if rows else {"state": "?", "waiting": 0}

    def wait_state(self, want, seconds=90):
        try:
            self.w.wait_for(lambda: self.provider()["state"] == want, "state " + want, seconds, 0.1)
            return True
        except TimeoutError:
            return self.c.true(False, "provider is %r, not %s\n%s" % (
                self.provider(), want, self.w.daemon_log()[-3000:]))


def queue_runner(stop):
    """Exim without its daemon: what `-q3s` would do."""
    while not stop.is_set():
        subprocess.run(["/usr/sbin/exim4", "-q"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        stop.wait(3)


def story(c, build, kind):
    for ip in (MS, GOOGLE, REST):
        mta.run("ip", "addr", "add", ip + "/32", "dev", "lo")
    wrap_mta(kind)
    ms, google, rest = (Provider(n, ip) for n, ip in
                        (("microsoft", MS), ("google", GOOGLE), ("rest", REST)))
    for p in (ms, google, rest):
        p.start()
    w, stop = World(build, kind, SETTINGS), threading.Event()
    try:
        w.start_daemon()
        if kind == "exim":
            threading.Thread(target=queue_runner, args=(stop,), daemon=True).start()
        play(c, Story(c, w, kind), ms, google, rest)
    finally:
        stop.set()
        w.close(keep=bool(os.environ.get("MB_KEEP")))


def play(c, s, ms, google, rest):
    w = s.w
    for site in ("shopa", "shopb"):
        c.eq(w.mb("trust", site)[0], 0, "trust " + site)
    ms.answer, ms.after = BLOCKED, 3
    # 1. the spammer goes on until the brake falls
    spam = []
    for i in range(40):
        spam.append(s.send("shopa", "victim%d@hotmail.com" % i))
        time.sleep(0.15)
        if s.provider()["state"] == "braked":
            break
    if not s.wait_state("braked", 30):
        return
    time.sleep(1.0)  # what was in flight arrives
    at_brake = len(ms.refused)
    c.note("%d refusals until the brake" % at_brake)
    # 2. mail to Microsoft waits, mail to others does not
    waits = [s.send("shopb", "c%d@outlook.com" % i) for i in range(8)]
    spam += [s.send("shopa", "more%d@hotmail.com" % i) for i in range(3)]
    others = [s.send("shopb", "c%d@gmail.com" % i) for i in range(3)]
    others += [s.send("shopb", "c%d@example.org" % i) for i in range(3)]
    mixed = s.send("shopb", "mixed@example.org")
    try:
        w.wait_for(lambda: set(others + [mixed]) <= set(google.ids() + rest.ids()),
                   "mail to others", 10)
    except TimeoutError as e:
        c.true(False, str(e))
    late = [t - s.sent[i][2] for p in (google, rest) for i, _, t in p.taken if i in s.sent]
    c.note("mail to others after %.1f s at most" % max(late or [99]))
    try:
        w.wait_for(lambda: s.provider()["waiting"] >= 11, "the log to tell what waits", 20, 0.2)
    except TimeoutError as e:
        c.true(False, "%s: %r" % (e, s.provider()))
    c.eq(len(ms.refused), at_brake, "refusals after the brake fell")
    # 3. the spammer is held: what it has queued is frozen
    c.eq(w.mb("forget", "shopa")[0], 0, "forget")
    c.eq(w.mb("hold", "shopa")[0], 0, "hold the spammer")
    ms.after = None  # Microsoft lifts the block
    if not s.wait_state("clear", 150):
        return
    try:
        w.wait_for(lambda: set(waits) <= set(ms.ids()), "what waited to arrive", 60, 0.2)
    except TimeoutError as e:
        c.true(False, "%s: missing %s\n%s" % (e, set(waits) - set(ms.ids()),
                                                 w.daemon_log()[-2500:]))
    end(c, s, ms, google, rest, spam, waits + others + [mixed], at_brake)


def end(c, s, ms, google, rest, spam, good, at_brake):
    w = s.w
    all_ids = ms.ids() + google.ids() + rest.ids()
    twice = [i for i in set(all_ids) if i != "?" and all_ids.count(i) > 1]
    c.eq(twice, [], "sent twice")
    c.eq([i for i in good if i not in all_ids], [], "lost")
    c.true(not set(spam[-3:]) & set(ms.ids()), "the held spammer's queued mail stayed frozen")
    c.eq(len(ms.refused), at_brake, "refusals until the end")
    code, rows = w.mb("dossier", "microsoft")
    kinds = {r["kind"] for r in rows}
    c.true({"provider", "count", "refusal", "measure", "missing"} <= kinds, "dossier: %r" % kinds)
    c.true(any("S3140" in r["text"] for r in rows if r["kind"] == "refusal"), "dossier's refusals")
    c.note("lost 0, twice 0, refused after the brake %d" % (len(ms.refused) - at_brake))
