"""maillog - a log of Exim or Postfix, as bench_mtlog reads it: maillog.py exim|postfix MESSAGES

The lines are those that Exim 4.96 and Postfix 3.7 wrote in the tests; ids, accounts and remote
servers differ from message to message. One in ten is deferred first, one in thirty bounces.
"""
import sys

TIME = "2026-11-22 05:30:%02d"
SAID = "SMTP error from remote mail server after RCPT TO:<%s>: "


def exim(n):
    ident, t = "1xUu%02X-00%04X-%02d" % (n // 65536 % 256, n % 65536, n % 62), TIME % (n % 60)
    pid, user, rcpt = 1000 + n % 30000, "acc%d" % (n % 900), "box%d@example%d.org" % (n, n % 400)
    mx = "mx%d.example%d.org [203.0.113.%d]" % (n % 4, n % 400, n % 250)
    yield "%s [%d] cwd=/home/%s/public_html 4 args: /usr/sbin/sendmail -t -i -fbounce@%s.test" % (t, pid, user, user)
    yield '%s [%d] %s <= bounce@%s.test U=%s P=local S=%d T="Your order %d => x@y" from <bounce@%s.test> for %s' % (
        t, pid, ident, user, user, 300 + n % 9000, n, user, rcpt)
    if n % 10 == 0:
        yield "%s [%d] %s == %s R=dnslookup T=remote_smtp defer (-44) H=%s DT=1s: %s451 4.7.650 The mail server has been " \
              "temporarily rate limited due to IP reputation (S775)" % (t, pid + 1, ident, rcpt, mx, SAID % rcpt)
    if n % 30 == 7:
        yield "%s [%d] %s ** %s F=<bounce@%s.test> P=<bounce@%s.test> R=dnslookup T=remote_smtp H=%s: %s550 5.1.1 User unknown DT=0s" % (
            t, pid + 1, ident, rcpt, user, user, mx, SAID % rcpt)
    else:
        yield '%s [%d] %s => %s F=<bounce@%s.test> P=<bounce@%s.test> R=dnslookup T=remote_smtp H=%s C="250 2.0.0 Ok: queued as ' \
              '4W5L9r%05d" QT=1s DT=1s' % (t, pid + 1, ident, rcpt, user, user, mx, n % 100000)
    yield "%s [%d] %s Completed" % (t, pid + 1, ident)


def postfix(n):
    ident, head = "%010X" % (0x2CEFF10000 + n * 7919), "Nov 22 05:30:%02d mb postfix/" % (n % 60)
    rcpt = "box%d@example%d.org" % (n, n % 400)
    mx = "mx%d.example%d.org[203.0.113.%d]" % (n % 4, n % 400, n % 250)
    end = "%ssmtp[%d]: %s: to=<%s>, relay=%s:25, delay=0.08, delays=0.05/0.01/0.01/0, " % (head, 1163 + n % 90, ident, rcpt, mx)
    yield "%spickup[1099]: %s: uid=%d from=<bounce@acc%d.test>" % (head, ident, 2000 + n % 900, n % 900)
    yield "%scleanup[1157]: %s: message-id=<%d@acc%d.test>" % (head, ident, n, n % 900)
    yield "%sqmgr[1100]: %s: from=<bounce@acc%d.test>, size=%d, nrcpt=1 (queue active)" % (head, ident, n % 900, 300 + n % 9000)
    if n % 10 == 0:
        yield end + "dsn=4.7.650, status=deferred (host %s said: 451 4.7.650 The mail server has been temporarily rate limited " \
                    "due to IP reputation (S775) (in reply to MAIL FROM command))" % mx
    if n % 30 == 7:
        yield end + "dsn=5.1.1, status=bounced (host %s said: 550 5.1.1 User unknown (in reply to RCPT TO command))" % mx
    else:
        yield end + "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4W5L9r%05d)" % (n % 100000)
    yield "%sqmgr[1100]: %s: removed" % (head, ident)


def main():
    lines = {"exim": exim, "postfix": postfix}[sys.argv[1]]
    for n in range(int(sys.argv[2])):
        for line in lines(n):
            print(line)


if __name__ == "__main__":
    main()
