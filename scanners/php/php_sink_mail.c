/*
 * php_sink_mail - mail that is sent, by whatever call
 *
 * Job:     facts and marks of mail() and its like, of letters that are objects, of what
 *          is posted to an address (a mail service's, perhaps).
 * Touches: nothing.
 */
#include <string.h>
#include <strings.h>
#include "php_apart.h"
#include "php_sink.h"

void
php_mail_sink(struct php *p, struct node *n, unsigned w, struct val *a, struct node **an,
	      unsigned argc, bool hidden)
{
	struct php_facts *f = p->f;
	/* the fifth is the mail program's options; of others it is files, or copies */
	int64_t *const facts[] = {&f->taint_mail_to, &f->taint_mail_subject,
				  &f->taint_mail_body, &f->taint_mail_headers,
				  w == W_IMAP_MAIL ? &f->taint_mail_to : &f->taint_exec};
	unsigned known = w == W_WP_MAIL ? 4 : 5;
	bool nobody = argc > 3 && a[0].t == V_STR &&
		      (a[0].len == 0 ||
		       (a[0].len > 11 && strncasecmp(a[0].u.s, "undisclosed", 11) == 0));
	unsigned i;

	if (php_first(n)) {
		f->mail_hidden += hidden || p->layer != 0;
		f->mail_calls += hidden;
		f->mail_loop += p->loop != 0;
		f->mail_const_to += argc > 0 && a[0].t == V_STR &&
				    memchr(a[0].u.s, '@', a[0].len) != NULL;
	}
	if (argc > 0 && (a[0].taint & TA_REMOTE) && !(an[0]->flags & NF_SEEN2))
		f->remote_mail++;
	for (i = 0; i < argc && i < known; i++)
		if (php_tainted(p, an[i], &a[i], "mail", i + 1, facts[i]) && i == 3 &&
		    nobody)
			f->taint_mail_to++; /* Bcc: it has no other recipient */
}

void
php_log_sink(struct php *p, struct node *n, struct val *a, struct node **an,
	     unsigned argc)
{
	struct php_facts *f = p->f;

	if (argc < 3 || a[1].t != V_INT || a[1].u.i != 1)
		return;
	if (php_first(n)) {
		f->mail_calls++;
		f->mail_loop += p->loop != 0;
	}
	(void)php_tainted(p, an[2], &a[2], "mail", 1, &f->taint_mail_to);
	(void)php_tainted(p, an[0], &a[0], "mail", 3, &f->taint_mail_body);
	if (argc > 3 && php_tainted(p, an[3], &a[3], "mail", 4, &f->taint_mail_headers))
		f->taint_mail_subject++; /* it is one of the headers */
}

/* Part of a letter that a method sets, by its name. */
enum part { P_NONE, P_TO, P_SUBJECT, P_BODY, P_FROM };

static enum part
part_of(const struct node *name, bool letter)
{
	static const struct {
		const char *s;
		uint8_t part;
		bool general; /* other objects have it, too */
	} list[] = {{"addaddress", P_TO, false},
		    {"addbcc", P_TO, false},
		    {"addcc", P_TO, false},
		    {"addrecipient", P_TO, false},
		    {"addto", P_TO, false},
		    {"setto", P_TO, false},
		    {"setbcc", P_TO, false},
		    {"to", P_TO, true},
		    {"bcc", P_TO, true},
		    {"setsubject", P_SUBJECT, false},
		    {"subject", P_SUBJECT, true},
		    {"msghtml", P_BODY, false},
		    {"sethtmlbody", P_BODY, false},
		    {"settextbody", P_BODY, false},
		    {"setbody", P_BODY, true},
		    {"html", P_BODY, true},
		    {"text", P_BODY, true},
		    {"setfrom", P_FROM, false},
		    {"addreplyto", P_FROM, false},
		    {"from", P_FROM, true}};
	size_t i;

	if (name->kind != N_NAME)
		return P_NONE;
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (name->len == strlen(list[i].s) &&
		    strncasecmp(name->s, list[i].s, name->len) == 0)
			return letter || !list[i].general ? list[i].part : P_NONE;
	return P_NONE;
}

/* (new Email)->a()->b(): does the name of the class say that it is a letter? */
static bool
is_letter(struct php *p, const struct node *n)
{
	static const char *const words[] = {"mail", "message"};
	char low[64];
	size_t i, len;

	while (n != NULL && (n->kind == N_CALL || n->kind == N_PROP)) {
		php_step(p, 1);
		n = n->kid;
	}
	if (n == NULL || n->kind != N_NEW || n->kid->kind != N_NAME)
		return false;
	len = n->kid->len < sizeof(low) ? n->kid->len : sizeof(low);
	for (i = 0; i < len; i++)
		low[i] = (char)(n->kid->s[i] | 32);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(low, len, words[i], strlen(words[i])) != NULL)
			return true;
	return false;
}

void
php_mail_method(struct php *p, struct node *n, const struct node *name, struct val *a,
		struct node **an, unsigned argc, bool once)
{
	struct php_facts *f = p->f;
	int64_t *const facts[] = {NULL, &f->taint_mail_to, &f->taint_mail_subject,
				  &f->taint_mail_body, &f->taint_mail_headers};
	enum part part;

	if (name->w == W_SEND) {
		f->send_calls += once;
		f->mail_loop += once && p->loop != 0;
		return;
	}
	if (argc == 0 || !(a[0].taint & (TA_REQUESTED | TA_REMOTE | TA_ASIDE)))
		return;
	part = part_of(name, false);
	if (part == P_NONE)
		part = part_of(name, is_letter(p, n));
	if (part != P_NONE)
		(void)php_tainted(p, an[0], &a[0], "mail", (unsigned)part, facts[part]);
}

/* curl_setopt(c, CURLOPT_POSTFIELDS, ..) */
static bool
posts(unsigned w, struct node **an, unsigned argc)
{
	return w != W_CURL_SETOPT ||
	       (argc > 2 && an[1]->kind == N_NAME && an[1]->len == 18 &&
		memcmp(an[1]->s, "CURLOPT_POSTFIELDS", 18) == 0);
}

void
php_post_sink(struct php *p, struct node *n, unsigned w, struct val *a, struct node **an,
	      unsigned argc)
{
	unsigned i = w == W_CURL_SETOPT ? 2 : w == W_STREAM_CONTEXT_CREATE ? 0 : 1;

	if (i >= argc || !posts(w, an, argc) || p->loop == 0 || (n->flags & NF_DONE) ||
	    !(php_bare(a[i].taint) & TA_REQUESTED))
		return;
	n->flags |= NF_DONE;
	p->f->post_loop++;
	php_mark(p, "@@taint ", "post", 1, a[i].taint);
}
