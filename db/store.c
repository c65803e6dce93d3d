/*
 * store - the database file, its transaction and the rows that wait for it
 *
 * Job:     see store.h. The queue holds a copy of every row that is not
 *          committed yet; its first `applied` rows are inside the open
 *          transaction. A commit frees them; a refusal rolls back and all
 *          of them are applied again later.
 * Touches: the database file.
 */
#include "store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "schema.h" /* made from schema.sql and migrations/: schema_lines, migration_lines */
#include "text.h"
#include "xmem.h"

_Static_assert(STORE_VERSION == SCHEMA_VERSION, "db/migrations and STORE_VERSION differ");

#define APP_ID 0x4d42524b           /* "MBRK" */
#define WAL_RESERVE_BYTES (6 << 20) /* more than a checkpoint's 1000 pages of 4 kB */
#define DB_CHUNK_BYTES (1 << 20)
#define RETRY_ROWS 1000 /* rows of one commit when the queue is worked off */

struct op {
	struct op *next;
	size_t bytes;
	enum store_write what;
	int count;
	struct row_value v[]; /* p: into the same allocation */
};

struct store {
	char path[512];
	sqlite3 *db;    /* NULL: could not be opened, tried again */
	bool read_only; /* opened for reading only because the disk is full */
	sqlite3_stmt *write[WRITES];
	sqlite3_stmt *file_query;
	struct op *first, **last;
	size_t applied; /* rows of the queue inside the open transaction */
	bool in_txn, txn_full;
	bool unsynced; /* the last commit was not fsynced */
	mono_t txn_began, retry_at;
	struct store_status st;
};

static const struct {
	const char *name, *sql;
	bool durable, clean;
} writes[] = {
#define W(NAME, durable, clean, sql) {#NAME, sql, durable, clean},
    STORE_WRITES(W)
#undef W
};

/* --- the file
 * ---------------------------------------------------------------------------- */

static int
said(struct store *s, struct err *e, int rc, const char *what)
{
	const char *text = s->db != NULL ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
	int sys = s->db != NULL ? sqlite3_system_errno(s->db) : 0;

	(void)snprintf(s->st.problem, sizeof s->st.problem, "%s: %s%s%s", what, text,
		       sys != 0 ? ": " : "", sys != 0 ? strerror(sys) : "");
	return err_set(e, ERR_STORE, "%s: %s", s->path, s->st.problem);
}

static bool
is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

static void
close_db(struct store *s)
{
	size_t i;

	for (i = 0; i < WRITES; i++) {
		sqlite3_finalize(s->write[i]);
		s->write[i] = NULL;
	}
	sqlite3_finalize(s->file_query);
	s->file_query = NULL;
	/* _v2: a reader still walking when damage is found ends by itself */
	(void)sqlite3_close_v2(s->db);
	s->db = NULL;
	s->in_txn = false;
	s->applied = 0;
}

static int
run(struct store *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

/* First column of the first row as text; an error code of SQLite or SQLITE_OK. */
static int
ask(struct store *s, const char *sql, char *buf, size_t size)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);

	buf[0] = '\0';
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	if (rc == SQLITE_ROW) {
		const unsigned char *t = sqlite3_column_text(q, 0);

		(void)text_copy(buf, size, t == NULL ? "" : (const char *)t);
		rc = SQLITE_OK;
	} else if (rc == SQLITE_DONE) {
		rc = SQLITE_OK;
	}
	sqlite3_finalize(q);
	return rc;
}

static char *
join_lines(const char *const *lines)
{
	size_t len = 0, i, at = 0;
	char *sql;

	for (i = 0; lines[i] != NULL; i++)
		len += strlen(lines[i]) + 1;
	sql = xcalloc(1, len + 1);
	for (i = 0; lines[i] != NULL; i++) {
		memcpy(sql + at, lines[i], strlen(lines[i]));
		at += strlen(lines[i]);
		sql[at++] = '\n';
	}
	return sql;
}

/* Run one script and stamp the version, all or nothing. */
static int
run_script(struct store *s, const char *const *lines, int version)
{
	char stamp[96], *sql = join_lines(lines);
	int rc = run(s, "BEGIN IMMEDIATE");

	if (rc == SQLITE_OK)
		rc = run(s, sql);
	(void)snprintf(stamp, sizeof stamp,
		       "PRAGMA application_id=%d; PRAGMA user_version=%d", APP_ID,
		       version);
	if (rc == SQLITE_OK)
		rc = run(s, stamp);
	if (rc == SQLITE_OK)
		rc = run(s, "COMMIT");
	free(sql);
	if (rc != SQLITE_OK && !sqlite3_get_autocommit(s->db)) {
		said(s, NULL, rc, "cannot set up the tables");
		(void)run(s, "ROLLBACK");
	}
	return rc;
}

