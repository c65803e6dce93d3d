/*
 * postfix - the queue of Postfix
 *
 * Job:     see mtaq.h.
 * Touches: nothing.
 * Source:  postsuper(1) (-h, -H, -d read ids from standard input), postqueue(1) (-i),
 * transport(5): a key "user@domain" goes before "domain"; retry: defers without contact.
 *          Measured: a changed map is seen after up to 10 s and an address resolved
 * before is remembered for 30 s; `postfix reload` ends both at once and loses nothing.
 */
#include <string.h>

#include "mtaq.h"

/* Short ids are hex, long ones base 52; never "ALL". */
static bool
good_id(const char *id)
{
	size_t n = strlen(id);

	return n >= 5 && n <= 20 &&
	       strspn(id,
		      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") ==
		   n;
}

static void
brake_line(FILE *f, const char *domain)
{
	fprintf(f, "%s retry:4.7.0 mailbrake hold\n", domain);
}

static void
pass_line(FILE *f, const char *address)
{
	fprintf(f, "%s :\n", address); /* as if there were no table */
}

static const char *const postsuper[] = {"/usr/sbin/postsuper",
					"/usr/local/sbin/postsuper", NULL};
static const char *const postqueue[] = {"/usr/sbin/postqueue",
					"/usr/local/sbin/postqueue", NULL};
static const char *const postmap[] = {"/usr/sbin/postmap", "/usr/local/sbin/postmap",
				      NULL};

static const char *const postfix[] = {"/usr/sbin/postfix", "/usr/local/sbin/postfix",
				      NULL};

const struct mtaq mtaq_postfix = {
    .name = "postfix",
    .program = postsuper,
    .good_id = good_id,
    .option = {[QUEUE_FREEZE] = "-h", [QUEUE_THAW] = "-H", [QUEUE_DROP] = "-d"},
    .ids_on_stdin = true,
    .force_program = postqueue,
    .force_option = "-i",
    .brake_line = brake_line,
    .pass_line = pass_line,
    .compiler = postmap,
    .reloader = postfix,
};
