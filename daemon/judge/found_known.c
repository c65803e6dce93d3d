/*
 * found_known - see found_known.h
 *
 * Job:     see found_known.h.
 * Touches: the store, the kernel's random numbers.
 */
#include "found_known.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <nettle/sha2.h>

#include "clock.h"
#include "log.h"
#include "msg.h"

#define KEY_NAME "found_key"
#define KEY_BYTES 16

/* Of the store and database it was read from; another one has another. */
static struct {
	const struct store *of;
	unsigned generation;
	unsigned char key[KEY_BYTES];
} kept;

static void
new_key(struct store *s)
{
	struct err e;

	/* never seen to fail; then no digest of before fits, and that is what is wanted
	 */
	if (getrandom(kept.key, KEY_BYTES, 0) != KEY_BYTES)
		for (size_t i = 0; i < KEY_BYTES; i++)
			kept.key[i] ^= (unsigned char)(clock_mono().us >> i);
	if (store_kv_put(s, KEY_NAME, kept.key, KEY_BYTES, &e) != 0)
		log_warn_rate("found", 60, "found_key error=\"%s\"", e.text);
}

static const unsigned char *
key(struct store *s)
{
	struct store_status st;
	struct err e;
	size_t len = 0;

	store_status(s, &st);
	if (kept.of == s && kept.generation == st.generation)
		return kept.key;
	if (store_kv_get(s, KEY_NAME, kept.key, KEY_BYTES, &len, &e) != 1 ||
	    len != KEY_BYTES)
		new_key(s);
	kept.of = s;
	kept.generation = st.generation;
	return kept.key;
}

void
found_forget(struct store *s)
{
	struct store_status st;

	store_status(s, &st);
	new_key(s);
	kept.of = s;
	kept.generation = st.generation;
}

bool
found_known(struct store *s, uint64_t rules, uint64_t dev, uint64_t ino, uint64_t size,
	    int64_t ctime_us)
{
	struct store_file have;
	struct err e;

	return store_file_get(s, dev, ino, &have, &e) == 1 && have.size == size &&
	       have.ctime_us == ctime_us && have.rules == rules &&
	       have.verdict != VERDICT_UNSCANNED;
}

static void
digest_of(struct store *s, uint64_t rules, const unsigned char *files, size_t len,
	  unsigned char *digest)
{
	struct sha256_ctx c;

	sha256_init(&c);
	sha256_update(&c, KEY_BYTES, key(s));
	sha256_update(&c, sizeof rules, (const uint8_t *)&rules);
	sha256_update(&c, len, files);
	sha256_digest(&c, STORE_DIGEST, digest);
}

/* Begin the directory at j->at; one that is as it was is done with. -1: damaged. */
static int
begin_section(struct found_job *j, struct store *s, uint64_t rules, struct err *e)
{
	unsigned char have[STORE_DIGEST];
	struct found_dir d;
	struct err why;

	if (j->len - j->at < sizeof d)
		return err_set(e, ERR_INPUT, "FOUND ends in a directory");
	memcpy(&d, j->files + j->at, sizeof d);
	if (d.count == 0 || d.count > FOUND_FILES_MAX - j->count ||
	    (j->len - j->at - sizeof d) / sizeof(struct found_file) < d.count)
		return err_set(e, ERR_INPUT, "FOUND ends in a directory's files");
	j->section = j->at;
	j->at += sizeof d;
	digest_of(s, rules, j->files + j->at, d.count * sizeof(struct found_file),
		  j->digest);
	if (store_found_get(s, d.dev, d.ino, d.part, have, &why) == 1 &&
	    memcmp(have, j->digest, sizeof have) == 0) {
		j->at += d.count * sizeof(struct found_file);
		j->count += d.count;
		return 0;
	}
	j->left = d.count;
	j->in_section = j->all_known = true;
	return 0;
}

static void
one_file(struct found_job *j, struct store *s, uint64_t rules)
{
	struct found_file f;
	struct found_dir d;

	memcpy(&d, j->files + j->section, sizeof d);
	memcpy(&f, j->files + j->at, sizeof f);
	j->at += sizeof f;
	if (!found_known(s, rules, d.dev, f.ino, f.size, f.ctime_us)) {
		j->bits[j->count / 8] |= (unsigned char)(1u << j->count % 8);
		j->wanted++;
		j->all_known = false;
	}
	j->count++;
	if (--j->left > 0)
		return;
	j->in_section = false;
	/* when it cannot be kept the next walk asks for each file again */
	if (j->all_known)
		(void)store_found_put(s, d.dev, d.ino, d.part, j->digest, NULL);
}

int
found_check(struct found_job *j, struct store *s, uint64_t rules, int64_t max_us,
	    struct err *e)
{
	const mono_t begin = clock_mono();
	unsigned n = 0;

	while (j->at < j->len) {
		if (j->in_section)
			one_file(j, s, rules);
		else if (begin_section(j, s, rules, e) != 0)
			return -1;
		if (++n % 16 == 0 && mono_diff_us(clock_mono(), begin) >= max_us)
			return j->at < j->len ? 0 : 1;
	}
	return 1;
}
