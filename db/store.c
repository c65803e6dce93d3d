/*
 * store - the transaction and the rows that wait for it
 *
 * Job:     see store.h. The queue holds a copy of every row that is not
 *          committed yet; its first `applied` rows are inside the open
 *          transaction. A commit frees them; a refusal rolls back and all
 *          of them are applied again later.
 * Touches: the database file, by store_file.
 */
#include "store_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "text.h"
#include "xmem.h"

#define PRUNE_ROWS "5000" /* clean files taken out a minute, over the bound */
#define PRUNE_DIRS "1000"
#define RETRY_ROWS 1000 /* rows of one commit when the queue is worked off */

static const struct {
	const char *name, *sql;
	bool durable, clean;
} writes[] = {
#define W(NAME, durable, clean, sql) {#NAME, sql, durable, clean},
    STORE_WRITES(W)
#undef W
};

int
store_open(struct store **out, const char *dir, struct err *e)
{
	struct store *s = xcalloc(1, sizeof *s);
	struct err why;

	*out = NULL;
	s->last = &s->first;
	s->st.generation = 1;
	if (snprintf(s->path, sizeof s->path, "%s/" STORE_FILE, dir) >=
	    (int)sizeof s->path) {
		free(s);
		return err_set(e, ERR_INPUT, "%s: path too long", dir);
	}
	if (store_file_open(s, &why) != 0) {
		if (why.code == ERR_STORE || access(dir, X_OK) != 0) {
			free(s);
			if (e != NULL)
				*e = why;
			return -1;
		}
		store_file_open_read_only(s);
		s->st.state = STORE_RETRYING;
		s->retry_at = mono_after_ms(clock_mono(), STORE_RETRY_MS);
		log_warn("store-unwritable %s: rows wait in memory%s", why.text,
			 s->db == NULL ? ", history is not known" : "");
	}
	*out = s;
	return 0;
}

/* --- the transaction --- */

static void
pop(struct store *s, size_t n)
{
	while (n-- > 0 && s->first != NULL) {
		struct op *o = s->first;

		s->first = o->next;
		if (s->first == NULL)
			s->last = &s->first;
		s->st.waiting--;
		s->st.waiting_bytes -= o->bytes;
		free(o);
	}
}

/* The transaction did not work: keep its rows, try again later; damage: a new file. */
static int
refused(struct store *s, int rc, const char *what, struct err *e)
{
	struct err why;

	store_said(s, &why, rc, what);
	if (s->db != NULL && !sqlite3_get_autocommit(s->db))
		(void)store_run(s, "ROLLBACK");
	s->in_txn = false;
	s->applied = 0;
	if (store_is_damage(rc)) {
		/* the copies of what was not committed go into the new one */
		if (store_file_set_aside(s, &why) == 0)
			(void)store_file_open(s, &why);
	}
	if (s->st.state != STORE_RETRYING)
		log_warn("store-retrying rows=%llu: %s",
			 (unsigned long long)s->st.waiting, why.text);
	else
		log_warn_rate("store-retrying", 60, "store-retrying rows=%llu: %s",
			      (unsigned long long)s->st.waiting, why.text);
	s->st.state = STORE_RETRYING;
	s->retry_at =
	    mono_after_ms(clock_mono(), store_is_damage(rc) ? 0 : STORE_RETRY_MS);
	if (e != NULL)
		*e = why;
	return -1;
}

