"""t_aside - a file is taken out of its account's reach, and put back as it was."""
import os
import subprocess
import time

import world
from world import World

HERE = os.path.dirname(os.path.abspath(__file__))


def find(w, site, path):
    try:
        rows = w.wait_for(lambda: [r for r in w.mb("files", site)[1] if r["path"] == path
                                   and r["state"] == "live"], path + " to be found")
    except TimeoutError as e:
        raise RuntimeError("%s: %s" % (e, w.mb("files", site)))
    return rows[0]["id"]


def facts(path):
    st = os.stat(path)
    attrs = {n: os.getxattr(path, n) for n in os.listxattr(path)}
    return open(path, "rb").read(), st.st_uid, st.st_gid, st.st_mode, st.st_mtime_ns, attrs


def readable(w, site, path):
    p = subprocess.run(["cat", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                       **w.as_site(site))
    return p.returncode == 0 and p.stdout


def there_and_back(c, w, site, name, how):
    path = os.path.join(w.webroot(site), name)
    sample = open(os.path.join(HERE, "mailer.php")).read() + "\n<?php /* %s */" % name
    w.drop(site, name, sample)
    link = path + ".second"
    os.chmod(path, 0o640)
    try:
        os.setxattr(path, "user.note", b"kept \0 too")
    except OSError:
        pass
    os.utime(path, ns=(1500000000123456789, 1500000000123456789))
    ident = find(w, site, path)
    was = facts(path)
    os.link(path, link)
    code, rows = w.mb("set-aside", ident)
    c.eq((code, rows and rows[0]["state"]), (0, "away"), "set-aside: %s" % rows)
    c.true(how in rows[0]["text"], "how: %s" % rows)
    c.true(not os.path.lexists(path), "its name is gone")
    if world.ROOT:
        c.true(not readable(w, site, link), "its other name is of no use to the account")
        c.eq(os.stat(link).st_uid, 0, "its owner while it is away")
    # something else has its name: nothing is overwritten
    w.drop(site, name, "the account's new file")
    code, rows = w.mb("put-back", ident)
    c.true(code != 0, "put-back over another file: %s" % rows)
    c.eq(open(path).read(), "the account's new file", "the other file")
    os.unlink(path)
    code, rows = w.mb("put-back", ident)
    c.eq((code, rows and rows[0]["state"]), (0, "back"), "put-back: %s" % rows)
    if c.true(os.path.exists(path), "it is back"):
        c.eq(facts(path), was, "bytes, owner, mode, time, attributes")
        if world.ROOT:
            c.eq(facts(link), was, "its other name is of use again")
            c.eq(os.stat(link).st_ino, os.stat(path).st_ino, "both are one file again")
        c.eq([n for n in os.listdir(w.webroot(site)) if n.startswith(".mailbrake")], [],
             "nothing is left behind")
    code, rows = w.mb("put-back", ident)
    c.true(code != 0, "put-back a second time")
    for p in (path, link):
        try:
            os.unlink(p)
        except OSError as e:
            c.true(False, "afterwards: %s" % e)


def swapped(c, w, site):
    """The owner exchanges the file for another before it is taken."""
    path = os.path.join(w.webroot(site), "swap.php")
    w.drop(site, "swap.php", open(os.path.join(HERE, "mailer.php")).read())
    ident = find(w, site, path)
    os.rename(path, path + ".old")
    os.symlink("/etc/passwd", path)
    before = open("/etc/passwd").read()
    code, rows = w.mb("set-aside", ident)
    c.true(open("/etc/passwd").read() == before and os.path.islink(path),
           "a link in its place is left alone: %s" % rows)
    for bad in ("../../etc/passwd", "0-0", "zz", ""):
        code, rows = w.mb("set-aside", bad)
        c.true(code in (1, 64), "set-aside %r: exit %d" % (bad, code))


def aside(c, build, kind):
    # the same mount as the web roots, or a rename is none (a bind mount is another one)
    state = "/home/.state" if world.ROOT else ""
    w = World(build, few_rules=True, settings="alert_mail =\n" + ("state_dir = " + state if state else ""))
    try:
        site = next(iter(w.sites))
        w.start_daemon()
        there_and_back(c, w, site, "one.php", "moved away")
        c.note("same file system")
        if world.ROOT:  # the folder on another file system: a copy
            w.stop_daemon()
            os.makedirs(state + "/set-aside", exist_ok=True)
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs",
                            state + "/set-aside"], check=True)
            w.start_daemon()
            there_and_back(c, w, site, "two.php", "another file system")
            c.note("another one")
            subprocess.run(["umount", "-l", state + "/set-aside"])
        swapped(c, w, site)
        if c.failed:
            time.sleep(0.2)
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()


def by_itself(c, build, kind):
    """set_aside_points: what has so many points goes by itself; what an admin puts back stays."""
    w = World(build, few_rules=True, settings="alert_mail =\nset_aside_points = 100\n"
              + ("state_dir = /home/.state" if world.ROOT else ""))
    try:
        site = next(iter(w.sites))
        w.start_daemon()
        path = os.path.join(w.webroot(site), "auto.php")
        w.drop(site, "fine.php", "<?php echo 1;")
        w.drop(site, "auto.php", open(os.path.join(HERE, "mailer.php")).read())
        w.wait_for(lambda: not os.path.lexists(path), "the file to be set aside")
        c.true(os.path.exists(os.path.join(w.webroot(site), "fine.php")), "a clean file stays")
        ident = w.wait_for(lambda: [l.split("id=")[1].split()[0] for l in
                                    w.daemon_log().splitlines()
                                    if " set_aside_by_itself " in l], "the log")[0]
        code, rows = w.wait_for(lambda: (lambda r: r if r[0] == 0 else None)(
            w.mb("put-back", ident)), "put-back to work")
        c.eq(rows[0]["state"], "back", "put-back: %s" % rows)
        w.drop(site, "later.php", open(os.path.join(HERE, "mailer.php")).read() + "<?php //2")
        later = os.path.join(w.webroot(site), "later.php")
        w.wait_for(lambda: not os.path.lexists(later), "the next one to be set aside")
        c.true(os.path.exists(path), "what an admin put back stays")
        if c.failed:
            c.failed.append(w.daemon_log()[-3000:])
    finally:
        w.close()