/* From `version` (0: empty) to STORE_VERSION. */
static int
bring_up(struct store *s, int version)
{
	int rc = SQLITE_OK;

	if (version == 0)
		return run_script(s, schema_lines, STORE_VERSION);
	for (; version < STORE_VERSION && rc == SQLITE_OK; version++) {
		rc = run_script(s, migrations[version - 1], version + 1);
		if (rc == SQLITE_OK)
			log_info("store-migrated from=%d to=%d", version, version + 1);
	}
	return rc;
}

static int
set_up(struct store *s)
{
	static const char *const pragmas[] = {
	    "PRAGMA trusted_schema=OFF",
	    "PRAGMA cell_size_check=ON",
	    "PRAGMA temp_store=MEMORY",
	    "PRAGMA journal_mode=WAL",
	    "PRAGMA cache_size=-8000",
	    "PRAGMA wal_autocheckpoint=1000",
	    "PRAGMA journal_size_limit=67108864",
	};
	int chunk = DB_CHUNK_BYTES;
	size_t i;
	int rc = SQLITE_OK;

	(void)sqlite3_file_control(s->db, NULL, SQLITE_FCNTL_CHUNK_SIZE, &chunk);
	(void)sqlite3_extended_result_codes(s->db, 1);
	(void)sqlite3_busy_timeout(s->db, 50);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	for (i = 0; i < sizeof pragmas / sizeof pragmas[0] && rc == SQLITE_OK; i++)
		rc = run(s, pragmas[i]);
	return rc;
}

/*
 * Check what was opened. SQLITE_OK; SQLITE_CORRUPT (set it aside); SQLITE_MISMATCH (of a
 * newer program); another code: cannot be used now.
 */
static int
check_db(struct store *s)
{
	char text[128], tables[16];
	int64_t version = 0;
	int rc = ask(s, "PRAGMA quick_check(1)", text, sizeof text);

	if (rc != SQLITE_OK)
		return rc;
	if (strcmp(text, "ok") != 0) {
		char safe[128];

		log_warn("store-damaged check=\"%s\"",
			 text_safe(safe, sizeof safe, text));
		return SQLITE_CORRUPT;
	}
	rc = ask(s, "PRAGMA user_version", text, sizeof text);
	if (rc == SQLITE_OK)
		rc = ask(s, "SELECT count(*) FROM sqlite_schema", tables, sizeof tables);
	if (rc != SQLITE_OK)
		return rc;
	if (!text_to_i64(text, 0, INT32_MAX, &version))
		return SQLITE_CORRUPT;
	if (version > STORE_VERSION) {
		(void)snprintf(
		    s->st.problem, sizeof s->st.problem,
		    "written by a newer mailbrake (version %s, this one knows %d)", text,
		    STORE_VERSION);
		return SQLITE_MISMATCH;
	}
	if (version == 0 && strcmp(tables, "0") != 0)
		return SQLITE_CORRUPT; /* somebody else's database */
	s->st.fresh = version == 0;
	rc = bring_up(s, (int)version);
	/* a script that does not fit the tables that are there: not the schema it says */
	return (rc & 0xff) == SQLITE_ERROR ? SQLITE_CORRUPT : rc;
}

/*
 * Room that a full disk cannot take away: an admin must be able to release and discard
 * then, and that is written first. The log is overwritten from its beginning after each
 * checkpoint, so a few MB of it last. Not for the database itself: closing a descriptor
 * of it would drop SQLite's locks, so that grows in chunks instead (set_up).
 */
static void
reserve(const struct store *s)
{
	off_t bytes = WAL_RESERVE_BYTES;
	char wal[600];
	int fd;

	(void)snprintf(wal, sizeof wal, "%s-wal", s->path);
	fd = open(wal, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	while (bytes >= WAL_RESERVE_BYTES / 8 &&
	       fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, bytes) != 0)
		bytes /= 2;
	close(fd);
}

static int
open_db(struct store *s)
{
	int fd, rc;

	/* made here so that its mode does not depend on the umask; SQLite gives -wal and
	 * -shm the mode of the database */
	fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		close(fd);
	rc = sqlite3_open_v2(
	    s->path, &s->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = set_up(s);
	if (rc == SQLITE_OK)
		rc = check_db(s);
	if (rc == SQLITE_OK)
		reserve(s);
	if (rc != SQLITE_OK && rc != SQLITE_MISMATCH && !is_damage(rc))
		said(s, NULL, rc, "cannot be opened");
	return rc;
}

/* Rename the database and what belongs to it to NAME.damaged-TIME. */
static int
set_aside(struct store *s, struct err *e)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char from[600], to[600], stamp[32];
	struct tm tm;
	time_t now = (time_t)wall_s(clock_wall());
	size_t i;
	int n;

	close_db(s);
	(void)strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	for (n = 0; n < 1000; n++) {
		struct stat st;

		(void)snprintf(s->st.set_aside, sizeof s->st.set_aside,
			       "%.190s.damaged-%s.%d", s->path, stamp, n);
		if (lstat(s->st.set_aside, &st) != 0)
			break;
	}
	for (i = 0; i < 3; i++) {
		(void)snprintf(from, sizeof from, "%s%s", s->path, tails[i]);
		(void)snprintf(to, sizeof to, "%s%s", s->st.set_aside, tails[i]);
		if (rename(from, to) != 0 && (i == 0 || errno != ENOENT))
			return err_sys(e, "%s is damaged and cannot be set aside", from);
	}
	s->st.generation++;
	log_warn("store-set-aside file=%s to=%s: the database was damaged; a new one is "
		 "begun, history before now is in the old one",
		 s->path, s->st.set_aside);
	return 0;
}