static int
begin(struct store *s, bool full)
{
	int rc;

	if (s->db == NULL || s->read_only)
		return SQLITE_READONLY;
	/* cannot be changed inside a transaction */
	rc = store_run(s, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
	if (rc == SQLITE_OK)
		rc = store_run(s, "BEGIN IMMEDIATE");
	if (rc == SQLITE_OK) {
		s->in_txn = true;
		s->txn_full = full;
		s->txn_began = clock_mono();
		s->applied = 0;
	}
	return rc;
}

static int
commit(struct store *s, struct err *e)
{
	mono_t t0 = clock_mono();
	int64_t us;
	int rc;

	if (!s->in_txn)
		return 0;
	rc = store_run(s, "COMMIT");
	if (rc != SQLITE_OK)
		return refused(s, rc, "commit", e);
	us = mono_diff_us(clock_mono(), t0);
	if (us > s->st.commit_us_max)
		s->st.commit_us_max = us;
	s->in_txn = false;
	s->unsynced = !s->txn_full;
	s->st.rows += s->applied;
	s->st.commits++;
	pop(s, s->applied);
	s->applied = 0;
	return 0;
}

static int
bind_all(sqlite3_stmt *q, const struct op *o)
{
	int i, rc = SQLITE_OK;

	for (i = 0; i < o->count && rc == SQLITE_OK; i++) {
		const struct row_value *v = &o->v[i];

		if (v->type == SQLITE_INTEGER)
			rc = sqlite3_bind_int64(q, i + 1, v->num);
		else if (v->type == SQLITE_TEXT)
			rc = sqlite3_bind_text64(q, i + 1, v->p, v->len, SQLITE_STATIC,
						 SQLITE_UTF8);
		else if (v->type == SQLITE_BLOB)
			rc = sqlite3_bind_blob64(q, i + 1, v->p, v->len, SQLITE_STATIC);
		else
			rc = sqlite3_bind_null(q, i + 1);
	}
	return rc;
}

/* Apply one row in the open transaction. SQLITE_OK also for a row that SQLite will never
 * take: it is counted as lost and said, and does not stop the others. */
static int
apply(struct store *s, const struct op *o)
{
	sqlite3_stmt *q = s->write[o->what];
	int rc = SQLITE_OK;

	if (q == NULL) {
		rc = sqlite3_prepare_v3(s->db, writes[o->what].sql, -1,
					SQLITE_PREPARE_PERSISTENT, &s->write[o->what],
					NULL);
		q = s->write[o->what];
	}
	if (rc == SQLITE_OK)
		rc = bind_all(q, o);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	(void)sqlite3_reset(q);
	(void)sqlite3_clear_bindings(q);
	if (rc == SQLITE_DONE)
		return SQLITE_OK;
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
	case SQLITE_ERROR:
	case SQLITE_RANGE:
		s->st.lost++;
		log_warn("store-row-refused table=%s: %s", writes[o->what].name,
			 sqlite3_errmsg(s->db));
		return sqlite3_get_autocommit(s->db) ? rc : SQLITE_OK;
	default:
		return rc;
	}
}

/* Work off the queue after a refusal, a bounded number of rows a call. */
static int
retry(struct store *s, struct err *e)
{
	struct op *o;
	int rc;

	if ((s->db == NULL || s->read_only)) {
		struct err why;

		store_file_close(s);
		if (store_file_open(s, &why) != 0) {
			store_file_open_read_only(s);
			s->retry_at = mono_after_ms(clock_mono(), STORE_RETRY_MS);
			if (e != NULL)
				*e = why;
			return -1;
		}
	}
	/* begin the log anew where it can be: that needs no room */
	(void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL,
					NULL);
	rc = begin(s, true);
	for (o = s->first; rc == SQLITE_OK && o != NULL && s->applied < RETRY_ROWS;
	     o = o->next) {
		rc = apply(s, o);
		s->applied += rc == SQLITE_OK;
	}
	if (rc != SQLITE_OK)
		return refused(s, rc, "retry", e);
	if (commit(s, e) != 0)
		return -1;
	if (s->first == NULL) {
		s->st.state = STORE_OK;
		s->st.problem[0] = '\0';
		store_file_reserve(s);
		log_info("store-recovered rows=%llu", (unsigned long long)s->st.rows);
	}
	return 0;
}

int
store_due_ms(const struct store *s, mono_t now)
{
	int64_t us;

	if (s->st.state == STORE_RETRYING)
		us = mono_diff_us(s->retry_at, now);
	else if (s->in_txn)
		us = mono_diff_us(mono_after_ms(s->txn_began, STORE_GROUP_MS), now);
	else
		return -1;
	return us <= 0 ? 0 : (int)((us + 999) / 1000);
}

