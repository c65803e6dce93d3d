/*
 * replay - judge an old log or a trace, without a daemon
 *
 * Job:       `mailbrake replay`: the same pure functions as judge, simulated time; who
 *            would have been held, when, how much passed before and waited after.
 * Privilege: none.
 * Talks to:  nobody.
 * Exits:     0 done; 64 usage; 65 no line could be used; 66 a file could not be read
 *            (the others were); 78 bad settings.
 */
#include "replay.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "engine_conf.h"
#include "text.h"

#define SEEN_IDS 65536 /* a line is known as a duplicate among so many before it */

struct replay {
	const char *format, *conf_path;
	bool json, each, bar;
	struct engine *engine;
	struct logread *log; /* NULL: a trace */
	struct order order;
	struct sum sum;
	uint64_t seen[SEEN_IDS];
	uint8_t seen_answer[SEEN_IDS];
	uint8_t seen_why[SEEN_IDS];
	int64_t hour;
	time_t bar_at;
	const char *file;
};

static void
on_decision(void *ctx, const struct decision *d)
{
	struct replay *r = ctx;
	struct sum_account *a = sum_account(&r->sum, d->uid, d->user);
	char user[80], script[300];

	a->state = d->to;
	if (d->to == ACCT_HELD && !d->observed && d->from != ACCT_HELD) {
		if (a->holds++ == 0) {
			a->first_held_us = d->t.us;
			a->first_why = d->why;
		}
	}
	r->sum.owners_changed += d->why == REASON_NEW_OWNER;
	if (!r->json) {
		if (d->to == ACCT_HELD)
			printf("%s (uid %u): held, %s; %" PRIu64
			       " recipients had passed; %s\n",
			       text_safe(user, sizeof(user), d->user), d->uid,
			       reason_says(d->why), d->passed_rcpts,
			       text_safe(script, sizeof(script), d->script));
		return;
	}
	fputs("{\"t\":", stdout);
	json_put_time(stdout, d->t);
	printf(",\"uid\":%u,\"user\":", d->uid);
	json_put_str(stdout, d->user);
	printf(",\"from\":\"%s\",\"to\":\"%s\",\"why\":\"%s\",\"who\":\"%s\",\"script\":",
	       state_name(d->from), state_name(d->to), reason_word(d->why), d->who);
	json_put_str(stdout, d->script);
	printf(",\"passed_messages\":%" PRIu64 ",\"passed_rcpts\":%" PRIu64
	       ",\"held_messages\":%" PRIu64 ",\"held_rcpts\":%" PRIu64
	       ",\"facts\":\"%s\"}\n",
	       d->passed_messages, d->passed_rcpts, d->held_messages, d->held_rcpts,
	       d->facts);
}

static void
put_each(const struct replay *r, const struct event *ev, enum verdict_answer answer,
	 enum reason why)
{
	if (!r->each)
		return;
	if (!r->json) {
		char id[100];

		printf("%s %u %s %s\n",
		       ev->id == NULL ? "-" : text_safe(id, sizeof(id), ev->id), ev->uid,
		       answer_name(answer), reason_word(why));
		return;
	}
	fputs("{\"id\":", stdout);
	if (ev->id == NULL)
		fputs("null", stdout);
	else
		json_put_str(stdout, ev->id);
	fputs(",\"t\":", stdout);
	json_put_time(stdout, ev->t);
	printf(",\"uid\":%u,\"answer\":\"%s\",\"why\":\"%s\"}\n", ev->uid,
	       answer_name(answer), reason_word(why));
}

/* The place of this message among those seen; *known: it was there. */
static size_t
seen_place(const struct replay *r, const struct event *ev, bool *known)
{
	uint64_t key = event_hash(ev->id, strlen(ev->id));
	size_t at;

	key = (key ^ ev->uid ^ (uint64_t)ev->t.us * 0x9E3779B97F4A7C15ULL) | 1;
	at = (size_t)(key >> 20) % SEEN_IDS;
	*known = r->seen[at] == key;
	return at;
}

