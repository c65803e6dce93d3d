"""t_providers - two accounts, one spams, Microsoft, Google and Yahoo refuse our address.

Scripted sinks answer as the three do: each takes some messages, then refuses (Microsoft by its
block list, Google and Yahoo by rate), and takes mail again when it is told to; the first probe
of Google relapses. Real Exim and real Postfix send to them by the names of the real MX hosts,
which lead to addresses of this namespace. Counted for each: refusals after the brake fell, mail
lost, mail sent twice, mail to others delayed.
"""
import os
import re
import signal
import socket
import socketserver
import subprocess
import threading
import time

import mta
from world import World

IPS = {"microsoft": "203.0.113.11", "google": "203.0.113.12", "yahoo": "203.0.113.13",
       "rest": "203.0.113.10", "smarthost": "203.0.113.14"}
NAMES = {"microsoft": "mx1.hotmail.com hotmail.com outlook.com",
         "google": "gmail-smtp-in.l.google.com gmail.com",
         "yahoo": "mta5.am0.yahoodns.net yahoo.com", "rest": "mx.rest.test example.org mb.test",
         "smarthost": "smarthost.test"}
PORT = 25
ANSWERS = {
    "microsoft": "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact "
                 "your Internet service provider since part of their network is on our block "
                 "list (S3140).",
    "google": "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from\r\n"
              "421-4.7.28 your IP address. To protect our users from spam, mail sent from your\r\n"
              "421-4.7.28 IP address has been temporarily rate limited.\r\n"
              "421 4.7.28  https://support.google.com/mail/?p=UnsolicitedRateLimitError x - gsmtp",
    "yahoo": "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected "
             "volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
}
BRAKED = {"microsoft": ("hotmail.com", "outlook.com"), "google": ("gmail.com", "gmail.com"),
          "yahoo": ("yahoo.com", "yahoo.com")}  # whom the spammer writes to, whom the customer
TAKES = 3  # messages each takes before it refuses
SETTINGS = """
brake_list_s = 10
brake_rate_s = 10
brake_pace_s = 1
brake_probe_s = 10
hard_cap_h = 100000
"""
CONTRIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../contrib/")
EXIM_ROUTER = """
{name}:
  driver = manualroute
  domains = {domains}
  transport = remote_smtp
  route_list = * {host} byname
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


class Resolver:
    """A name server on 127.0.0.1: what RECORDS say, and nothing else."""

    RECORDS = {("1.2.0.192.in-addr.arpa", 12): b"\x02mx\x02mb\x04test\0",
               ("mx.mb.test", 1): bytes((192, 0, 2, 1)),
               ("mb.test", 16): b"\x19v=spf1 ip4:192.0.2.1 -all",
               ("default._domainkey.mb.test", 16): b"\x0fv=DKIM1; p=AAAA"}

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 53))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            ask, whom = self.sock.recvfrom(2000)
            if not ask:
                return
            end = ask.index(b"\0", 12)
            labels, at = [], 12
            while at < end:
                labels.append(ask[at + 1:at + 1 + ask[at]].decode().lower())
                at += 1 + ask[at]
            kind = int.from_bytes(ask[end + 1:end + 3], "big")
            data = self.RECORDS.get((".".join(labels), kind))
            answer = b"" if data is None else (
                b"\xc0\x0c" + kind.to_bytes(2, "big") + b"\0\1\0\0\0\x3c" +
                len(data).to_bytes(2, "big") + data)
            self.sock.sendto(ask[:2] + (b"\x81\x83" if data is None else b"\x81\x80") +
                             b"\0\1\0" + bytes((bool(data),)) + b"\0\0\0\0" +
                             ask[12:end + 5] + answer, whom)

    def close(self):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("127.0.0.1", 53))
        self.thread.join(10)
        self.sock.close()


class Provider:
    """One MX: what it took (id, recipient, when) and how often it refused (when)."""

    def __init__(self, name):
        self.name, self.ip, self.taken, self.refused = name, IPS[name], [], []
        self.after, self.once, self.lock = None, 0, threading.Lock()

    def start(self):
        self.server = Server((self.ip, PORT), Handler)
        self.server.provider = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def refuses(self):
        with self.lock:
            if self.once > 0 or (self.after is not None and len(self.taken) >= self.after):
                self.once -= self.after is None
                self.refused.append(time.time())
                return ANSWERS[self.name]
            return None

    def take(self, rcpts, data):
        m = re.search(rb"^X-Test-Id: (\S+)", data, re.M)
        with self.lock:
            for r in rcpts:
                self.taken.append((m.group(1).decode() if m else "?", r, time.time()))

    def ids(self):
        with self.lock:
            return [t[0] for t in self.taken]


def snippet(name, top):
    """A file of contrib/exim as an admin puts it in, with the test's paths."""
    with open(CONTRIB + "exim/" + name) as f:
        return "\n" + f.read().replace("/etc/mailbrake/brake", top + "/run/brake") + "\n"


