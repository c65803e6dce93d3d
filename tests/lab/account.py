"""account - one account of the laboratory: its dialect, its recipients, the events it writes

Job:     class Account, which collects the events of one account as mailbrake replay's JSONL, and
         the times at which things happen.
Touches: nothing.

Every account draws a dialect: whether bodies and subjects of its business mail are alike, whether
the owner gets a copy, before or after, which fields its trace lacks, how often its files are
updated. Attackers draw one too. So a rule that only fits one way of writing traces shows.

Recipients are people: buyers who come back and get several mails an order, members of a forum,
subscribers of a list, one phone. In nineteen accounts of twenty the trace tells them as hashes, up
to a hundred of a message, as the wrapper and the MTAs' hooks do; the others are judged without.
They are drawn by a generator of their own (q), so that what is told of them changes nothing else
of a trace. Where the rates come from stands beside them; each is varied over accounts, and where
sources differ it is taken from the side that makes honest mail harder to tell.
"""
import json
import math
import random

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
