#!/usr/bin/env python3
"""lab - the traffic laboratory: honest accounts and attackers, and what the judgement makes of them

Job:     write seeded traces of mailbrake replay's JSONL (lab.py gen), or run replay on many and
         print the two tables of DECISIONS (lab.py run): attacker kind x {rules know it, do not}
         -> recipients that left; honest kind -> wrong holds per 1,000 accounts a month.
Touches: standard output; run starts `mailbrake replay` and writes nothing.

Every account draws a dialect: whether bodies and subjects of its business mail are alike, whether
the owner gets a copy, before or after, which fields its trace lacks, how often its files are
updated. Attackers draw one too. So a rule that only fits one way of writing traces shows.

Recipients are people: buyers who come back and get several mails an order, members of a forum,
subscribers of a list, one phone. In nineteen accounts of twenty the trace tells them as hashes, up
to a hundred of a message, as the wrapper and the MTAs' hooks do; the others are judged without. They are drawn by a generator of their own (q), so
that what is told of them changes nothing else of a trace. Where the rates come from stands beside
them; each is varied over accounts, and where sources differ it is taken from the side that makes
honest mail harder to tell.
"""
import argparse
import hashlib
import json
import math
import multiprocessing
import os
import pickle
import random
import subprocess
import sys

T0 = 1767225600  # 2026-01-01 00:00 UTC, a Thursday
DAY = 86400
FREE = ["gmail.com", "outlook.com", "yahoo.com", "hotmail.com", "gmx.de", "icloud.com", "web.de"]


def poisson(r, mean):
    if mean <= 0:
        return 0
    if mean > 50:
        return max(0, int(r.gauss(mean, math.sqrt(mean)) + 0.5))
    limit, k, p = math.exp(-mean), 0, 1.0
    while True:
        p *= r.random()
        if p <= limit:
            return k
        k += 1