def exim_conf(top):
    """The harness's Exim with routes by provider and the brake wired in as contrib says."""
    hold = [x for x in snippet("mailbrake-main", top).replace("\\\n", "").splitlines() if x.startswith("hold_domains")]
    text = mta.EXIM_CONF.replace("acl_not_smtp", hold[0].replace("{", "{{").replace("}", "}}") +
                                 "\nacl_not_smtp", 1)
    head, rest = text.split("begin routers", 1)
    rest = rest.split("begin transports", 1)[1].replace("  port = {port}", "  port = %d" % PORT)
    routers = snippet("mailbrake-router", top).replace("{", "{{").replace("}", "}}")
    for name, domains in list(BRAKED.items()) + [("rest", "*")]:
        routers += EXIM_ROUTER.format(name=name, host=NAMES[name].split()[0],
                                      domains=" : ".join(dict.fromkeys(domains)))
    return (head + "begin routers" + routers + "begin transports\n" +
            snippet("mailbrake-transport", top) + "  hosts_try_fastopen =\n" + rest)


def wrap_mta(kind):
    cls = mta.KINDS[kind]
    base, start = cls.write, cls.start

    def write(self, etc):
        if kind == "exim":
            saved, mta.EXIM_CONF = mta.EXIM_CONF, exim_conf(self.top)
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
            f.writelines("%s %s\n" % (IPS[p], names) for p, names in NAMES.items())
        with open(etc + "/resolv.conf", "w") as f:
            f.write("nameserver 127.0.0.1\n")

    def first(self):
        if kind == "postfix":
            open(self.top + "/run/brake", "w").close()
            mta.run("/usr/sbin/postmap", "hash:" + self.top + "/run/brake")
        start(self)
    cls.write, cls.start = write, first


class Story:
    def __init__(self, c, w, kind):
        self.c, self.w, self.kind, self.n = c, w, kind, 0
        self.sent = {}
        self.sink = {name: Provider(name) for name in IPS}
        self.at_brake = {}

    def send(self, site, rcpt):
        self.n += 1
        ident = "m%04d" % self.n
        self.sent[ident] = (site, rcpt, time.time())
        p = self.w.send(site, "X-Test-Id: %s\nSubject: t\nTo: %s\n\nx\n" % (ident, rcpt),
                        "-i", rcpt)
        self.c.eq(p.returncode, 0, "sending %s as %s: %s" % (ident, site, p.stderr[:200]))
        return ident

    def provider(self, name):
        code, rows = self.w.mb("providers", name)
        return rows[0] if rows else {"state": "?", "waiting": 0, "relapses": 0}

    def wait(self, true, what, seconds):
        """Wait for it; a failed check that says what the daemon said, when it does not come."""
        try:
            self.w.wait_for(true, what, seconds, 0.1)
            return True
        except TimeoutError as e:
            rows = [(r["provider"], r["state"], r["waiting"]) for r in self.w.mb("providers")[1]]
            return self.c.true(False, "%s: %r\n%s" % (e, rows, self.w.daemon_log()[-3000:]))

    def wait_state(self, name, want, seconds=90):
        return self.wait(lambda: self.provider(name)["state"] == want, name + " " + want, seconds)

    def got(self):
        return [i for p in self.sink.values() for i in p.ids()]

    def brake_file(self):
        try:
            with open(self.w.top + "/run/brake") as f:
                return [x for x in f.read().splitlines() if x and x[0] != "#"]
        except OSError:
            return []


