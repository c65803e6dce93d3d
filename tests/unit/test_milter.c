/*
 * test_milter - the filter protocol, and whose a message of Postfix's queue is
 *
 * Job:     unit test of daemon/judge/milter.c, daemon/mtlog/qfile.c and
 *          daemon/hands' reading of what an MTA did.
 * Touches: a folder below /tmp.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "milter.h"
#include "mtaq.h"
#include "qfile.h"
#include "t.h"

static struct milter m;
static char out[MILTER_OUT];
static size_t out_len;

/* A packet with this command and data; sizeof - 1 of a literal. */
#define FEED(command, data) feed(command, data, sizeof(data) - 1)

static enum milter_word
feed(char command, const char *data, size_t n)
{
	char p[512] = {0, 0, (char)((n + 1) >> 8), (char)((n + 1) & 0xff), command};

	memcpy(p + 5, data, n);
	T_EQ(milter_whole(p, n + 4), 0);
	T_EQ(milter_whole(p, n + 5), (int64_t)n + 5);
	return milter_packet(&m, p, n + 5, out, &out_len);
}

static void
test_protocol(void)
{
	T_EQ(FEED('M', "<a@b>\0"), MILTER_WRONG); /* nothing was agreed on */
	T_EQ(FEED('O', "\0\0\0\6\0\0\0\0\0\x1f\xff\xff"),
	     MILTER_WRONG); /* no quarantine */
	T_EQ(FEED('O', "\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"), MILTER_SAY);
	T_EQ(out_len, 17);
	T_CHECK(memcmp(out, "\0\0\0\rO\0\0\0\6\0\0\0\x20\0\0\xc3\x73", 17) == 0);
	T_EQ(FEED('D', "Mi\0002CEFF108A34\0{auth_authen}\0box@a.test\0"), MILTER_GO_ON);
	T_EQ(FEED('M', "<x@a.test>\0SIZE=3\0"), MILTER_GO_ON);
	T_EQ(FEED('R', "<y@b.test>\0"), MILTER_GO_ON);
	T_EQ(FEED('R', "<z@b.test>\0"), MILTER_GO_ON);
	T_EQ(FEED('D', "E"), MILTER_GO_ON);
	T_EQ(FEED('D', ""), MILTER_GO_ON);
	T_EQ(FEED('D', "Ei"), MILTER_GO_ON); /* a name that does not end */
	T_EQ(FEED('E', ""), MILTER_ASK);
	T_STR(m.id, "2CEFF108A34");
	T_STR(m.sender, "x@a.test");
	T_STR(m.auth, "box@a.test");
	T_EQ(m.rcpts, 2);
	T_STR(m.to[0], "y@b.test");
	T_STR(m.to[1], "z@b.test");
	for (unsigned i = 0; i < 2 * MILTER_TO; i++)
		T_EQ(FEED('R', "<more@b.test>\0"), MILTER_GO_ON);
	T_EQ(m.rcpts, 2 + 2 * MILTER_TO);
	milter_next(&m);
	T_STR(m.id, "");
	T_EQ(FEED('A', ""), MILTER_GO_ON);
	T_EQ(FEED('B', "a body was not asked for"), MILTER_WRONG);
	T_EQ(FEED('Q', ""), MILTER_BYE);
	T_EQ(milter_whole("\0\1\0\0", 4), -1);
	T_EQ(milter_whole("\0\0\0\0", 4), -1);
	T_EQ(milter_pass(out), 5);
	T_CHECK(memcmp(out, "\0\0\0\1c", 5) == 0);
	out_len = milter_hold(out);
	T_CHECK(out[4] == 'q' && out[out_len - 1] == 'c');
}

/* A queue file: the records' types and texts. */
static size_t
queue_file(char *dst, const char *const (*records)[2], size_t n)
{
	char *p = dst;
	size_t i;

	for (i = 0; i < n; i++) {
		size_t len = strlen(records[i][1]);

		*p++ = records[i][0][0];
		if (len > 127) {
			*p++ = (char)(len & 0x7f) | (char)0x80;
			*p++ = (char)(len >> 7);
		} else {
			*p++ = (char)len;
		}
		memcpy(p, records[i][1], len);
		p += len;
	}
	return (size_t)(p - dst);
}

#define HOST "Received: by mb.test (Postfix, from userid "

