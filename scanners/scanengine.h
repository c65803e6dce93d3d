/*
 * scanengine - one file's bytes in, findings and a verdict out
 *
 * Job:     gate, prefilter, libyara, score; everything a worker does with a
 *          buffer, without a system call.
 * Touches: libyara, libmagic, Hyperscan, libcrypto.
 */
#ifndef MAILBRAKE_SCANENGINE_H
#define MAILBRAKE_SCANENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "msg.h"
#include "rules.h"

#define ENGINE_FINDINGS_MAX 64 /* further ones are counted in the score only */

struct scanengine;
struct engine_result;

/* Told after each part of a scan what is found so far. */
typedef void (*engine_progress_fn)(void *arg, const struct engine_result *r);

struct engine_conf {
	int suspicious_points, malicious_points;
	bool prefilter;         /* false: libyara looks at everything (for tests) */
	bool thorough;          /* look on when it is malicious already (for tests) */
	bool unwrap;            /* look through PHP's disguises (for tests: false) */
	const char *magic_file; /* the small database as text, or NULL */
	engine_progress_fn progress; /* or NULL */
	void *progress_arg;
};

/* What is known of the file beside its bytes; from SCAN, so partly a tenant's choice. */
struct engine_file {
	const char *path;
	int64_t mtime_us, ctime_us, now_us;
	uint32_t mode;
	int64_t uid, dir_uid; /* owner of it, and of its directory; -1: not known */
	const char
	    *good_rules; /* a list (msg.h): what these find is told, with no points */
	size_t good_rules_len;
};

struct engine_result {
	enum verdict verdict;
	int score;
	const char *type; /* static or the engine's, until the next scan */
	char sha256[65];
	char reason[200];
	char findings[16384]; /* triples: rule, group, points */
	size_t findings_len;
	unsigned findings_count;
};

/* Tell progress to fn from now on. */
void scanengine_on_progress(struct scanengine *en, engine_progress_fn fn, void *arg);

/* Build what all workers share; before the sandbox and the forks. rules is borrowed. */
int scanengine_new(struct scanengine **out, const struct rules *rules,
		   const struct engine_conf *c, struct err *e);
void scanengine_free(struct scanengine **en);

/* From now on with the prefilter or without. */
void scanengine_prefilter(struct scanengine *en, bool on);

/*
 * Look at len bytes. Always fills *r; VERDICT_UNSCANNED with a reason when it could not
 * be done (memory, libyara's own limits): then the findings are what was seen so far.
 */
void scanengine_scan(struct scanengine *en, const void *data, size_t len,
		     const struct engine_file *f, struct engine_result *r);

#endif
