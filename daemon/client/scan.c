/*
 * scan - see scan.h
 *
 * Job:     `mailbrake scan`: options, the loop, the rows.
 * Touches: standard output and error.
 */
#include "scan.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "paths.h"
#include "scan_pool.h"
#include "scan_progress.h"
#include "scan_state.h"
#include "scan_walk.h"
#include "text.h"
#include "xmem.h"

#define RULES_MAX 16
#define AHEAD (POOL_WORKERS_MAX * POOL_DEPTH)
#define SAVE_US 5000000
#define TELL_US 1000000   /* who reads a pipe sees what was found so soon */
#define NO_TAG UINT64_MAX /* what could not be opened; it moves no place */

/* The files given away, oldest first: how far all were answered. */
struct ahead {
	struct {
		char *path;
		size_t root;
		bool done;
	} file[AHEAD];
	uint64_t first, next; /* numbers; file number n is at n % AHEAD */
};

struct scan {
	struct conf conf;
	bool json, hits;
	int64_t jobs;
	const char *conf_path;
	const char *rules[RULES_MAX];
	size_t rules_count;
	char rules_buf[4096];
	struct scan_count count;
	struct progress *progress;
	struct walk walk;
	bool broken_pipe;
	const char *state_path; /* --resume, or NULL */
	struct scan_state state;
	struct ahead ahead;
	mono_t saved, told; /* the place kept; what was found handed on */
	bool stopped;       /* asked to, and not at the end */
};

static volatile sig_atomic_t stop_asked;

static int
usage(void)
{
	fprintf(stderr,
		"usage: mailbrake scan [--json] [--hits] [--rules DIR] [--jobs N]\n"
		"                      [--resume FILE] [--conf FILE] PATH...\n");
	return EX_USAGE;
}

/* "rule group points" triples as JSON objects. */
static json_t *
json_findings(const struct m_verdict *v)
{
	struct strings s = strings_of(v->findings, v->findings_len);
	json_t *list = json_array();
	const char *rule, *group, *points;

	while ((rule = strings_next(&s)) != NULL && (group = strings_next(&s)) != NULL &&
	       (points = strings_next(&s)) != NULL) {
		int64_t n = 0;

		(void)text_to_i64(points, INT32_MIN, INT32_MAX, &n);
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "rule",
							    rule, "group", group,
							    "points", (json_int_t)n));
	}
	return list;
}

static void
print_json(const char *path, const struct m_verdict *v)
{
	static char name[WALK_PATH * 3 + 1];
	json_t *o = json_object();

	(void)text_utf8(name, sizeof name, path, strlen(path));
	(void)json_object_set_new(o, "path", json_string(name));
	(void)json_object_set_new(o, "sha256", json_string(v->sha256));
	(void)json_object_set_new(o, "type", json_string(v->type));
	(void)json_object_set_new(o, "size", json_integer((json_int_t)v->size));
	(void)json_object_set_new(o, "verdict",
				  json_string(verdict_name((unsigned)v->verdict)));
	(void)json_object_set_new(o, "score", json_integer((json_int_t)v->score));
	(void)json_object_set_new(o, "findings", json_findings(v));
	(void)json_object_set_new(o, "reason", json_string(v->reason));
	(void)json_object_set_new(o, "cpu_us", json_integer((json_int_t)v->cpu_us));
	(void)json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	(void)putchar('\n');
	json_decref(o);
}

static void
print_text(const char *path, const struct m_verdict *v)
{
	static char name[WALK_PATH * 4 + 1];
	struct strings s = strings_of(v->findings, v->findings_len);
	const char *rule, *sep = "  ";
	char reason[600];

	printf("%-10s %5lld  %s", verdict_name((unsigned)v->verdict), (long long)v->score,
	       text_safe(name, sizeof name, path));
	while ((rule = strings_next(&s)) != NULL) {
		(void)strings_next(&s);
		(void)strings_next(&s);
		printf("%s%s", sep, text_safe(reason, sizeof reason, rule));
		sep = ", ";
	}
	if (v->reason[0] != '\0')
		printf("  (%s)", text_safe(reason, sizeof reason, v->reason));
	printf("\n");
}

/* --- how far it came -----------------------------------------------------------------
 */

/* Number the next file; the pool has never more than AHEAD of them. */
static uint64_t
ahead_add(struct scan *s, const char *path)
{
	struct ahead *a = &s->ahead;

	if (s->state_path == NULL)
		return 0;
	a->file[a->next % AHEAD].path = xstrdup(path);
	a->file[a->next % AHEAD].root = s->walk.root - 1;
	a->file[a->next % AHEAD].done = false;
	return a->next++;
}

static bool
ahead_room(const struct scan *s)
{
	return s->ahead.next - s->ahead.first < AHEAD;
}

