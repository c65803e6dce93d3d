"""honest - the honest kinds of account: shops, newsletters, forums, contact forms, monitors

Job:     HONEST: kind -> what it sends in so many days; honest() makes one such account, with the
         updates that its files get.
Touches: nothing.
"""
from account import DAY, T0, Account, daily_times, poisson


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
