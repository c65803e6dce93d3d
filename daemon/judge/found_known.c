/*
 * found_known - see found_known.h
 *
 * Job:     see found_known.h.
 * Touches: the store, the kernel's random numbers.
 */
#include "found_known.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <nettle/umac.h>

#include "clock.h"
#include "log.h"
#include "msg.h"
#include "xmem.h"

#define KEY_NAME "found_key"
#define KEY_BYTES UMAC_KEY_SIZE

/* Of the store and database it was read from; another one has another. */
static struct {
	const struct store *of;
	unsigned generation;
	unsigned char key[KEY_BYTES];
	struct umac128_ctx mac; /* with that key */
} kept;

static bool forget_due; /* all digests, when FOUND_FORGET_S are over */
static mono_t forgot;   /* .us 0: not yet */
static uint64_t taken_back;

static void
new_key(struct store *s)
{
	struct err e;

	forget_due = false;
	taken_back++;
	/* never seen to fail; then no digest of before fits, and that is what is wanted
	 */
	if (getrandom(kept.key, KEY_BYTES, 0) != KEY_BYTES)
		for (size_t i = 0; i < KEY_BYTES; i++)
			kept.key[i] ^= (unsigned char)(clock_mono().us >> i);
	umac128_set_key(&kept.mac, kept.key);
	if (store_kv_put(s, KEY_NAME, kept.key, KEY_BYTES, &e) != 0)
		log_warn_rate("found", 60, "found_key error=\"%s\"", e.text);
}