class Account:
    """Collects the events of one account; the dialect decides how they are written."""

    def __init__(self, r, uid, kind):
        self.r, self.uid, self.kind = r, uid, kind
        self.q = q = random.Random(repr(r.getstate()[1][:8]))
        self.tells = q.random() < 0.95        # the trace has its recipients' hashes
        # Of buyers 21 to 36 in a hundred come back, by trade (metrilo.com/glossary/retention-rate,
        # opensend.com: 15 to 30): here of orders, fewer, and most of them bought before the trace
        self.returning = q.uniform(0, 0.4)
        # WooCommerce writes to a buyer when an order is paid and when it is completed, and to
        # the owner (docs: Settings, Emails); what goes out for the rest is the shop's choice
        self.ships = q.choice([0, 0, 0.6, 1])
        self.ship_batch = q.choice([None, None, 9.5, 15])   # completed by hand, all at once
        self.ship_gap = q.choice([0.5, 2, 5])
        self.invoices = q.choice([0, 0, 0, 1])
        self.past = []          # people it wrote to before the trace began, and since
        self.book = {}          # at a break-in: whom it wrote to, and when last
        self.user = "u%d" % uid
        self.home = r.choice(["/home/%s/public_html", "/var/www/%s/htdocs", "/home/%s/www"]) % self.user
        self.domain = "d%d.test" % uid
        self.events, self.n = [], 0
        self.born = {}          # path -> wall time of the last change
        self.sent = []          # (t, script, strangers, who) of good mail
        self.bad_from = None
        # the dialect
        self.subjects = r.choice(["unique", "unique", "template"])
        self.bodies = r.choice(["unique", "unique", "unique", "unique", "missing"])
        self.no_age = r.random() < 0.05       # this account's scripts have no known age
        self.drop_age = r.choice([0, 0, 0, 0.1])
        self.names_script = kind != "no-script-named"
        self.domain_style = r.choice(["free", "mixed", "numbered"])
        self.outcomes = r.random() < 0.3
        self.bounce = r.uniform(0, 0.03)
        self.updates_per_month = r.choice([0, 0, 0.5, 1])

    def path(self, p):
        return self.home + "/" + p

    def script(self, p, age_days=None):
        path = self.path(p)
        if path not in self.born:
            days = age_days if age_days is not None else self.r.uniform(5, 900)
            self.born[path] = T0 - days * DAY
        return path

    def rcpt_domain(self):
        r = self.r
        style = self.domain_style
        if style == "free" or (style == "mixed" and r.random() < 0.5):
            return r.choice(FREE)
        if style == "numbered":
            return "c%d.test" % r.randrange(5000)
        return "firm%d.example" % r.randrange(100000)

    def person(self):
        return "%x" % self.q.getrandbits(48)

    def buyer(self, rate):
        """Who orders now: somebody new, or one of all who ever did."""
        if not self.past:
            self.past = [self.person() for _ in range(int(rate * 90) + 1)]
        if self.q.random() < self.returning:
            return self.q.choice(self.past)
        self.past.append(self.person())
        return self.past[-1]

    def subscribers(self, size, old):
        """A list of that size made of the one before: it grows slowly, some leave, and a
        smaller issue goes to a part of it."""
        old[:] = [x for x in old if self.q.random() >= 0.003]
        old += [self.person() for _ in range(size - len(old))]
        return self.q.sample(old, size)

    def file(self, t, path, points=0, rules=()):
        self.events.append((t, '{"t":%.3f,"uid":%d,"user":"%s","file":"%s","points":%d,"rules":%s}'
                            % (t, self.uid, self.user, path, points, json.dumps(list(rules)))))
        self.born[path] = t

    def admin(self, t, word):
        self.events.append((t, '{"t":%.3f,"uid":%d,"word":"%s"}' % (t, self.uid, word)))

    def mail(self, t, script, rcpts=1, own=False, subject=None, body=None, domains=None, bad=False,
             to=None):
        """to: who gets it; None: people never met, or the owner."""
        self.n += 1
        ident = "%d-%d" % (self.uid, self.n)
        if domains is None:
            domains = [self.domain] if own else [self.rcpt_domain() for _ in range(min(rcpts, 20))]
        f = ['{"t":%.3f,"uid":%d,"user":"%s","id":"%s"' % (t, self.uid, self.user, ident)]
        if script is not None and self.names_script:
            f.append('"script":"%s"' % script)
            if not self.no_age and script in self.born and self.r.random() >= self.drop_age:
                f.append('"script_age_s":%d' % max(0, t - self.born[script]))
        f.append('"rcpts":%d,"domains":["%s"]' % (rcpts, '","'.join(domains)))
        if subject is not None:
            f.append('"subject_hash":"%s"' % subject)
        if body is not None:
            f.append('"body_hash":"%s"' % body)
        if to is None:
            to = ["owner-%d" % self.uid] if own else [self.person() for _ in range(rcpts)]
        if self.tells and len(to) <= 100:
            f.append('"rcpt_hashes":["%s"]' % '","'.join(to))
        f.append('"own":%s,"label":"%s"}' % ("true" if own else "false", "bad" if bad else "good"))
        self.events.append((t, ",".join(f)))
        if not bad and not own:
            self.sent.append((t, script, rcpts, to))
        if self.outcomes and not bad and not own:
            back = self.r.random() < self.bounce
            self.events.append((t + self.r.uniform(0.5, 30),
                                '{"t":%.3f,"uid":%d,"id":"%s","outcome":"%s","code":%d,"reply":"%s"}'
                                % (t + 1, self.uid, ident, "bounced" if back else "sent",
                                   550 if back else 250,
                                   "550 5.1.1 user unknown" if back else "250 ok")))

    def unique(self):
        return "%x" % self.r.getrandbits(48)

    def business(self, t, script, what, own=False, **kw):
        """One person's own message: an order, a booking, a password."""
        subject = "s-" + what if self.subjects == "template" else "s-" + self.unique()
        body = None if self.bodies == "missing" else "b-" + self.unique()
        self.mail(t, script, 1, own=own, subject=subject, body=body, **kw)

    def pair(self, t, script, what, owner_script=None, to=None):
        """Customer's mail and the owner's copy, in either order."""
        d = self.r.choice([0.2, 1, 3])
        first_owner = self.r.random() < 0.5
        self.business(t + (d if first_owner else 0), script, what, to=to)
        self.business(t + (0 if first_owner else d), owner_script or script, what + "-copy", own=True)

    def update(self, days, scripts):
        """Clean updates: file events, ages begin anew."""
        for s in scripts:
            for _ in range(poisson(self.r, self.updates_per_month * days / 30)):
                t = T0 + self.r.uniform(1, days) * DAY
                self.later.append((t, s))

    later = ()


