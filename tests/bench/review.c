/*
 * review - how long one decision takes
 *
 * Job:     fill N accounts with S scripts each, then time engine_submission (facts,
 *          policy, state, counters) one by one; print p50, p99, max and memory as one
 *          line of JSON.
 * Touches: the clock, standard output. usage: review ACCOUNTS SCRIPTS [SUBMISSIONS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "account.h"
#include "text.h"

static int
by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static uint32_t
one(struct engine *e, uint32_t uid, unsigned script, uint64_t n)
{
	char name[64];
	struct timespec a, b;
	struct answer out;
	struct submission s = {.t = wall_from_s((int64_t)(1767225600 + n / 200)),
			       .uid = uid,
			       .user = "u",
			       .script = name,
			       .script_age_s = 90 * 86400,
			       .rcpts = 1,
			       .subject_hash = n,
			       .body_hash = n,
			       .rcpt_hashes = &n, /* each somebody new */
			       .rcpt_hash_count = 1,
			       .own = (int)(n % 2)};

	snprintf(name, sizeof(name), "/home/u%u/public_html/s%u.php", uid, script);
	clock_gettime(CLOCK_MONOTONIC, &a);
	engine_submission(e, &s, &out);
	clock_gettime(CLOCK_MONOTONIC, &b);
	return (uint32_t)((b.tv_sec - a.tv_sec) * 1000000000 + (b.tv_nsec - a.tv_nsec));
}

int
main(int argc, char **argv)
{
	int64_t accounts = 5000, scripts = 200, count = 1000000;
	struct engine_conf c;
	struct engine *e;
	struct engine_stats st;
	uint32_t *ns;
	uint64_t n = 0, r = 88172645463325252ULL;

	if ((argc > 1 && !text_to_i64(argv[1], 1, 1000000, &accounts)) ||
	    (argc > 2 && !text_to_i64(argv[2], 1, 10000, &scripts)) ||
	    (argc > 3 && !text_to_i64(argv[3], 100, 100000000, &count)))
		return 64;
	engine_conf_defaults(&c);
	c.accounts_max = accounts;
	e = engine_new(&c, NULL, NULL);
	ns = calloc((size_t)count, sizeof(*ns));
	if (ns == NULL)
		return 71;
	for (int64_t a = 0; a < accounts; a++)
		for (int64_t i = 0; i < scripts; i++)
			one(e, (uint32_t)a + 1000, (unsigned)i, ++n);
	for (int64_t i = 0; i < count; i++) {
		r ^= r << 13, r ^= r >> 7, r ^= r << 17;
		ns[i] = one(e, (uint32_t)(r % (uint64_t)accounts) + 1000,
			    (unsigned)(r / 1000003 % (uint64_t)scripts), ++n);
	}
	engine_stats(e, &st);
	qsort(ns, (size_t)count, sizeof(*ns), by_value);
	printf(
	    "{\"accounts\":%d,\"scripts\":%d,\"p50_ns\":%u,\"p99_ns\":%u,\"max_ns\":%u,"
	    "\"held\":%u,\"memory_mb\":%u}\n",
	    (int)accounts, (int)scripts, ns[count / 2], ns[count * 99 / 100],
	    ns[count - 1], (unsigned)st.held, (unsigned)(st.bytes >> 20));
	free(ns);
	engine_free(&e);
	return 0;
}