static void
ahead_done(struct scan *s, uint64_t number)
{
	struct ahead *a = &s->ahead;

	if (s->state_path == NULL)
		return;
	a->file[number % AHEAD].done = true;
	while (a->first < a->next && a->file[a->first % AHEAD].done) {
		s->state.begun = true;
		s->state.at_root = a->file[a->first % AHEAD].root;
		(void)text_copy(s->state.at, sizeof s->state.at,
				a->file[a->first % AHEAD].path);
		free(a->file[a->first++ % AHEAD].path);
	}
}

/* What was found is out before the place is moved on. */
static void
save(struct scan *s, bool now)
{
	struct err e;

	if (s->state_path == NULL ||
	    (!now && mono_diff_us(clock_mono(), s->saved) < SAVE_US))
		return;
	s->saved = clock_mono();
	s->state.count = s->count;
	if (fflush(stdout) != 0 || ferror(stdout)) {
		s->broken_pipe = true;
		return;
	}
	if (scan_state_write(&s->state, s->state_path, &e) != 0) {
		progress_clear(s->progress);
		fprintf(stderr, "mailbrake scan: --resume: %s\n", e.text);
	}
}

static void
on_signal(int sig)
{
	(void)sig;
	stop_asked = 1;
}

static void
heed_signals(void)
{
	/* once: asked a second time it ends at once. Output that waits for its reader
	 * must not fail halfway. */
	struct sigaction sa = {.sa_handler = on_signal,
			       .sa_flags = (int)SA_RESETHAND | SA_RESTART};

	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGHUP, &sa, NULL);
}

/* Take up where an earlier run stopped. 0, or an exit code. */
static int
take_up(struct scan *s, struct pool *p, char **roots)
{
	struct err e;
	int rc;

	if (s->state_path == NULL)
		return 0;
	s->state.rules_version = pool_rules_version(p);
	s->state.roots = roots;
	rc = scan_state_read(&s->state, s->state_path, &e);
	if (rc < 0) {
		fprintf(stderr, "mailbrake scan: %s\n", e.text);
		return e.code == ERR_INPUT ? EX_USAGE : EX_UNAVAILABLE;
	}
	if (rc > 0) {
		s->count = s->state.count;
		if (s->state.begun &&
		    !walk_from(&s->walk, s->state.at_root, s->state.at)) {
			fprintf(stderr, "mailbrake scan: %s: a place that is none\n",
				s->state_path);
			return EX_USAGE;
		}
	}
	s->saved = clock_mono();
	return 0;
}

static void
on_verdict(void *arg, uint64_t tag, const char *path, const struct m_verdict *v)
{
	struct scan *s = arg;
	bool hit = v->verdict != VERDICT_CLEAN;

	s->count.files++;
	s->count.bytes += v->size;
	if (v->verdict == VERDICT_MALICIOUS)
		s->count.malicious++;
	else if (v->verdict == VERDICT_SUSPICIOUS)
		s->count.suspicious++;
	else if (hit)
		s->count.unscanned++;
	if (hit || (s->json && !s->hits)) {
		progress_clear(s->progress);
		if (s->json)
			print_json(path, v);
		else
			print_text(path, v);
		s->broken_pipe |= ferror(stdout) != 0;
	}
	if (tag != NO_TAG)
		ahead_done(s, tag);
}

static void
on_error(struct scan *s, const struct walk_entry *ent)
{
	const struct m_verdict v = {.verdict = VERDICT_UNSCANNED,
				    .type = "",
				    .sha256 = "",
				    .reason = ent->reason,
				    .findings = ""};

	on_verdict(s, NO_TAG, ent->path, &v);
}

static bool
over(const struct scan *s)
{
	return s->broken_pipe || stop_asked != 0;
}

static void
hand_on(struct scan *s)
{
	if (mono_diff_us(clock_mono(), s->told) < TELL_US)
		return;
	s->told = clock_mono();
	s->broken_pipe |= fflush(stdout) != 0;
}

static void
run(struct scan *s, struct pool *p)
{
	struct walk_entry ent = {.kind = WALK_FILE};

	while (ent.kind != WALK_END && !pool_dead(p) && !over(s)) {
		while (pool_room(p) && ahead_room(s) && !over(s)) {
			walk_next(&s->walk, &ent);
			if (ent.kind == WALK_FILE)
				pool_give(p, ent.path, ent.fd, &ent.st, ent.dir_uid,
					  ahead_add(s, ent.path));
			else if (ent.kind == WALK_ERROR)
				on_error(s, &ent);
			else
				break;
		}
		(void)pool_wait(p, 200);
		progress_show(s->progress, &s->count);
		hand_on(s);
		save(s, false);
	}
	s->stopped = stop_asked && ent.kind != WALK_END;
	while (!s->broken_pipe && pool_wait(p, 200))
		progress_show(s->progress, &s->count);
	if (pool_dead(p))
		s->count.unscanned++; /* and what was not walked to */
	if (s->stopped || pool_dead(p) || s->broken_pipe)
		save(s, true);
	else if (s->state_path != NULL)
		(void)unlink(s->state_path); /* it came to its end */
}

