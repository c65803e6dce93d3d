/*
 * test_lint - messages in and out of form, and forwarders in a tree of its own
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lint_msg.h"
#include "provider_table.h"
#include "t.h"

/* the command line is no library */
#include "../../daemon/client/forwarders.c"

static char got[4096];

static void
on_finding(void *arg, const struct lint_finding *f)
{
	size_t n = strlen(got);

	(void)arg;
	snprintf(got + n, sizeof(got) - n, "%s ", f->check);
}

static void
check(const char *message, bool bulk, const char *want)
{
	got[0] = '\0';
	lint_message(message, strlen(message), bulk, on_finding, NULL);
	T_STR(got, want);
}

#define GOOD \
	"From: Shop <news@shop.test>\r\nTo: a@b.test\r\nSubject: x\r\n" \
	"Date: Sun, 22 Nov 2026 01:02:03 +0100\r\nMessage-ID: <1@shop.test>\r\n"

static void
on_forwarder(void *arg, const struct forwarder *f)
{
	size_t n = strlen(got);

	(void)arg;
	snprintf(got + n, sizeof(got) - n, "%s>%s(%s) ", f->address, f->target,
		 f->provider);
}

static void
put(const char *dir, const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", dir, name);
	f = fopen(path, "w");
	T_CHECK(f != NULL && fputs(text, f) >= 0);
	if (f != NULL)
		fclose(f);
}

static void
test_forwarders(const struct provider_table *t)
{
	char dir[] = "/tmp/mb-forward.XXXXXX", path[300];
	static const char *const dirs[] = {"/etc", "/etc/valiases", "/home", "/home/u"};
	unsigned unread;

	T_CHECK(mkdtemp(dir) != NULL);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", dir, dirs[i]);
		T_EQ(mkdir(path, 0700), 0);
	}
	put(dir, "/etc/valiases/a.test",
	    "info@a.test: x@hotmail.com, y@a.test\n*: \":fail: no\"\n");
	put(dir, "/etc/aliases", "# c\nroot: |/bin/x, \"boss@gmail.com\"\n");
	put(dir, "/home/u/.forward", "\\u, me@yahoo.de\n");
	got[0] = '\0';
	T_EQ(forwarders_each(t, dir, on_forwarder, NULL, &unread), 3);
	T_STR(got, "info@a.test>x@hotmail.com(microsoft) root>boss@gmail.com(google) "
		   ">me@yahoo.de(yahoo) ");
	T_EQ(unread, 0);
	snprintf(path, sizeof(path), "%s/home/u/.forward", dir);
	unlink(path);
	T_EQ(symlink("/etc/passwd", path), 0); /* a tenant's link is not followed */
	T_EQ(forwarders_each(t, dir, on_forwarder, NULL, &unread), 2);
	T_EQ(unread, 1);
	unlink(path);
	snprintf(path, sizeof(path), "%s/etc/aliases", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/etc/valiases/a.test", dir);
	unlink(path);
	for (int i = 3; i >= 0; i--) {
		snprintf(path, sizeof(path), "%s%s", dir, dirs[i]);
		rmdir(path);
	}
	rmdir(dir);
}

/* No address of a street: a word, or a number, is not enough. */
static void
no_address(void)
{
	static const char *const bodies[] = {"1234 things", "on the road again",
					     "platz "};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		char message[600];

		snprintf(message, sizeof(message), GOOD "\r\n%s unsubscribe", bodies[i]);
		got[0] = '\0';
		lint_message(message, strlen(message), true, on_finding, NULL);
		T_CHECK(strstr(got, "postal-address") != NULL, "%s", bodies[i]);
	}
}

int
main(void)
{
	no_address();
	struct provider_table *t;
	struct err e;

	check(GOOD "\r\nhello\r\n", false, "");
	check("\r\nhello", false,
	      "from-missing date-missing message-id-missing to-missing subject-missing ");
	check(GOOD "From: b@c.test\r\n\r\n", false, "header-twice ");
	check(GOOD "\r\nhello", true,
	      "dkim-missing list-unsubscribe unsubscribe-link postal-address ");
	check(GOOD "List-Unsubscribe: <https://shop.test/u>\r\nList-Unsubscribe-Post: "
		   "List-Unsubscribe=One-Click\r\nDKIM-Signature: v=1; d=shop.test; "
		   "h=from:list-unsubscribe;\r\n\r\nunsubscribe here",
	      false, "postal-address ");
	check(GOOD "List-Unsubscribe: <https://shop.test/u>\r\nList-Unsubscribe-Post: "
		   "List-Unsubscribe=One-Click\r\nDKIM-Signature: v=1; d=shop.test; "
		   "h=from:list-unsubscribe;\r\n\r\nunsubscribe here\r\n"
		   "The Shop Inc., 12 Main Street, Springfield",
	      false, "");
	check(
	    GOOD
	    "List-Unsubscribe: <mailto:u@shop.test>\r\nDKIM-Signature: v=1; d=evil.test; "
	    "h=from;\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nPGE+dW5zdWJzY3JpYmU8L2E+\r\n",
	    false,
	    "dkim-alignment html-only list-unsubscribe-https one-click "
	    "unsubscribe-signed "
	    "postal-address ");
	check(GOOD "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; "
		   "boundary=\"b\"\r\n\r\n"
		   "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: "
		   "text/html\r\n"
		   "\r\n<a>abmelden</a>\r\n--b--\r\n",
	      false, "");
	check(GOOD "MIME-Version: 1.0\r\nContent-Type: multipart/mixed\r\n\r\n", false,
	      "boundary ");
	if (provider_table_load("rules/providers", &t, &e) == -1) {
		printf("%s\n", e.text);
		return 1;
	}
	test_forwarders(t);
	provider_table_free(&t);
	return T_DONE();
}