int
store_flush(struct store *s, mono_t now, struct err *e)
{
	if (s->st.state == STORE_RETRYING) {
		if (store_due_ms(s, now) > 0)
			return err_set(e, ERR_STORE, "%s: %s", s->path, s->st.problem);
		return retry(s, e);
	}
	if (s->applied >= STORE_GROUP_ROWS || store_due_ms(s, now) == 0)
		return commit(s, e);
	return 0;
}

int
store_sync(struct store *s, struct err *e)
{
	/* an empty commit writes and syncs nothing, so a mark goes with it */
	static const struct row mark = {
	    .what = WRITE_KV_PUT,
	    .count = 2,
	    .v = {{SQLITE_TEXT, 0, "sync", 4}, {SQLITE_BLOB, 0, "", 0}}};

	while (s->st.state == STORE_RETRYING && s->first != NULL)
		if (retry(s, e) != 0)
			return -1;
	if (s->in_txn && s->txn_full)
		return commit(s, e);
	if (commit(s, e) != 0)
		return -1;
	if (!s->unsynced)
		return 0;
	int rc = begin(s, true);
	if (rc != SQLITE_OK)
		return refused(s, rc, "sync", e);
	if (store_put(s, &mark, e) != 0)
		return -1;
	if (s->st.state == STORE_RETRYING)
		return err_set(e, ERR_STORE, "%s: %s", s->path, s->st.problem);
	return commit(s, e);
}

void
store_files_bound(struct store *s, uint64_t bytes)
{
	s->files_bound = bytes;
}

static bool
ask_number(struct store *s, const char *sql, int64_t *out)
{
	char text[32];

	return store_ask(s, sql, text, sizeof text) == SQLITE_OK &&
	       text_to_i64(text, 0, INT64_MAX, out);
}

/* A stranger can make files and remove them for ever; some file systems never use an
 * inode's number again. */
static void
bound_files(struct store *s)
{
	int64_t pages, unused, bytes;
	uint64_t used;

	if (s->files_bound == 0 || !ask_number(s, "PRAGMA page_count", &pages) ||
	    !ask_number(s, "PRAGMA freelist_count", &unused) ||
	    !ask_number(s, "PRAGMA page_size", &bytes))
		return;
	used = (uint64_t)(pages - unused) * (uint64_t)bytes;
	if (used > s->files_bound && !s->st.files_full)
		log_warn("store-files-full bytes=%llu: clean files are not kept, and "
			 "looked at again",
			 (unsigned long long)used);
	s->st.files_full = used > s->files_bound;
	if (used <= s->files_bound - s->files_bound / 64)
		return;
	(void)store_run(s, "DELETE FROM file WHERE (dev,ino) IN "
			   "(SELECT dev,ino FROM file WHERE verdict=0 LIMIT " PRUNE_ROWS
			   ")");
	(void)store_run(s, "DELETE FROM found WHERE (dev,ino,part) IN "
			   "(SELECT dev,ino,part FROM found LIMIT " PRUNE_DIRS ")");
}

int
store_check(struct store *s, struct err *e)
{
	char text[32];
	int rc;

	if (s->st.state == STORE_RETRYING || commit(s, e) != 0)
		return -1;
	(void)sqlite3_db_release_memory(s->db);
	rc = store_ask(s, "SELECT count(*) FROM sqlite_schema", text, sizeof text);
	if (rc == SQLITE_OK)
		rc = store_ask(s, "SELECT max(uid) FROM account", text, sizeof text);
	if (rc == SQLITE_OK) {
		bound_files(s);
		return 0;
	}
	return store_is_damage(rc) ? refused(s, rc, "check", e)
				   : store_said(s, e, rc, "check");
}