def queue_runner(stop):
    """Exim without its daemon: what `-q2s` would do."""
    while not stop.is_set():
        subprocess.run(["/usr/sbin/exim4", "-q"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        stop.wait(2)


def story(c, build, kind):
    for ip in IPS.values():
        mta.run("ip", "addr", "add", ip + "/32", "dev", "lo")
    wrap_mta(kind)
    w, stop = World(build, kind, SETTINGS, few_rules=True), threading.Event()
    s = Story(c, w, kind)
    for p in s.sink.values():
        p.start()
    try:
        w.start_daemon()
        if kind == "exim":
            threading.Thread(target=queue_runner, args=(stop,), daemon=True).start()
        for site in ("shopa", "shopb"):
            c.eq(w.mb("trust", site)[0], 0, "trust " + site)
        spam = spammer(s)
        if len(s.at_brake) == len(BRAKED):
            waits, others = while_braked(s, spam)
            open_again(s, spam, waits, others)
            other_road(s)
    finally:
        stop.set()
        w.close(keep=bool(os.environ.get("MB_KEEP")))


def spammer(s):
    """One account goes on until each provider's brake falls."""
    spam = []
    for name in BRAKED:
        s.sink[name].after = TAKES
    for i in range(60):
        states = {name: s.provider(name)["state"] for name in BRAKED}
        todo = [name for name in BRAKED if states[name] == "clear"]
        if not todo:
            break
        for name in todo:
            spam.append(s.send("shopa", "victim%d@%s" % (i, BRAKED[name][0])))
        time.sleep(0.1)
    for name in BRAKED:
        if not s.wait(lambda: s.provider(name)["state"] != "clear", name + " braked", 200):
            return spam
    refused, still = {}, 0
    while still < 3:  # what was in flight arrives
        time.sleep(0.5)
        now = {name: len(s.sink[name].refused) for name in BRAKED}
        refused, still = now, still + 1 if now == refused else 0
    s.at_brake = refused
    s.c.note("refusals until the brake: " +
             ", ".join("%s %d" % (n, k) for n, k in s.at_brake.items()))
    return spam


def after_brake(s, name):
    """Refusals since the brake fell that were no probe of ours."""
    return len(s.sink[name].refused) - s.at_brake[name] - s.provider(name)["relapses"]


def while_braked(s, spam):
    """Mail to them waits, mail to others does not; then they would take mail again."""
    c, w = s.c, s.w
    spam += [s.send("shopa", "more@" + BRAKED[name][0]) for name in BRAKED]
    for name in BRAKED:  # once the log was read: then it can be frozen
        s.wait(lambda: s.provider(name)["waiting"] >= 1, name + ": the log to tell", 200)
    c.eq(w.mb("forget", "shopa")[0], 0, "forget")
    c.eq(w.mb("hold", "shopa")[0], 0, "hold the spammer")
    waits = {name: [s.send("shopb", "c%d@%s" % (i, BRAKED[name][1])) for i in range(4)]
             for name in BRAKED}
    waits["google"] += [s.send("shopb", "d%d@gmail.com" % i) for i in range(4)]
    others = [s.send("shopb", "c%d@example.org" % i) for i in range(3)]
    for name in BRAKED:
        p = s.sink[name]
        refused, got = after_brake(s, name), set(waits[name]) & set(p.ids())
        if s.provider(name)["state"] == "braked":
            c.eq(refused, 0, name + ": refusals after the brake fell")
            c.eq(got, set(), name + ": taken while braked")
        else:
            c.note(name + ": slow machine, probed already")
        p.once = 1 if name == "google" and s.kind == "exim" else 0
        p.after = None
    s.wait(lambda: set(others) <= set(s.sink["rest"].ids()), "mail to others", 200)
    late = [t - s.sent[i][2] for i, _, t in s.sink["rest"].taken if i in s.sent]
    c.note("mail to others after %.1f s at most" % max(late or [99]))
    return [i for ids in waits.values() for i in ids], others


def open_again(s, spam, waits, others):
    """They take mail again, Google only after one relapse."""
    c, w = s.c, s.w
    for name in BRAKED:
        s.wait_state(name, "clear", 150)
    s.wait(lambda: set(waits) <= set(s.got()), "what waited to arrive", 200)
    for name in BRAKED:
        first = s.sink[name].ids()[TAKES:][:1]
        c.true(first and first[0] in waits, "%s: the probe was %r, not a customer's" % (
            name, first))
        c.true(after_brake(s, name) <= 0, "%s: %d refusals until the end" % (
            name, after_brake(s, name)))
    if s.kind == "exim":
        c.true(s.provider("google")["relapses"] >= 1, "google relapsed")
    got = s.got()
    c.eq([i for i in set(got) if i != "?" and got.count(i) > 1], [], "sent twice")
    c.eq([i for i in waits + others if i not in got], [], "lost")
    c.eq(sorted(set(spam[-3:]) & set(got)), [], "queued mail of the held spammer that went")
    code, rows = w.mb("dossier", "microsoft", )
    kinds = {r["kind"] for r in rows}
    c.true({"provider", "count", "refusal", "measure", "missing"} <= kinds, "dossier: %r" % kinds)
    c.true(any("S3140" in r["text"] for r in rows if r["kind"] == "refusal"),
           "dossier's refusals")
    c.note("refused after the brake " + ", ".join(
        "%s %d" % (n, max(0, after_brake(s, n))) for n in BRAKED) + "; lost 0, twice 0")


def dossier(s):
    """Facts of the store, and of a resolver of our own; then without one."""
    resolver = Resolver()
    code, rows = s.w.mb("dossier", "microsoft")
    resolver.close()
    kinds = {r["kind"] for r in rows}
    s.c.true({"provider", "count", "refusal", "measure"} <= kinds, "dossier: %r" % kinds)
    s.c.true(any("S3140" in r["text"] for r in rows if r["kind"] == "refusal"),
             "dossier's refusals")
    dns = {r["name"]: (r["kind"], r["value"]) for r in rows if r["kind"] in ("dns", "missing")}
    s.c.eq(dns, {"PTR 192.0.2.1": ("dns", "mx.mb.test"),
                 "SPF mb.test": ("dns", "v=spf1 ip4:192.0.2.1 -all"),
                 "DKIM mb.test": ("dns", "v=DKIM1; p=AAAA"),
                 "DMARC mb.test": ("missing", None)}, "what the DNS says")
    for how in ((), ("--offline",)):
        code, rows = s.w.mb("dossier", "microsoft", *how)
        s.c.eq((code, [r["name"] for r in rows if r["kind"] in ("dns", "missing")]),
               (0, ["DNS"]), "without a resolver %r" % (how,))


def other_road(s):
    """A smarthost takes what a braked provider should get; a stop leaves no brake behind."""
    c, w = s.c, s.w
    with open(w.conf, "a") as f:
        f.write("brake_smarthost = %s:%d\nbrake_smarthost_for = yahoo\n" % (
            IPS["smarthost"], PORT))
    w.daemon.send_signal(signal.SIGHUP)
    for word in ("brake", "lift", "brake", "lift", "brake"):  # lists overtake each other
        for name in ("comcast", "yahoo", "google"):
            c.eq(w.mb("providers", word, name)[0], 0, word + " " + name)
    c.eq(w.mb("providers", "lift", "comcast")[0], 0, "lift comcast")
    c.eq(w.mb("providers", "brake", "fastmail")[0], 0, "brake fastmail: only the last list has it")
    beside = w.top + "/run/brake" + (".smarthost" if s.kind == "exim" else "")
    s.wait(lambda: any("fastmail" in x for x in s.brake_file()) and
           IPS["smarthost"] in open(beside).read(), "the last list to be in force", 200)
    c.eq([any(x.startswith(d) for x in s.brake_file()) for d in ("gmail.com", "comcast")],
         [True, False], "google and comcast in the last list")
    meanwhile = s.send("shopb", "m@yahoo.com")
    waits = s.send("shopb", "w@gmail.com")
    if s.wait(lambda: meanwhile in s.got(), "mail by the smarthost", 200):
        c.true(meanwhile in s.sink["smarthost"].ids(), "mail went by the smarthost")
    s.wait(lambda: s.provider("google")["waiting"] >= 1, "mail to google to wait", 200)
    c.true(waits not in s.got(), "what waits was not sent")
    c.true("another server" in str(w.mb("notice", "yahoo")[1]), "notice says so")
    w.stop_daemon()
    c.eq(s.brake_file(), [], "braked domains after a stop")
    w.start_daemon()
    s.wait(lambda: any(x.startswith("gmail.com") for x in s.brake_file()),
           "the brake to be back after a start", 200)
    for name in ("google", "yahoo", "fastmail"):
        c.eq(w.mb("providers", "lift", name)[0], 0, "lift " + name)
    s.wait(lambda: waits in s.got(), "what waited over the restart", 200)
    c.eq(s.got().count(waits), 1, "sent once")