static void
judge_submission(struct replay *r, const struct event *ev)
{
	const char *domains[REPLAY_DOMAINS];
	struct submission s = {.t = ev->t,
			       .uid = ev->uid,
			       .user = ev->user,
			       .id = ev->id,
			       .script = ev->script,
			       .login = ev->login,
			       .script_age_s = ev->script_age_s,
			       .rcpts = ev->rcpts,
			       .domains = domains,
			       .domain_count = ev->domain_count,
			       .subject_hash = ev->subject_hash,
			       .body_hash = ev->body_hash,
			       .rcpt_hashes = ev->rcpt_hashes,
			       .rcpt_hash_count = ev->rcpt_hash_count,
			       .own = ev->own};
	struct answer a;
	bool known = false;
	size_t at = 0;

	for (size_t i = 0; i < ev->domain_count; i++)
		domains[i] = ev->domains[i];
	if (ev->id != NULL) {
		at = seen_place(r, ev, &known);
		if (known) {
			r->sum.duplicates++;
			put_each(r, ev, (enum verdict_answer)r->seen_answer[at],
				 (enum reason)r->seen_why[at]);
			return;
		}
	}
	engine_submission(r->engine, &s, &a);
	if (ev->id != NULL) {
		uint64_t key = event_hash(ev->id, strlen(ev->id));

		r->seen[at] =
		    (key ^ ev->uid ^ (uint64_t)ev->t.us * 0x9E3779B97F4A7C15ULL) | 1;
		r->seen_answer[at] = (uint8_t)a.answer;
		r->seen_why[at] = (uint8_t)a.reason;
	}
	sum_answer(&r->sum, ev, &a);
	put_each(r, ev, a.answer, a.reason);
}

static void
judge_event(struct replay *r, const struct event *ev)
{
	struct err err;

	r->sum.events[ev->kind]++;
	if (ev->t.us < r->sum.from_us)
		r->sum.from_us = ev->t.us;
	if (ev->t.us > r->sum.to_us)
		r->sum.to_us = ev->t.us;
	if (ev->t.us / 3600000000 != r->hour) {
		r->hour = ev->t.us / 3600000000;
		engine_tick(r->engine, ev->t);
	}
	switch (ev->kind) {
	case EVENT_SUBMISSION:
		judge_submission(r, ev);
		break;
	case EVENT_OUTCOME:
		engine_outcome(r->engine, &(struct outcome_fact){.t = ev->t,
								 .uid = ev->uid,
								 .user = ev->user,
								 .kind = ev->outcome,
								 .code = ev->code,
								 .text = ev->text});
		break;
	case EVENT_FILE:
		engine_file(r->engine, &(struct file_fact){.t = ev->t,
							   .uid = ev->uid,
							   .user = ev->user,
							   .path = ev->script,
							   .points = ev->points,
							   .rules = ev->text,
							   .fresh = true});
		break;
	case EVENT_ADMIN:
		/* a word about an account never seen changes nothing */
		(void)engine_word(r->engine, ev->t, ev->uid, ev->word, SCOPE_ACCOUNT,
				  NULL, (wall_t){0}, "admin", &err);
		break;
	case EVENT_KINDS:
		break;
	}
}

static void
bar(struct replay *r, const struct input *in)
{
	int done = input_permille(in);
	time_t now;

	if (!r->bar || r->sum.lines % 4096 != 0)
		return;
	now = time(NULL);
	if (now == r->bar_at)
		return;
	r->bar_at = now;
	if (done >= 0)
		fprintf(stderr, "\r%3d.%d %% of %.40s, %" PRIu64 " lines\033[K",
			done / 10, done % 10, r->file, r->sum.lines);
	else
		fprintf(stderr, "\r%" PRIu64 " lines\033[K", r->sum.lines);
}

static void
one_line(struct replay *r, char *line, size_t len)
{
	struct event *ev = NULL;
	enum replay_damage d = REPLAY_FINE;

	if (r->log != NULL)
		ev = logread_line(r->log, line, len);
	else if (len > 0)
		d = jsonl_event(line, len, &ev);
	r->sum.damaged[d] += d != REPLAY_FINE;
	if (ev == NULL)
		return;
	ev = order_push_take(&r->order, ev);
	if (ev == NULL)
		return;
	judge_event(r, ev);
	event_free(&ev);
}