/* Have the key of this store. */
static void
key(struct store *s)
{
	struct store_status st;
	struct err e;
	size_t len = 0;

	store_status(s, &st);
	if (kept.of == s && kept.generation == st.generation) {
		if (forget_due &&
		    mono_diff_us(clock_mono(), forgot) >= FOUND_FORGET_S * 1000000LL) {
			forgot = clock_mono();
			new_key(s);
		}
		return;
	}
	if (store_kv_get(s, KEY_NAME, kept.key, KEY_BYTES, &len, &e) != 1 ||
	    len != KEY_BYTES)
		new_key(s);
	else
		umac128_set_key(&kept.mac, kept.key);
	kept.of = s;
	kept.generation = st.generation;
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

/* Whose files they are may choose them, and never sees a digest or the key: one that fits
 * two directories is found by chance only. Always the same nonce, for the digests are to
 * be equal where the files are. */
static void
digest_of(struct store *s, uint64_t rules, const unsigned char *files, size_t len,
	  unsigned char *digest)
{
	static const uint8_t nonce[UMAC_MAX_NONCE_SIZE];

	key(s);
	umac128_set_nonce(&kept.mac, sizeof nonce, nonce);
	umac128_update(&kept.mac, sizeof rules, (const uint8_t *)&rules);
	umac128_update(&kept.mac, len, files);
	umac128_digest(&kept.mac, STORE_DIGEST, digest);
}

/* Begin the directory at j->at; one that is as it was is done with. -1: damaged. */
static int
begin_section(struct found_job *j, struct store *s, uint64_t rules, struct err *e)
{
	unsigned char have[STORE_DIGEST];
	struct found_dir d;
	struct err why;

	j->owed = NULL;
	j->taken_back = taken_back;

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

/* --- files that are owed --- */

/* A directory (or a part) some files of which were wanted. */
struct found_section {
	struct found_section *prev, *next; /* by age, in a ring with `sections` */
	mono_t since;
	uint64_t dev, ino, rules;
	uint32_t part;
	bool open;    /* its files are still being listed */
	bool spoiled; /* one has no verdict by these rules, or is another by now */
	unsigned char digest[STORE_DIGEST];
	struct owed *files;
};

struct owed {
	struct owed *hash_next, *next; /* of the section */
	struct found_section *of;
	uint64_t ino, size;
	int64_t ctime_us;
};

static struct found_section sections = {.prev = &sections, .next = &sections};
static struct owed *by_ino[4096];
static size_t owed_count;

static struct owed **
slot_of(uint64_t dev, uint64_t ino)
{
	return &by_ino[(ino ^ ino >> 12 ^ dev) % (sizeof by_ino / sizeof by_ino[0])];
}

static void
owed_free(struct owed *o)
{
	struct owed **at = slot_of(o->of->dev, o->ino);

	while (*at != o)
		at = &(*at)->hash_next;
	*at = o->hash_next;
	for (at = &o->of->files; *at != o; at = &(*at)->next)
		;
	*at = o->next;
	owed_count--;
	free(o);
}

static void
section_drop(struct found_section *s)
{
	while (s->files != NULL)
		owed_free(s->files);
	s->prev->next = s->next;
	s->next->prev = s->prev;
	free(s);
}

/* Remember that this file is wanted; without room the directory is not remembered. */
static void
owe(struct found_job *j, const struct found_dir *d, const struct found_file *f)
{
	const mono_t now = clock_mono();
	struct owed *o, **slot;

	while (owed_count == FOUND_OWED && sections.next != &sections &&
	       !sections.next->open &&
	       mono_diff_us(now, sections.next->since) > FOUND_OWED_S * 1000000LL)
		section_drop(sections.next);
	if (j->all_known && owed_count < FOUND_OWED) { /* the first of its directory */
		j->owed = xcalloc(1, sizeof *j->owed);
		j->owed->since = now;
		j->owed->open = true;
		j->owed->dev = d->dev;
		j->owed->ino = d->ino;
		j->owed->part = d->part;
		j->owed->rules = j->rules;
		memcpy(j->owed->digest, j->digest, STORE_DIGEST);
		j->owed->prev = sections.prev;
		j->owed->next = &sections;
		sections.prev = j->owed->prev->next = j->owed;
	}
	if (j->owed == NULL)
		return;
	if (owed_count == FOUND_OWED) {
		j->owed->spoiled = true;
		return;
	}
	o = xcalloc(1, sizeof *o);
	slot = slot_of(d->dev, f->ino);
	o->of = j->owed;
	o->ino = f->ino;
	o->size = f->size;
	o->ctime_us = f->ctime_us;
	o->hash_next = *slot;
	*slot = o;
	o->next = o->of->files;
	o->of->files = o;
	owed_count++;
}

/* Is nothing owed of it any more? When its digest cannot be kept the next walk asks for
 * each file again. */
static void
settle(struct store *s, struct found_section *of)
{
	if (of->open || (of->files != NULL && !of->spoiled))
		return;
	if (!of->spoiled)
		(void)store_found_put(s, of->dev, of->ino, of->part, of->digest, NULL);
	section_drop(of);
}

void
found_kept(struct store *s, uint64_t rules, uint64_t dev, uint64_t ino, uint64_t size,
	   int64_t ctime_us, bool holds)
{
	struct owed *o = *slot_of(dev, ino);

	while (o != NULL) {
		struct found_section *of = o->of;

		if (o->ino != ino || of->dev != dev) {
			o = o->hash_next;
			continue;
		}
		of->spoiled |= !holds || of->rules != rules || o->size != size ||
			       o->ctime_us != ctime_us;
		owed_free(o);
		settle(s, of);
		o = *slot_of(dev, ino); /* more than one may be gone */
	}
}

void
found_owed_drop(void)
{
	while (sections.next != &sections)
		section_drop(sections.next);
}

/* A link to it in another directory: that one's digest still says that it is known. */
static void
forget_all_sometimes(struct store *s)
{
	const mono_t now = clock_mono();
	struct err e;

	if (forgot.us == 0 || mono_diff_us(now, forgot) >= FOUND_FORGET_S * 1000000LL) {
		forgot = now;
		found_forget(s);
		return;
	}
	if (forget_due)
		return;
	key(s); /* it stays in force until then, and no next start knows it */
	forget_due = true;
	if (store_kv_put(s, KEY_NAME, "", 1, &e) != 0)
		log_warn_rate("found", 60, "found_key error=\"%s\"", e.text);
}

void
found_forget_in(struct store *s, uint64_t dev, uint64_t dir_ino, uint64_t nlink)
{
	struct found_section *of;
	struct err e;

	if (nlink > 1 || dir_ino == 0)
		forget_all_sometimes(s);
	if (dir_ino == 0)
		return;
	taken_back++; /* one whose files are being listed may have seen the old verdict */
	for (of = sections.next; of != &sections; of = of->next)
		of->spoiled |= of->dev == dev && of->ino == dir_ino;
	if (store_found_drop(s, dev, dir_ino, &e) != 0) {
		log_warn_rate("found", 60, "found_drop error=\"%s\"", e.text);
		found_forget(s);
	}
}

size_t
found_owed(void)
{
	return owed_count;
}

/* --- an answer --- */

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
		owe(j, &d, &f);
		j->all_known = false;
	}
	j->count++;
	if (--j->left > 0)
		return;
	j->in_section = false;
	if (j->owed != NULL) {
		j->owed->open = false;
		j->owed->spoiled |= j->taken_back != taken_back;
		settle(s, j->owed);
	}
	if (j->all_known && j->taken_back == taken_back)
		(void)store_found_put(s, d.dev, d.ino, d.part, j->digest, NULL);
}

/* Other rules came into force in the middle of it. */
static void
begin_anew(struct found_job *j, struct store *s, uint64_t rules)
{
	if (j->in_section && j->owed != NULL) {
		j->owed->spoiled = true;
		j->owed->open = false;
		settle(s, j->owed);
	}
	*j = (struct found_job){.files = j->files, .len = j->len, .rules = rules};
}

int
found_check(struct found_job *j, struct store *s, uint64_t rules, int64_t max_us,
	    struct err *e)
{
	const mono_t begin = clock_mono();
	unsigned n = 0;

	if (j->rules != rules)
		begin_anew(j, s, rules);
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
