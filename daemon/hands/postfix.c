/*
 * postfix - the queue of Postfix
 *
 * Job:     see mtaq.h.
 * Touches: the folders of the queue, by access(2) alone.
 * Source:  postsuper(1) (-h, -H, -d read ids from standard input), postqueue(1) (-i),
 *          postkick(1) and src/global/mail_proto.h (D: look at the deferred queue now),
 *          transport(5): a key "user@domain" goes before "domain"; retry: defers without
 *          contact. Measured: a changed map is seen after up to 10 s and an address
 *          resolved before is remembered for 30 s; `postfix reload` ends both at once
 *          and loses nothing.
 */
#include <string.h>
#include <unistd.h>

#include "mta_places.h"
#include "mtaq.h"
#include "owner.h"
#include "postfix_file.h"
#include "verbs.h"

/* postsuper says nothing that tells one message from another on every version: look. */
static enum mtaq_fate
fate(const char *dir, const char *id, unsigned verb, const char **out)
{
	static const char *const moving[] = {"incoming", "active", "deferred",
					     "maildrop"};
	char path[512];
	size_t i, look;

	(void)out;
	if (access(dir, X_OK) != 0) /* not the queue's place: postsuper's word must do */
		return FATE_DONE;
	/* twice: one that moves from a place not looked at to one looked at is not gone
	 */
	for (look = 0; look < 2; look++) {
		if (postfix_file(path, sizeof path, dir, "hold", id))
			return verb == QUEUE_FREEZE ? FATE_DONE : FATE_NOT;
		for (i = 0; i < sizeof moving / sizeof *moving; i++)
			if (postfix_file(path, sizeof path, dir, moving[i], id))
				return verb == QUEUE_THAW ? FATE_DONE : FATE_NOT;
	}
	return verb == QUEUE_DROP ? FATE_DONE : FATE_GONE;
}

static int64_t
owner(const char *id)
{
	return owner_postfix(hands_conf()->postfix_queue_dir, id);
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

static void
relay_line(FILE *f, const char *domain, const char *host, unsigned port)
{
	fprintf(f, "%s smtp:[%s]:%u\n", domain, host, port);
}

static const char *const postsuper[] = {MTA_POSTFIX("postsuper"), NULL};
static const char *const postqueue[] = {MTA_POSTFIX("postqueue"), NULL};
static const char *const postkick[] = {MTA_POSTFIX("postkick"), NULL};
static const char *const postmap[] = {MTA_POSTFIX("postmap"), NULL};
static const char *const postfix[] = {MTA_POSTFIX("postfix"), NULL};

const struct mtaq mtaq_postfix = {
    .name = "postfix",
    .program = postsuper,
    .good_id = postfix_id_ok,
    .option = {[QUEUE_FREEZE] = "-h", [QUEUE_THAW] = "-H", [QUEUE_DROP] = "-d"},
    .ids_on_stdin = true,
    .fate = fate,
    .owner = owner,
    .kick_program = postkick,
    .kick = {"public", "qmgr", "D"},
    .force_program = postqueue,
    .force_option = "-i",
    .brake_line = brake_line,
    .pass_line = pass_line,
    .relay_line = relay_line,
    .compiler = postmap,
    .reloader = postfix,
};