static int
one_file(struct replay *r, const char *path)
{
	struct err err;
	struct input *in = input_open(path, &err);
	char *line;
	size_t len;
	bool too_long;
	int rc;

	if (in == NULL) {
		fprintf(stderr, "mailbrake: replay: %s: %s\n", path, err.text);
		return EX_NOINPUT;
	}
	r->file = path;
	while ((rc = input_line(in, &line, &len, &too_long, &err)) == 1) {
		r->sum.lines++;
		if (too_long)
			r->sum.damaged[REPLAY_TOO_LONG]++;
		else
			one_line(r, line, len);
		bar(r, in);
	}
	if (rc < 0) {
		r->sum.damaged[REPLAY_CUT_SHORT]++;
		fprintf(stderr, "mailbrake: replay: %s: %s\n", path, err.text);
	}
	input_close(&in);
	return rc < 0 ? EX_NOINPUT : 0;
}

/* The daemon's settings where there are any: what would have happened here. */
static int
settings(const struct replay *r, struct engine_conf *out)
{
	struct conf *c = calloc(1, sizeof(*c));
	struct err err;
	int rc = 0;

	if (c == NULL)
		return -1;
	conf_defaults(c);
	if (r->conf_path != NULL && conf_load(c, r->conf_path, &err) != 0) {
		fprintf(stderr, "mailbrake: replay: %s\n", err.text);
		rc = -1;
	}
	engine_conf_take(out, c);
	out->observe = false; /* replay says what holding would have done */
	out->jump_max_s = 0;  /* a trace's gaps are time */
	out->accounts_max = 1000000;
	free(c);
	return rc;
}

/* "Nobody would have been held" must not be said of what was not understood. */
static bool
nothing_used(const struct replay *r)
{
	for (unsigned k = 0; k < EVENT_KINDS; k++)
		if (r->sum.events[k] > 0)
			return false;
	return true;
}

static int
run(struct replay *r, int count, char **files)
{
	struct engine_conf conf;
	struct event *ev;
	int rc = 0;

	if (settings(r, &conf) != 0)
		return EX_CONFIG;
	if (strcmp(r->format, "jsonl") != 0) {
		conf.blind = true;
		r->log = logread_new(r->format, clock_wall());
	}
	r->engine = engine_new(&conf, on_decision, r);
	sum_init(&r->sum);
	for (int i = 0; i < count; i++) {
		int one = one_file(r, files[i]);

		rc = one != 0 ? one : rc;
	}
	while ((ev = order_pop(&r->order)) != NULL) {
		judge_event(r, ev);
		event_free(&ev);
	}
	if (r->bar)
		fputs("\r\033[K", stderr);
	if (r->log != NULL)
		logread_end(r->log, &r->sum);
	logread_free(&r->log);
	sum_print(&r->sum, &r->order, r->json, stdout);
	if (nothing_used(r)) {
		fprintf(stderr,
			"mailbrake: replay: no line could be used as %s: another "
			"--format?\n",
			r->format);
		rc = rc != 0 ? rc : EX_DATAERR;
	}
	engine_free(&r->engine);
	sum_fini(&r->sum);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("mailbrake: replay: cannot write\n", stderr);
		return EX_IOERR;
	}
	return rc;
}

static int
usage(void)
{
	fputs("usage: mailbrake replay [--format exim|postfix|jsonl] [--json] [--each] "
	      "FILE...\n",
	      stderr);
	return EX_USAGE;
}

int
replay_main(int argc, char **argv)
{
	static const struct option options[] = {{"format", required_argument, NULL, 'f'},
						{"json", no_argument, NULL, 'j'},
						{"each", no_argument, NULL, 'e'},
						{"conf", required_argument, NULL, 'c'},
						{NULL, 0, NULL, 0}};
	struct replay *r = calloc(1, sizeof(*r));
	int c, rc;

	if (r == NULL)
		return EX_OSERR;
	r->format = "jsonl";
	r->bar = isatty(2) == 1;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'f')
			r->format = optarg;
		else if (c == 'c')
			r->conf_path = optarg;
		else if (c == 'j')
			r->json = true;
		else if (c == 'e')
			r->each = true;
		else {
			free(r);
			return usage();
		}
	}
	if ((strcmp(r->format, "jsonl") != 0 && strcmp(r->format, "exim") != 0 &&
	     strcmp(r->format, "postfix") != 0) ||
	    optind == argc) {
		free(r);
		return usage();
	}
	rc = run(r, argc - optind, argv + optind);
	free(r);
	return rc;
}
