/* Whose a domain is: by the list root keeps, and by nothing else. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "own.h"
#include "owners.h"
#include "t.h"
#include "text.h"

static char path[] = "/tmp/mailbrake-own.XXXXXX";

static void
write_list(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	T_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	T_EQ(fchmod(fd, mode), 0);
	close(fd);
	own_refresh();
}

static int
ask(const char *login, const char *a, const char *b)
{
	const char *domains[] = {a, b};

	return own_mail(login, 2, domains, b == NULL ? 1 : 2);
}

/* Both readers of the list look in the same places; a failed read keeps the old one. */
static void
test_owners(struct conf *c)
{
	const char *places[OWNERS_PLACES];
	struct owners *o = owners_new();
	int fd[2];

	T_EQ(owners_places(c, places), 3);
	T_STR(places[0], "/etc/mailbrake/domains");
	T_EQ(text_copy(c->own_domains, sizeof(c->own_domains), "none"), 1);
	T_EQ(owners_places(c, places), 0);
	T_EQ(text_copy(c->own_domains, sizeof(c->own_domains), "/x"), 1);
	T_EQ(owners_places(c, places), 1);
	T_STR(places[0], "/x");
	T_EQ(pipe(fd), 0);
	T_EQ(write(fd[1], "a.test: alice\n", 14), 14);
	close(fd[1]);
	T_EQ(owners_read(o, fd[0]), true);
	T_EQ(owners_read(o, open("/", O_RDONLY | O_DIRECTORY)), false);
	T_STR(owners_find(o, (struct slice){"box@a.test", 10}), "alice");
	owners_free(&o);
}

int
main(void)
{
	static struct conf c;
	struct err e;
	int fd = mkstemp(path);

	close(fd);
	conf_defaults(&c);
	test_owners(&c);
	T_EQ(text_copy(c.own_domains, sizeof(c.own_domains), path), 1);
	T_EQ(own_start(&c, &e), 0);
	own_refresh();
	T_EQ(ask("alice", "a.test", NULL), -1); /* an empty list knows nothing */
	write_list("# list\n*: nobody\nA.test: alice\nb.test:bob\r\ngmail.com: alice\n"
		   "no colon here\n",
		   0644);
	T_EQ(own_count(), 3);
	T_EQ(ask("alice", "a.test", NULL), 1);
	T_EQ(ask("alice", "a.test", "b.test"), 0);
	T_EQ(ask("bob", "b.test", NULL), 1);
	T_EQ(ask("bob", "sub.b.test", NULL), 0);
	T_EQ(ask("alice", "gmail.com", NULL), 0);
	T_EQ(ask("", "a.test", NULL), -1);
	T_EQ(own_mail("alice", 2, NULL, 0), 0);
	T_EQ(own_mail("alice", OWN_RCPTS_MAX + 1, (const char *[]){"a.test"}, 1), 0);
	/* a list that others may write is not believed; what was known stays */
	write_list("c.test: mallory\n", 0666);
	T_EQ(ask("mallory", "c.test", NULL), 0);
	T_EQ(ask("alice", "a.test", NULL), 1);
	T_CHECK(own_fault() != NULL);
	write_list("a.test: bob\n", 0600);
	T_EQ(ask("alice", "a.test", NULL), 0);
	T_EQ(ask("bob", "a.test", NULL), 1);
	T_CHECK(own_fault() == NULL);
	unlink(path);
	own_refresh();
	T_CHECK(own_fault() != NULL);
	T_EQ(ask("bob", "a.test", NULL), 1);
	return T_DONE();
}