static void
test_queue_file(void)
{
	static const char *const plain[][2] = {
	    {"C", "            307             668               1               0"},
	    {"T", "1795302128 0"},
	    {"S", "x@a.test"},
	    {"R", "y@b.test"},
	    {"M", ""},
	    {"N", HOST "2001)"},
	    {"N", "\tid 2CEFF108A34; Sun, 22 Nov 2026 00:00:00 +0000 (UTC)"},
	    {"N", "Subject: x"},
	    {"N", ""},
	    {"N", "body"},
	    {"X", ""}};
	/* pickup's line was removed by the admin; the sender's own imitates it */
	static const char *const forged[][2] = {{"S", HOST "7)"},
						{"M", ""},
						{"N", HOST "2002)"},
						{"N", "\tid 2CEFF108A35; Sun"},
						{"N", HOST "2002)"},
						{"N", "Subject: x"},
						{"N", "\tid 2CEFF108A34; x"},
						{"N", ""}};
	/* a filter put lines above it */
	static const char *const below[][2] = {
	    {"M", ""},     {"N", "X-Filter: a"},           {"N", HOST "2001)"},
	    {"p", "0000"}, {"N", "\tid 2CEFF108A34; Sun"}, {"N", ""}};
	static const char *const smtp[][2] = {
	    {"M", ""},
	    {"N", "Received: from x (localhost [127.0.0.1])"},
	    {"N", "\tby mb.test (Postfix) with ESMTP id 2CEFF108A34"},
	    {"N", ""}};
	/* handed in here, and its line removed */
	static const char *const bare[][2] = {
	    {"A", "log_message_origin=local"}, {"M", ""}, {"N", "Subject: x"}, {"N", ""}};
	static char buf[4096];
	size_t n = queue_file(buf, plain, sizeof plain / sizeof *plain), i;

	T_EQ(qfile_uid(buf, n, "2CEFF108A34"), 2001);
	T_EQ(qfile_uid(buf, n, "2CEFF108A3"), -1);
	for (i = 0; i < n; i++) {
		int64_t got = qfile_uid(buf, i, "2CEFF108A34");

		T_CHECK(got == -2 || got == 2001, "cut at %zu: %lld", i, (long long)got);
	}
	n = queue_file(buf, forged, sizeof forged / sizeof *forged);
	T_EQ(qfile_uid(buf, n, "2CEFF108A34"), -1);
	n = queue_file(buf, below, sizeof below / sizeof *below);
	T_EQ(qfile_uid(buf, n, "2CEFF108A34"), 2001);
	n = queue_file(buf, smtp, sizeof smtp / sizeof *smtp);
	T_EQ(qfile_uid(buf, n, "2CEFF108A34"), -1);
	n = queue_file(buf, bare, sizeof bare / sizeof *bare);
	T_EQ(qfile_uid(buf, n, "2CEFF108A34"), -3);
	T_EQ(qfile_uid("N\xff\xff\xff\xff\x0f", 6, "2CEFF108A34"), -1);
	T_EQ(qfile_uid("", 0, "2CEFF108A34"), -2);
}

static void
test_fate_exim(void)
{
	const char *text = "Message 1xUu5U-0001QX-0R is now frozen\n"
			   "Spool data file for 1xUu5U-0001QX-0S does not exist\n"
			   "Message 1xUu5U-0001QX-0U is already frozen\n";

	T_EQ(mtaq_exim.fate("", "1xUu5U-0001QX-0R", QUEUE_FREEZE, &text), FATE_DONE);
	T_EQ(mtaq_exim.fate("", "1xUu5U-0001QX-0S", QUEUE_FREEZE, &text), FATE_GONE);
	T_EQ(mtaq_exim.fate("", "1xUu5U-0001QX-0T", QUEUE_FREEZE, &text), FATE_NOT);
	T_EQ(mtaq_exim.fate("", "1xUu5U-0001QX-0U", QUEUE_FREEZE, &text), FATE_DONE);
}

static void
test_fate_postfix(void)
{
	char dir[] = "/tmp/mb-queue.XXXXXX", path[128];
	const char *none = "";

	T_CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/hold", dir);
	T_EQ(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/hold/2CEFF108A34", dir);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	T_EQ(mtaq_postfix.fate(dir, "2CEFF108A34", QUEUE_FREEZE, &none), FATE_DONE);
	T_EQ(mtaq_postfix.fate(dir, "2CEFF108A34", QUEUE_THAW, &none), FATE_NOT);
	T_EQ(mtaq_postfix.fate(dir, "2CEFF108A35", QUEUE_FREEZE, &none), FATE_GONE);
	T_EQ(mtaq_postfix.fate(dir, "2CEFF108A35", QUEUE_DROP, &none), FATE_DONE);
	unlink(path);
	snprintf(path, sizeof path, "%s/hold", dir);
	rmdir(path);
	rmdir(dir);
	T_EQ(mtaq_postfix.fate(dir, "2CEFF108A35", QUEUE_THAW, &none), FATE_DONE);
}

int
main(void)
{
	test_protocol();
	test_queue_file();
	test_fate_exim();
	test_fate_postfix();
	return T_DONE();
}