int
store_put(struct store *s, const struct row *r, struct err *e)
{
	bool full = writes[r->what].durable;
	size_t bytes = sizeof(struct op) + (size_t)r->count * sizeof(struct row_value),
	       at;
	struct op *o;
	int i, rc = SQLITE_OK;

	for (at = bytes, i = 0; i < r->count; i++)
		bytes += r->v[i].len;
	if (writes[r->what].clean && s->st.files_full) {
		s->st.lost_clean++;
		return err_set(e, ERR_AGAIN, "%s: files_known_bytes is reached", s->path);
	}
	if (writes[r->what].clean && (s->st.waiting >= STORE_QUEUE_ROWS / 2 ||
				      s->st.waiting_bytes >= STORE_QUEUE_BYTES / 2)) {
		s->st.lost_clean++;
		return err_set(e, ERR_AGAIN,
			       "%s: queue half full: clean files are left out", s->path);
	}
	if (s->st.waiting >= STORE_QUEUE_ROWS ||
	    s->st.waiting_bytes + bytes > STORE_QUEUE_BYTES) {
		s->st.lost++;
		log_warn_rate("store-full", 10,
			      "store-row-lost table=%s: %llu rows wait: %s",
			      writes[r->what].name, (unsigned long long)s->st.waiting,
			      s->st.problem);
		return err_set(e, ERR_AGAIN, "%s: %d rows wait already: %s", s->path,
			       STORE_QUEUE_ROWS, s->st.problem);
	}
	o = xcalloc(1, bytes);
	o->bytes = bytes;
	o->what = r->what;
	o->count = r->count;
	for (i = 0; i < r->count; i++) {
		o->v[i] = r->v[i];
		if (r->v[i].p == NULL)
			continue;
		if (r->v[i].len > 0)
			memcpy((char *)o + at, r->v[i].p, r->v[i].len);
		o->v[i].p = (char *)o + at;
		at += r->v[i].len;
	}
	*s->last = o;
	s->last = &o->next;
	s->st.waiting++;
	s->st.waiting_bytes += bytes;
	if (s->st.state == STORE_RETRYING)
		return 0;
	/* a durable row does not join a group that would not be fsynced */
	if (s->in_txn && full && !s->txn_full && commit(s, NULL) != 0)
		return 0;
	if (!s->in_txn)
		rc = begin(s, full);
	if (rc == SQLITE_OK)
		rc = apply(s, o);
	if (rc != SQLITE_OK)
		(void)refused(s, rc, "write", NULL);
	else
		s->applied++;
	return 0;
}

/* --- reading --- */

sqlite3_stmt *
store_read(struct store *s, const char *sql, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int rc;

	if (s->db == NULL) {
		err_set(e, ERR_STORE, "%s: not open: %s", s->path, s->st.problem);
		return NULL;
	}
	rc = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);
	if (rc != SQLITE_OK) {
		if (store_is_damage(rc))
			(void)refused(s, rc, "read", e);
		else
			store_said(s, e, rc, "read");
		return NULL;
	}
	return q;
}

int
store_read_next(struct store *s, sqlite3_stmt *q, struct err *e)
{
	int rc = sqlite3_step(q);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	if (store_is_damage(rc))
		return refused(s, rc, "read", e);
	return store_said(s, e, rc, "read");
}

void
store_read_end(sqlite3_stmt *q)
{
	(void)sqlite3_finalize(q);
}

sqlite3_stmt *
store_file_query(struct store *s, struct err *e)
{
	if (s->file_query == NULL)
		s->file_query = store_read(s,
					   "SELECT size,ctime,rules,verdict,score,uid "
					   "FROM file WHERE dev=? AND ino=?",
					   e);
	return s->file_query;
}

sqlite3_stmt *
store_found_query(struct store *s, struct err *e)
{
	if (s->found_query == NULL)
		s->found_query = store_read(s,
					    "SELECT digest FROM found WHERE dev=? AND "
					    "ino=? AND part=?",
					    e);
	return s->found_query;
}

void
store_status(const struct store *s, struct store_status *out)
{
	*out = s->st;
}

void
store_close(struct store **sp)
{
	struct store *s = *sp;

	if (s == NULL)
		return;
	if (s->st.state == STORE_RETRYING)
		while (s->first != NULL && retry(s, NULL) == 0)
			;
	else
		(void)commit(s, NULL);
	if (s->first != NULL)
		log_warn("store-rows-lost rows=%llu: closed while %s",
			 (unsigned long long)s->st.waiting, s->st.problem);
	pop(s, (size_t)s->st.waiting);
	store_file_close(s);
	free(s);
	*sp = NULL;
}
