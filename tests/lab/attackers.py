"""attackers - the attackers: what they send from an account that was honest until then

Job:     ATTACKS: kind -> what it sends from a moment on; attacked() makes one account, honest until
         the break-in, and says in .allowed how many recipients may get away.
Touches: nothing.
"""
from account import DAY, T0, Account
from honest import HONEST


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


def content(a, i):
    """Subject and body of an attack's i-th message, in its style."""
    if a.style == "same":
        return "spam-s", "spam-b"
    if a.style == "subject":
        return "spam-s", "b-" + a.unique()
    if a.style == "templates":
        return "spam-s%d" % (i % 8), "spam-b%d" % (i % 8)
    return "s-" + a.unique(), "b-" + a.unique()


def spam(a, t, script, i, to=None):
    """An attack's i-th message."""
    subject, body = content(a, i)
    a.mail(t, script, 1, subject=subject, body=body, bad=True, to=to)


def drop(a, t, script, known):
    """A mailer appears: one that the rules know, or one that scans clean."""
    a.file(t, script, 100 if known else 0, ["mailer"] if known else [])


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
    a.style = r.choice(STYLES)
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
        spam(a, at, s if named else None, i, next(to))


def attack_bcc(a, t, known):
    s = a.path("wp-content/uploads/b%d.php" % a.r.randrange(99))
    drop(a, t - 30, s, known)
    for i in range(5):
        a.mail(t + i * 60, s, 500, subject="bcc", body="bcc", bad=True)


def attack_turns(a, t, known):
    """Many scripts in turn, each a few messages."""
    r = a.r
    a.style, gap = r.choice(STYLES), r.choice([1, 20, 300])
    paths = [a.path(r.choice(PLACES) % i) for i in range(50)]
    to = victims(a, a.whom)
    for i, p in enumerate(paths):
        drop(a, t - 100 + i, p, known)
    for i in range(300):
        spam(a, t + i * gap, paths[i // 3 % 50], i, next(to))


def attack_names(a, t, known):
    """A new name for every message."""
    r = a.r
    a.style, gap = r.choice(STYLES), r.choice([0.1, 1, 60])
    if known:
        a.file(t - 5, a.path("real.php"), 100, ["mailer"])
    for i in range(600):
        p = a.path("%s.php" % a.unique())
        if r.random() < 0.5:
            a.born[p] = t - 100
        spam(a, t + i * gap, p, i)


def attack_warm(a, t, known):
    """A new script that makes its few first victims known ones, a day later writes to them all
    the time, and to others between."""
    r = a.r
    a.style = r.choice(STYLES)
    s = a.path(r.choice(PLACES) % r.randrange(1000))
    drop(a, t - 3600, s, known)
    few = [a.person() for _ in range(4)]
    a.more = 12  # messages to people it had written to: five persons' worth is the bound
    for i, who in enumerate(few * 3):
        spam(a, t + i * 600, s, i, [who])
    for i in range(400):
        spam(a, t + DAY + i * 20, s, i, [few[i % 4] if i % 3 else a.person()])


def attack_inject(a, t, known, whom=None):
    """Hidden in a script with a history."""
    r = a.r
    a.style = r.choice(["same", "same", "templates", "subject", "random"])
    s = a.main
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
        spam(a, t + i * gap, s, i, next(to))


def attack_args(a, t, known):
    """The mail command itself, naming nothing, or the victim's own script."""
    r = a.r
    a.style = r.choice(STYLES)
    s = a.path("wp-content/uploads/x.php")
    drop(a, t - 20, s, known)
    for i in range(300):
        spam(a, t + i, None, i)


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
    "injected, newsletter plugin": attack_inject,
    "injected, index.php": attack_inject,
    "injected, a list at its time": attack_inject,
    "injected, own customers": lambda a, t, k: attack_inject(a, t, k, "customers"),
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