def daily_times(r, start, end, per_day, shape="shop"):
    """Event times of a Poisson stream with a day's rhythm."""
    out = []
    day = int(start // DAY)
    while day * DAY < end:
        for h in range(24):
            w = {"shop": (0.15 if h < 7 else 1.2 if h < 18 else 1.9 if h < 23 else 0.4),
                 "office": (0.05 if h < 7 or h > 19 else 1.9),
                 "flat": 1.0}[shape] / 24
            for _ in range(poisson(r, per_day * w)):
                t = day * DAY + h * 3600 + r.uniform(0, 3600)
                if start <= t < end:
                    out.append(t)
        day += 1
    return sorted(out)


# --- honest accounts --------------------------------------------------------------------------

def shipped_at(a, at, k):
    """By hand, all that came since: the next working day at the same hour, seconds apart."""
    day = int((at - T0 - a.ship_batch * 3600) // DAY) + 1
    while (T0 // DAY + day + 4) % 7 in (0, 6):
        day += 1
    return T0 + day * DAY + a.ship_batch * 3600 + k * a.ship_gap


def shop(a, days, copies=True):
    r, q = a.r, a.q
    s = a.script(r.choice(["index.php", "shop/checkout.php", "index.php"]))
    owner = a.script("wp-cron.php") if r.random() < 0.2 else None
    rate = r.choice([2, 8, 25, 60])
    sale = r.uniform(9, days - 1) if days > 11 and r.random() < 0.5 else None
    times = daily_times(r, T0, T0 + days * DAY, rate)
    if sale is not None:
        times += daily_times(r, T0 + sale * DAY, T0 + (sale + 1) * DAY, rate * r.choice([4, 8, 10]))
    admin = a.script("wp-admin/edit.php") if q.random() < 0.5 else s
    batches = {}
    for t in sorted(times):
        burst = r.choice([1] * 12 + [2, 3, 6])
        for i in range(burst):
            at, who = t + i * r.uniform(1, 20), [a.buyer(rate)]
            if copies:
                a.pair(at, s, "order", owner, to=who)
            else:
                a.business(at, s, "order", to=who)
            if q.random() < a.invoices:
                a.business(at + q.choice([60, 600, 7200]) * q.uniform(0.5, 2), s, "invoice", to=who)
            late = r.uniform(3600, 3 * DAY) if r.random() < 0.3 else None
            if late is None and q.random() < a.ships:
                late = q.uniform(3600, 3 * DAY)
            if late is not None and a.ship_batch is not None:
                day = shipped_at(a, at, 0)
                batches[day] = batches.get(day, 0) + 1
                a.business(shipped_at(a, at, batches[day]), admin, "shipped", to=who)
            elif late is not None:
                a.business(at + late, s, "shipped", to=who)
    a.main = s


def shop_without_copies(a, days):
    shop(a, days, copies=False)


def newsletter(a, days):
    r = a.r
    s = a.script(r.choice(["wp-cron.php", "wp-content/plugins/newsletter/send.php", "cron/mailing.php"]))
    size = r.choice([40, 150, 400, 1200, 4000])
    wday, hour = r.uniform(0, 7), r.uniform(0, 1)
    a.list_size, a.list_varies = size, r.choice([(1, 1), (0.97, 1.04), (0.8, 1.2), (0.67, 1.33)])
    late = r.choice([60, 1200, 7200])
    batch, gap = r.choice([(size, 0), (100, 300), (50, 60), (300, 3600)])
    week, people = 0, []
    while True:
        t = T0 + (wday + 7 * week) * DAY + hour * 3600 + abs(r.gauss(0, late))
        if t >= T0 + days * DAY:
            break
        subject, body = "nl-%d-%d" % (a.uid, week), "nlb-%d-%d" % (a.uid, week)
        unique = a.personal
        get = a.subscribers(size, people)
        if a.bcc:
            a.mail(t, s, size, subject=subject, body=body, to=get)
        else:
            for i in range(size):
                at = t + (i // batch) * gap + (i % batch) * a.pace
                a.mail(at, s, 1, subject=subject, body="b-" + a.unique() if unique else body,
                       to=[get[i]])
        size = int(a.list_size * r.uniform(*a.list_varies) * 1.02 ** week) + 1
        week += 1
    contact(a, days, rate=r.choice([0, 0.5, 3]))
    a.main = s


def readers(a, people, n, joins):
    """n members, those at the front of the list more often; some joined since the last time."""
    q = a.q
    for i in range(len(people)):
        if q.random() < joins:
            people[i] = a.person()
    order = sorted(range(len(people)), key=lambda i: i / len(people) + q.expovariate(1))
    return [people[i] for i in order[:n]] + [a.person() for _ in range(n - len(people))]


def forum(a, days):
    r = a.r
    s = a.script(r.choice(["index.php", "cron.php", "forum/index.php"]))
    members = r.choice([20, 80, 250])
    posts = r.choice([3, 10, 30])
    people = [a.person() for _ in range(members)]
    joins = a.q.choice([0, 0.001, 0.01])  # of mails, those to somebody who came since
    for t in daily_times(r, T0, T0 + days * DAY, posts):
        n = min(members, 1 + int(r.expovariate(1 / 4.0)))
        subject, body = "re-" + a.unique(), "p-" + a.unique()
        thread = readers(a, people, n, joins)
        for i in range(n):
            a.mail(t + i * 0.3, s, 1, subject=subject,
                   body=body if r.random() < 0.7 else "b-" + a.unique(), to=[thread[i]])
    digest = a.script(r.choice(["cron.php", "cron/digest.php"]))
    hour = r.randrange(3, 9)
    for d in range(days):
        t = T0 + d * DAY + hour * 3600 + r.uniform(0, 300)
        n = r.randrange(members // 4, members // 2 + 2)
        get = readers(a, people, n, 0)
        for i in range(n):
            a.mail(t + i * 0.5, digest, 1, subject="digest-%d" % d, body="b-" + a.unique(), to=[get[i]])
    a.main = s


def contact(a, days, rate=None, start=0, copy=None):
    r = a.r
    s = a.script(r.choice(["index.php", "contact.php", "kontakt/send.php"]))
    rate = r.choice([0.3, 2, 6]) if rate is None else rate
    copy = r.random() < 0.3 if copy is None else copy
    for t in daily_times(r, T0 + start * DAY, T0 + days * DAY, rate, "office"):
        a.business(t, s, "contact", own=True)
        if copy:
            a.business(t + 0.4, s, "contact-copy", to=[a.buyer(rate)])
    a.main = s


def monitor(a, days):
    r = a.r
    s = None if r.random() < 0.5 else a.script("cron/check.php")
    every = r.choice([300, 3600, 21600])
    t = T0 + r.uniform(0, every)
    phone = [a.person()]
    outside = s is not None and a.names_script and r.random() < 0.2  # the owner's address elsewhere
    while t < T0 + days * DAY:
        if every > 3000 or r.random() < 0.05:
            a.mail(t, s, 1, own=not outside, subject="mon", body="mon" + a.unique(),
                   domains=["gmail.com"] if outside else None, to=phone if outside else None)
        t += every
    a.main = s


def backup(a, days):
    s = None if a.r.random() < 0.6 else a.script("backup/run.php")
    for d in range(days):
        a.mail(T0 + d * DAY + 3 * 3600 + a.r.uniform(0, 900), s, 1, own=True, subject="backup", body="b" + a.unique())
    a.main = s


def booking(a, days):
    r = a.r
    s = a.script(r.choice(["index.php", "booking/book.php"]), age_days=r.uniform(35, 900))
    a.updates_per_month = 0
    quiet = r.uniform(10, max(10.5, days - 6))
    if r.random() < 0.5:
        for t in daily_times(r, T0, T0 + quiet * DAY, 0.2):
            a.business(t, s, "note", own=True)
    rate = r.choice([4, 10, 25])
    copies = r.random() < 0.8
    reminds = a.q.random() < 0.3
    for t in daily_times(r, T0 + quiet * DAY, T0 + days * DAY, rate):
        who = [a.buyer(rate)]
        if copies:
            a.pair(t, s, "booking", to=who)
        else:
            a.business(t, s, "booking", to=who)
        if reminds and a.q.random() < 0.5:
            a.business(t + a.q.uniform(DAY, 6 * DAY), s, "reminder", to=who)
    a.main = s


def new_site(a, days):
    r = a.r
    at = T0 + r.uniform(0, days - 3) * DAY
    files = ["index.php", "wp-cron.php", "wp-content/plugins/form/send.php", "wp-login.php"]
    with_files = r.random() < 0.6
    for i, p in enumerate(files + ["wp-includes/f%d.php" % i for i in range(30)]):
        a.born[a.path(p)] = at + i * 0.2
        if with_files:
            a.file(at + i * 0.2, a.path(p))
    a.no_age = False
    site = a.path(r.choice(files))
    for i in range(r.randrange(1, 6)):
        a.business(at + 600 + i * r.uniform(60, 3000), site, "test", own=True)
    copies = r.random() < 0.8
    for t in daily_times(r, at + 3600, T0 + days * DAY, r.choice([1, 4, 15])):
        x = r.random()
        if x < 0.4:
            a.business(t, site, "contact", own=True)
        elif x < 0.8 or copies:
            a.pair(t, site, "order", to=[a.buyer(1)])
        else:
            a.business(t, site, "welcome", to=[a.buyer(1)])
    a.main = site


def migration(a, days):
    r = a.r
    at = T0 + r.uniform(0, days - 5) * DAY
    with_files, old_ages = r.random() < 0.7, r.random() < 0.2
    if r.random() < 0.3:
        backup(a, int((at - T0) / DAY))  # the account was here before
    paths = [a.path("m/app%d.php" % i) for i in range(50)]
    for i, p in enumerate(paths):
        if with_files:
            a.file(at + i * r.choice([0.1, 2]), p)
        a.born[p] = at - (r.uniform(30, 900) * DAY if old_ages else 0) + i * 0.3
    a.no_age = False
    rate = r.choice([2, 10, 30])
    for t in daily_times(r, at + 1800, T0 + days * DAY, rate):
        p = r.choice(paths) if r.random() < 0.5 else paths[0]
        x = r.random()
        if x < 0.45:
            a.business(t, p, "note", own=True)
        elif x < 0.85:
            a.pair(t, p, "order-%d" % paths.index(p), to=[a.buyer(rate)])
        else:
            a.business(t, p, "account-%d" % paths.index(p), to=[a.buyer(rate)])
    a.main = paths[0]


def mixed(a, days):
    shop(a, days)
    main = a.main
    contact(a, days)
    backup(a, days)
    if a.r.random() < 0.3:
        newsletter(a, days)
    a.main = main


HONEST = {"shop": shop, "shop-without-copies": shop_without_copies, "newsletter": newsletter,
          "forum": forum, "contact": contact, "monitor": monitor, "backup": backup,
          "booking": booking, "no-script-named": shop, "new-site": new_site, "migration": migration, "mixed": mixed}


def honest(r, uid, kind, days):
    a = Account(r, uid, kind)
    a.personal, a.bcc, a.pace = r.random() < 0.3, r.random() < 0.2, r.choice([0.05, 0.3, 1, 3])
    HONEST[kind](a, days)
    # updates of files that have a history: ages begin anew from then on
    if kind not in ("new-site", "migration", "booking") and a.main is not None:
        for _ in range(poisson(r, a.updates_per_month * days / 30)):
            t = T0 + r.uniform(8, days) * DAY
            with_event = r.random() < 0.7
            moved = []
            for at, line in a.events:
                moved.append((at, restamp(line, at, t, a.main)))
            a.events = moved
            if with_event:
                a.file(t, a.main)
    return a


def restamp(line, at, changed, path):
    if at < changed or '"script":"%s"' % path not in line or '"script_age_s":' not in line:
        return line
    head, tail = line.split('"script_age_s":', 1)
    old, rest = tail.split(",", 1)
    return '%s"script_age_s":%d,%s' % (head, min(int(old), int(at - changed)), rest)


# --- attackers --------------------------------------------------------------------------------

def speed_times(r, t, speed):
    n = 400
    if speed == "1/s":
        return [t + i for i in range(n)]
    if speed == "10/s":
        return [t + i * 0.1 for i in range(n)]
    if speed == "100/s":
        return [t + i * 0.01 for i in range(n)]
    if speed == "ramp":
        out, gap = [], 1800.0
        for _ in range(n):
            out.append(t)
            t += gap
            gap = max(0.5, gap * 0.9)
        return out
    if speed == "10min":
        return [t + i * 600 + r.uniform(0, 5) for i in range(n)]
    if speed == "4h":
        return [t + i * 14400 + r.uniform(0, 600) for i in range(40)]
    raise ValueError(speed)


def content(a, style, i):
    if style == "same":
        return "spam-s", "spam-b"
    if style == "subject":
        return "spam-s", "b-" + a.unique()
    if style == "templates":
        return "spam-s%d" % (i % 8), "spam-b%d" % (i % 8)
    return "s-" + a.unique(), "b-" + a.unique()


def victims(a, whom):
    """Whom an attacker writes to. "new": bought addresses, nobody of whom the site ever wrote to;
    "customers": the site's own table, who got mail last first, then bought ones."""
    if whom == "customers":
        for x in sorted(a.book, key=a.book.get, reverse=True):
            yield [x]
    while True:
        yield [a.person()]


PLACES = ["wp-content/uploads/2026/x%d.php", "m%d.php", "wp-includes/images/c%d.php", ".cache/a%d.php",
          "wp-content/plugins/hello%d/mail.php"]
STYLES = ["same", "same", "subject", "templates", "random"]


def attack_new(a, t, known, speed):
    r = a.r
    a.style = style = r.choice(STYLES)
    s = a.path(r.choice(PLACES) % r.randrange(1000))
    seen_file = known or r.random() < 0.8
    if seen_file:
        a.file(t - r.choice([1, 60, 3600, 86400]), s, r.choice([60, 100, 160]) if known else 0,
               ["mailer"] if known else [])
        if r.random() < 0.3 and known is False:
            del a.born[s]
    else:
        a.born[s] = t - r.uniform(1, 80000)
    named = known or r.random() < 0.9
    to = victims(a, a.whom)
    for i, at in enumerate(speed_times(r, t, speed)):
        subject, body = content(a, style, i)
        a.mail(at, s if named else None, 1, subject=subject, body=body, bad=True, to=next(to))


def attack_bcc(a, t, known):
    s = a.path("wp-content/uploads/b%d.php" % a.r.randrange(99))
    a.file(t - 30, s, 100 if known else 0, ["mailer"] if known else [])
    for i in range(5):
        a.mail(t + i * 60, s, 500, subject="bcc", body="bcc", bad=True)


def attack_turns(a, t, known):
    """Many scripts in turn, each a few messages."""
    r = a.r
    style, gap = r.choice(STYLES), r.choice([1, 20, 300])
    a.style = style
    paths = [a.path(r.choice(PLACES) % i) for i in range(50)]
    to = victims(a, a.whom)
    for i, p in enumerate(paths):
        a.file(t - 100 + i, p, 100 if known else 0, ["mailer"] if known else [])
    for i in range(300):
        subject, body = content(a, style, i)
        a.mail(t + i * gap, paths[i // 3 % 50], 1, subject=subject, body=body, bad=True, to=next(to))


def attack_names(a, t, known):
    """A new name for every message."""
    r = a.r
    style, gap = r.choice(STYLES), r.choice([0.1, 1, 60])
    a.style = style
    if known:
        a.file(t - 5, a.path("real.php"), 100, ["mailer"])
    for i in range(600):
        p = a.path("%s.php" % a.unique())
        if r.random() < 0.5:
            a.born[p] = t - 100
        subject, body = content(a, style, i)
        a.mail(t + i * gap, p, 1, subject=subject, body=body, bad=True)


def attack_warm(a, t, known):
    """A new script that makes its few first victims known ones, a day later writes to them all
    the time, and to others between."""
    r = a.r
    a.style = style = r.choice(STYLES)
    s = a.path(r.choice(PLACES) % r.randrange(1000))
    a.file(t - 3600, s, 100 if known else 0, ["mailer"] if known else [])
    few = [a.person() for _ in range(4)]
    a.more = 12  # messages to people it had written to: five persons' worth is the bound
    for i, who in enumerate(few * 3):
        subject, body = content(a, style, i)
        a.mail(t + i * 600, s, 1, subject=subject, body=body, bad=True, to=[who])
    for i in range(400):
        subject, body = content(a, style, i)
        a.mail(t + DAY + i * 20, s, 1, subject=subject, body=body, bad=True,
               to=[few[i % 4] if i % 3 else a.person()])


def attack_inject(a, t, known, which, whom=None):
    """Hidden in a script with a history."""
    r = a.r
    a.style = style = r.choice(["same", "same", "templates", "subject", "random"])
    s = which or a.main
    touched = r.random() < 0.6
    if touched and s is not None:
        if r.random() < 0.7 or known:
            a.file(t - 60, s, 100 if known else 0, ["injected"] if known else [])
        a.born[s] = t - 60
    elif known and s is not None:
        a.file(t - 60, s, 100, ["injected"])
    gap = r.choice([0.1, 1, 10])
    a.injected = s
    to = victims(a, whom or a.whom)
    for i in range(3000):
        subject, body = content(a, style, i)
        a.mail(t + i * gap, s, 1, subject=subject, body=body, bad=True, to=next(to))


def attack_args(a, t, known):
    """The mail command itself, naming nothing, or the victim's own script."""
    r = a.r
    a.style = style = r.choice(STYLES)
    s = a.path("wp-content/uploads/x.php")
    a.file(t - 20, s, 100 if known else 0, ["mailer"] if known else [])
    for i in range(300):
        subject, body = content(a, style, i)
        a.mail(t + i, None, 1, subject=subject, body=body, bad=True)


ATTACKS = {
    "new script, 1/s": lambda a, t, k: attack_new(a, t, k, "1/s"),
    "new script, 10/s": lambda a, t, k: attack_new(a, t, k, "10/s"),
    "new script, 100/s": lambda a, t, k: attack_new(a, t, k, "100/s"),
    "new script, ramp": lambda a, t, k: attack_new(a, t, k, "ramp"),
    "new script, one every 10 min": lambda a, t, k: attack_new(a, t, k, "10min"),
    "new script, one every 4 h": lambda a, t, k: attack_new(a, t, k, "4h"),
    "500 Bcc a message": attack_bcc,
    "many scripts in turn": attack_turns,
    "made-up script names": attack_names,
    "sendmail itself, no script": attack_args,
    "injected, newsletter plugin": lambda a, t, k: attack_inject(a, t, k, None),
    "injected, index.php": lambda a, t, k: attack_inject(a, t, k, None),
    "injected, a list at its time": lambda a, t, k: attack_inject(a, t, k, None),
    "injected, own customers": lambda a, t, k: attack_inject(a, t, k, None, "customers"),
    "new script, warms them up": attack_warm,
}


def attacked(r, uid, kind, known, days):
    base = {"injected, newsletter plugin": ["newsletter"],
            "injected, a list at its time": ["newsletter", "forum"],
            "injected, own customers": ["shop", "shop-without-copies", "forum", "booking"],
            "injected, index.php": ["shop", "contact", "mixed"]}.get(
        kind, ["shop", "contact", "newsletter", "backup", "monitor", "mixed", "bare", "booking"])
    b = r.choice(base)
    a = Account(r, uid, kind)
    a.personal, a.bcc, a.pace = r.random() < 0.3, r.random() < 0.1, r.choice([0.05, 0.3, 1])
    a.no_age = False
    a.names_script = not kind.startswith("injected") or a.q.random() >= 0.15
    a.base, a.style = b, None
    a.whom = a.q.choice(["new", "customers"])
    start = r.uniform(10, days - 8) if b != "bare" else r.uniform(0.1, days - 8)
    if b == "newsletter":
        start = max(start, 15.5)  # two issues are its history
    if b != "bare":
        HONEST[b](a, days)
    t = T0 + start * DAY
    if kind in ("injected, a list at its time", "injected, own customers"):
        t = its_time(a, t)
    # honest mail after the break-in is not part of the question
    a.events = [x for x in a.events if x[0] < t]
    a.sent = [x for x in a.sent if x[0] < t]
    a.book = {}
    for at, _, _, to in a.sent:
        a.book.update(dict.fromkeys(to, at))
    a.bad_from = t
    a.injected, a.more = None, 0
    ATTACKS[kind](a, t, known)
    a.usual = usual_hour(a) if a.injected is not None else 0
    # Where no script is named, a known file condemns the account's mail from the sixth on
    a.allowed = max(5, a.usual) + a.more if not known else 0 if a.names_script else 5
    return a


def its_time(a, t):
    """When its main script would have begun to send next, after a pause of three hours."""
    at = sorted(x for x, s, _, _ in a.sent if s == a.main)
    for before, x in zip(at, at[1:]):
        if x >= t and x - before > 10800:
            return x
    return t


def usual_hour(a):
    """The most its script sent to strangers within any hour before."""
    events = sorted((t, n) for t, s, n, _ in a.sent if s == a.injected)
    most = here = first = 0
    for t, n in events:
        here += n
        while events[first][0] < t - 3660:
            here -= events[first][1]
            first += 1
        most = max(most, here)
    return most


# --- running ----------------------------------------------------------------------------------

class Slice:
    """Some accounts and their trace: made once, kept in --cache, replayed as often as wanted."""

    def __init__(self, args, what, seed, todo):
        self.what, self.seed, self.todo, self.days = what, seed, todo, args.days
        self.cache = args.cache

    def make(self):
        accounts = []
        for j, (kind, known, i) in enumerate(self.todo):
            if self.what == "attack":
                r = random.Random("%s/a/%s/%s/%d" % (self.seed, kind, known, i))
                a = attacked(r, 1001 + j, kind, known, 30)
            else:
                a = honest(random.Random("%s/h/%s/%d" % (self.seed, kind, i)), 1001 + j, kind, self.days)
            a.known, a.index = known, i
            accounts.append(a)
        events = []
        for a in accounts:
            events += a.events
            a.count = len(a.events)
            a.events = a.sent = a.book = a.past = None
        events.sort(key=lambda e: e[0])
        return accounts, "\n".join(l for _, l in events) + "\n"

    def get(self):
        if self.cache is None:
            return self.make()
        with open(__file__, "rb") as f:
            mark = hashlib.sha1(f.read().split(b"# --- running")[0])
        mark.update(repr((self.what, self.seed, self.todo, self.days)).encode())
        name = "%s/%s" % (self.cache, mark.hexdigest())
        if not os.path.exists(name + ".meta"):
            accounts, text = self.make()
            with open(name + ".jsonl", "w") as f:
                f.write(text)
            with open(name + ".meta", "wb") as f:
                pickle.dump(accounts, f)
        with open(name + ".meta", "rb") as f:
            return pickle.load(f), name + ".jsonl"


def replay(job):
    binary, piece = job
    accounts, trace = piece.get()
    p = subprocess.run([binary, "replay", "--format", "jsonl", "--json", trace if piece.cache else "-"],
                       input=None if piece.cache else trace, text=True, stdout=subprocess.PIPE, check=True)
    last = json.loads(p.stdout.strip().rsplit("\n", 1)[-1])["summary"]
    if last["damaged"] or last["submissions"] == 0:
        sys.exit("lab: the trace was not understood: %s" % last["damaged"])
    return piece.what, piece.seed, accounts, {x["uid"]: x for x in last["per_account"]}


def took(args, a, seed, x, attacks, honests):
    """One account's figures into the tables; what is out of bounds is told."""
    if hasattr(a, "usual"):
        left = x["bad_passed_rcpts"]
        attacks.setdefault((a.kind, a.known), []).append((left, a.usual, a))
        out = left > a.allowed
        what = "over: known=%s left=%d usual=%d base=%s style=%s" % (a.known, left, a.usual, a.base, a.style)
    else:
        out = x is not None and x["holds"] > 0
        honests.setdefault(a.kind, []).append(out)
        if not out:
            return
        what = "wrong: %s day=%.2f passed=%d %s" % (
            x["why"], (x["first_held_t"] - T0) / DAY, x["passed_rcpts"],
            {k: getattr(a, k) for k in ("subjects", "bodies", "no_age", "names_script", "personal", "bcc", "tells", "ship_batch")})
    if out and args.verbose:
        sys.stderr.write("%s seed=%s i=%d %s\n" % (a.kind, seed, a.index, what))


def run_all(args, seeds):
    pieces = []
    for seed in seeds:
        attacks = [(k, known, i) for k in ATTACKS for known in (False, True) for i in range(args.attacks)]
        honests = [(k, False, i) for k in HONEST if k not in args.leave_out for i in range(args.honest)]
        if args.only:
            attacks = [t for t in attacks if t[0] in args.only]
            honests = [t for t in honests if t[0] in args.only]
        for what, todo in (("attack", attacks), ("honest", honests)):
            todo.sort(key=lambda t: t[2])
            pieces += [Slice(args, what, seed, todo[at:at + 100]) for at in range(0, len(todo), 100)]
    attacks, honests, lines = {}, {}, 0
    with multiprocessing.Pool(args.jobs) as pool:
        for what, seed, accounts, got in pool.imap(replay, [(args.bin, p) for p in pieces]):
            for a in accounts:
                lines += a.count
                took(args, a, seed, got.get(a.uid), attacks, honests)
    return attacks, honests, lines


def print_tables(attacks, honests, out):
    bad = 0
    out.write("%-30s %28s %28s\n" % ("", "rules do not know it", "rules know it"))
    out.write("%-30s %9s %9s %8s %9s %9s %8s\n" % ("attacker", "max left", "mean", "allowed", "max left", "mean", "allowed"))
    for kind in ATTACKS:
        cells = []
        for known in (False, True):
            got = attacks.get((kind, known), [])
            left = [g[0] for g in got]
            over = sum(1 for l, usual, a in got if l > a.allowed)
            bad += over
            allowed = "0" if known else ("hour" if kind.startswith("injected") else "5")
            if over:
                allowed += " (%d!)" % over
            cells += [max(left or [0]), sum(left) / max(1, len(left)), allowed]
        out.write("%-30s %9d %9.2f %8s %9d %9.2f %8s\n" % ((kind,) + tuple(cells)))
    out.write("\n%-24s %9s %12s %28s\n" % ("honest account", "accounts", "wrong holds", "per 1,000 accounts a month"))
    total = wrong = 0
    for kind, got in honests.items():
        total, wrong = total + len(got), wrong + sum(got)
        out.write("%-24s %9d %12d %28.2f\n" % (kind, len(got), sum(got), 1000 * sum(got) / len(got)))
    out.write("%-24s %9d %12d %28.2f\n" % ("all", total, wrong, 1000 * wrong / max(1, total)))
    return bad, wrong, total


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("what", choices=["gen", "run"])
    p.add_argument("--bin", default="build/mailbrake")
    p.add_argument("--seeds", default="1")
    p.add_argument("--days", type=int, default=30)
    p.add_argument("--honest", type=int, default=10, help="accounts of each honest kind, per seed")
    p.add_argument("--attacks", type=int, default=3, help="attackers of each kind, per seed")
    p.add_argument("--leave-out", action="append", default=[], help="an honest kind that is not run")
    p.add_argument("--max-wrong", type=int, help="fail above so many wrong holds")
    p.add_argument("--max-over", type=int, help="fail above so many attackers over their bound")
    p.add_argument("--verbose", action="store_true")
    p.add_argument("--jobs", type=int, default=1, help="slices at once")
    p.add_argument("--only", action="append", default=[], help="a kind, honest or attacker, that alone is run")
    p.add_argument("--cache", help="directory where traces are kept for the next run")
    args = p.parse_args()
    seeds = args.seeds.split(",")
    if args.what == "gen":
        for j, kind in enumerate(HONEST):
            for i in range(args.honest):
                a = honest(random.Random("%s/h/%s/%d" % (seeds[0], kind, i)), 1001 + j * 1000 + i, kind, args.days)
                print("\n".join(l for _, l in sorted(a.events, key=lambda e: e[0])))
        return
    attacks, honests, lines = run_all(args, seeds)
    bad, wrong, total = print_tables(attacks, honests, sys.stdout)
    print("\nseeds %s, %d days, %d trace lines; %d attackers over their bound, %d of %d honest accounts held"
          % (args.seeds, args.days, lines, bad, wrong, total))
    if (args.max_wrong is not None and wrong > args.max_wrong) or (
            args.max_over is not None and bad > args.max_over):
        sys.exit(1)


if __name__ == "__main__":
    main()