/* A full disk cannot take -wal and -shm: read what the last checkpoint left, so that a
 * start then still knows whose mail is held. */
static void
open_read_only(struct store *s)
{
	char uri[600];

	close_db(s);
	/* paths come from an admin's settings; one with ? or # is just not found here */
	(void)snprintf(uri, sizeof uri, "file:%s?immutable=1", s->path);
	if (sqlite3_open_v2(uri, &s->db,
			    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK) {
		(void)sqlite3_close_v2(s->db);
		s->db = NULL;
		return;
	}
	s->read_only = true;
}

/* Open for writing, setting a damaged file aside once. */
static int
open_or_begin(struct store *s, struct err *e)
{
	int rc;

	s->read_only = false;
	rc = open_db(s);
	if (is_damage(rc)) {
		if (set_aside(s, e) != 0)
			return -1;
		rc = open_db(s);
	}
	if (rc == SQLITE_OK)
		return 0;
	close_db(s);
	return err_set(e, rc == SQLITE_MISMATCH ? ERR_STORE : ERR_SYS, "%s: %s", s->path,
		       s->st.problem);
}

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
	if (open_or_begin(s, &why) != 0) {
		if (why.code == ERR_STORE || access(dir, X_OK) != 0) {
			free(s);
			if (e != NULL)
				*e = why;
			return -1;
		}
		open_read_only(s);
		s->st.state = STORE_RETRYING;
		s->retry_at = mono_after_ms(clock_mono(), STORE_RETRY_MS);
		log_warn("store-unwritable %s: rows wait in memory%s", why.text,
			 s->db == NULL ? ", history is not known" : "");
	}
	*out = s;
	return 0;
}

/* --- the transaction
 * --------------------------------------------------------------------- */

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

	said(s, &why, rc, what);
	if (s->db != NULL && !sqlite3_get_autocommit(s->db))
		(void)run(s, "ROLLBACK");
	s->in_txn = false;
	s->applied = 0;
	if (is_damage(rc)) {
		/* the copies of what was not committed go into the new one */
		if (set_aside(s, &why) == 0)
			(void)open_or_begin(s, &why);
	}
	if (s->st.state != STORE_RETRYING)
		log_warn("store-retrying rows=%llu: %s",
			 (unsigned long long)s->st.waiting, why.text);
	else
		log_warn_rate("store-retrying", 60, "store-retrying rows=%llu: %s",
			      (unsigned long long)s->st.waiting, why.text);
	s->st.state = STORE_RETRYING;
	s->retry_at = mono_after_ms(clock_mono(), is_damage(rc) ? 0 : STORE_RETRY_MS);
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
	rc = run(s, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
	if (rc == SQLITE_OK)
		rc = run(s, "BEGIN IMMEDIATE");
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
	rc = run(s, "COMMIT");
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

		close_db(s);
		if (open_or_begin(s, &why) != 0) {
			open_read_only(s);
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
		reserve(s);
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

int
store_check(struct store *s, struct err *e)
{
	char text[32];
	int rc;

	if (s->st.state == STORE_RETRYING || commit(s, e) != 0)
		return -1;
	(void)sqlite3_db_release_memory(s->db);
	rc = ask(s, "SELECT count(*) FROM sqlite_schema", text, sizeof text);
	if (rc == SQLITE_OK)
		rc = ask(s, "SELECT max(uid) FROM account", text, sizeof text);
	if (rc == SQLITE_OK)
		return 0;
	return is_damage(rc) ? refused(s, rc, "check", e) : said(s, e, rc, "check");
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

/* --- reading
 * ----------------------------------------------------------------------------- */

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
		if (is_damage(rc))
			(void)refused(s, rc, "read", e);
		else
			said(s, e, rc, "read");
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
	if (is_damage(rc))
		return refused(s, rc, "read", e);
	return said(s, e, rc, "read");
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
	close_db(s);
	free(s);
	*sp = NULL;
}