static int
read_options(struct scan *s, int argc, char **argv)
{
	static const struct option opts[] = {{"json", no_argument, NULL, 'j'},
					     {"hits", no_argument, NULL, 'h'},
					     {"rules", required_argument, NULL, 'r'},
					     {"jobs", required_argument, NULL, 'n'},
					     {"conf", required_argument, NULL, 'c'},
					     {"resume", required_argument, NULL, 's'},
					     {NULL, 0, NULL, 0}};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (c == 'j')
			s->json = true;
		else if (c == 'h')
			s->hits = true;
		else if (c == 'c')
			s->conf_path = optarg;
		else if (c == 's')
			s->state_path = optarg;
		else if (c == 'r' && s->rules_count < RULES_MAX)
			s->rules[s->rules_count++] = optarg;
		else if (c == 'n' && text_to_i64(optarg, 1, POOL_WORKERS_MAX, &s->jobs))
			continue;
		else if (c == 'n') {
			fprintf(stderr, "mailbrake scan: --jobs %s: not 1..%d workers\n",
				optarg, POOL_WORKERS_MAX);
			return EX_USAGE;
		} else
			return usage();
	}
	return optind < argc ? 0 : usage();
}

/* Settings that cannot be read must not stop someone who only wants to look. */
static int
settings(struct scan *s)
{
	char path[4096];
	struct err e;

	conf_defaults(&s->conf);
	if (s->conf_path != NULL) {
		if (conf_load(&s->conf, s->conf_path, &e) != 0) {
			fprintf(stderr, "mailbrake scan: %s\n", e.text);
			return EX_CONFIG;
		}
	} else if (paths_conf(path, sizeof path, NULL, NULL, &e) == 0 &&
		   access(path, R_OK) == 0 && conf_load(&s->conf, path, &e) != 0) {
		fprintf(stderr, "mailbrake scan: %s; the defaults are used\n", e.text);
		conf_defaults(&s->conf);
	}
	if (s->rules_count > 0)
		return 0;
	if (paths_rules(s->rules_buf, sizeof s->rules_buf, &s->conf, &e) != 0) {
		fprintf(stderr, "mailbrake scan: %s\n", e.text);
		return EX_UNAVAILABLE;
	}
	s->rules[s->rules_count++] = s->rules_buf;
	if (access(s->conf.rules_local_dir, R_OK) == 0)
		s->rules[s->rules_count++] = s->conf.rules_local_dir;
	return 0;
}

static int
finish(struct scan *s)
{
	const struct scan_count *c = &s->count;

	/* what was not written was not told: never "nothing found" */
	if (fflush(stdout) != 0 || ferror(stdout))
		return 2;
	if (s->stopped)
		fprintf(stderr, "mailbrake scan: stopped after %llu files; %s\n",
			(unsigned long long)c->files,
			s->state_path != NULL ? "the same command goes on from there"
					      : "with --resume FILE it could go on");
	if (!s->json) {
		char bytes[32];

		printf("%llu files, %s: %llu malicious, %llu suspicious, %llu not looked "
		       "at\n",
		       (unsigned long long)c->files,
		       text_bytes(bytes, sizeof bytes, c->bytes),
		       (unsigned long long)c->malicious,
		       (unsigned long long)c->suspicious,
		       (unsigned long long)c->unscanned);
	}
	if (c->malicious + c->suspicious > 0)
		return 1;
	return c->unscanned > 0 || s->stopped ? 2 : 0;
}

int
scan_main(int argc, char **argv)
{
	static struct scan s;
	static char out_buf[1 << 16];
	struct pool_conf pc = {.conf = &s.conf, .rules = s.rules};
	struct pool *p;
	struct err e;
	int rc;

	if ((rc = read_options(&s, argc, argv)) != 0 || (rc = settings(&s)) != 0)
		return rc;
	(void)signal(SIGPIPE, SIG_IGN);
	if (isatty(STDOUT_FILENO) == 0)
		(void)setvbuf(stdout, out_buf, _IOFBF, sizeof out_buf);
	if (s.jobs == 0) {
		long cpus = sysconf(_SC_NPROCESSORS_ONLN);

		s.jobs = cpus < 1 ? 1 : cpus > 16 ? 16 : cpus;
	}
	pc.workers = (int)s.jobs;
	pc.rules_count = s.rules_count;
	if (pool_new(&p, &pc, on_verdict, &s, &e) != 0) {
		fprintf(stderr, "mailbrake scan: %s\n", e.text);
		return EX_UNAVAILABLE;
	}
	if (pool_problem(p)[0] != '\0') {
		fprintf(stderr, "mailbrake scan: rules left out: %s\n", pool_problem(p));
		s.count.unscanned++;
	}
	walk_init(&s.walk, argv + optind, false);
	if ((rc = take_up(&s, p, argv + optind)) == 0) {
		heed_signals();
		progress_start(&s.progress, argv + optind, s.count.files);
		run(&s, p);
	}
	walk_fini(&s.walk);
	progress_stop(&s.progress);
	pool_free(&p);
	return rc != 0 ? rc : finish(&s);
}
