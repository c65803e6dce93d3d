/*
 * store_file - the database file: opened, checked, brought up, set aside
 *
 * Job:     see store_int.h.
 * Touches: the database file and what belongs to it.
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
#include "schema.h" /* made from schema.sql and migrations/: schema_lines, migrations */
#include "text.h"
#include "xmem.h"

_Static_assert(STORE_VERSION == SCHEMA_VERSION, "db/migrations and STORE_VERSION differ");

#define APP_ID 0x4d42524b           /* "MBRK" */
#define WAL_RESERVE_BYTES (6 << 20) /* more than a checkpoint's 1000 pages of 4 kB */
#define DB_CHUNK_BYTES (1 << 20)

int
store_said(struct store *s, struct err *e, int rc, const char *what)
{
	const char *text = s->db != NULL ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
	int sys = s->db != NULL ? sqlite3_system_errno(s->db) : 0;

	(void)snprintf(s->st.problem, sizeof s->st.problem, "%s: %s%s%s", what, text,
		       sys != 0 ? ": " : "", sys != 0 ? strerror(sys) : "");
	return err_set(e, ERR_STORE, "%s: %s", s->path, s->st.problem);
}

bool
store_is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

void
store_file_close(struct store *s)
{
	size_t i;

	for (i = 0; i < WRITES; i++) {
		sqlite3_finalize(s->write[i]);
		s->write[i] = NULL;
	}
	sqlite3_finalize(s->file_query);
	s->file_query = NULL;
	sqlite3_finalize(s->found_query);
	s->found_query = NULL;
	/* _v2: a reader still walking when damage is found ends by itself */
	(void)sqlite3_close_v2(s->db);
	s->db = NULL;
	s->in_txn = false;
	s->applied = 0;
}

int
store_run(struct store *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

/* First column of the first row as text; an error code of SQLite or SQLITE_OK. */
int
store_ask(struct store *s, const char *sql, char *buf, size_t size)
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
	int rc = store_run(s, "BEGIN IMMEDIATE");

	if (rc == SQLITE_OK)
		rc = store_run(s, sql);
	(void)snprintf(stamp, sizeof stamp,
		       "PRAGMA application_id=%d; PRAGMA user_version=%d", APP_ID,
		       version);
	if (rc == SQLITE_OK)
		rc = store_run(s, stamp);
	if (rc == SQLITE_OK)
		rc = store_run(s, "COMMIT");
	free(sql);
	if (rc != SQLITE_OK && !sqlite3_get_autocommit(s->db)) {
		store_said(s, NULL, rc, "cannot set up the tables");
		(void)store_run(s, "ROLLBACK");
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
		rc = store_run(s, pragmas[i]);
	return rc;
}

/*
 * Every page of every table but one: the files seen can be millions, and what is damaged
 * there is noticed when it is read. (Seconds in which no message could be judged.)
 */
static int
check_tables(struct store *s)
{
	sqlite3_stmt *q = NULL;
	char sql[96], text[128], safe[128];
	int rc =
	    sqlite3_prepare_v2(s->db,
			       "SELECT name FROM sqlite_schema WHERE type='table' "
			       "AND name NOT IN('file','found') AND name NOT LIKE '%\"%'",
			       -1, &q, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		(void)snprintf(sql, sizeof sql, "PRAGMA quick_check(\"%.64s\")",
			       (const char *)sqlite3_column_text(q, 0));
		rc = store_ask(s, sql, text, sizeof text);
		if (rc == SQLITE_OK && strcmp(text, "ok") != 0) {
			log_warn("store-damaged check=\"%s\"",
				 text_safe(safe, sizeof safe, text));
			rc = SQLITE_CORRUPT;
		}
	}
	sqlite3_finalize(q);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
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
	int rc = check_tables(s);

	if (rc != SQLITE_OK)
		return rc;
	rc = store_ask(s, "PRAGMA user_version", text, sizeof text);
	if (rc == SQLITE_OK)
		rc = store_ask(s, "SELECT count(*) FROM sqlite_schema", tables,
			       sizeof tables);
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
void
store_file_reserve(const struct store *s)
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
		store_file_reserve(s);
	if (rc != SQLITE_OK && rc != SQLITE_MISMATCH && !store_is_damage(rc))
		store_said(s, NULL, rc, "cannot be opened");
	return rc;
}

/* Rename the database and what belongs to it to NAME.damaged-TIME. */
int
store_file_set_aside(struct store *s, struct err *e)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char from[600], to[600], stamp[32];
	struct tm tm;
	time_t now = (time_t)wall_s(clock_wall());
	size_t i;
	int n;

	store_file_close(s);
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
	s->salvage_due = true;
	log_warn("store-set-aside file=%s to=%s: the database was damaged; a new one is "
		 "begun with what can be read of it",
		 s->path, s->st.set_aside);
	return 0;
}

/* A full disk cannot take -wal and -shm: read what the last checkpoint left, so that a
 * start then still knows whose mail is held. */
void
store_file_open_read_only(struct store *s)
{
	char uri[600];

	store_file_close(s);
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

/*
 * Is there a database set aside that was not looked through? The new one itself knows, so
 * that a kill in the midst of it loses nothing: its mark is taken back with what was
 * saved, in one transaction.
 */
static bool
salvage_wanted(struct store *s)
{
	sqlite3_stmt *q = NULL;
	bool wanted = s->salvage_due;

	if (wanted) {
		if (sqlite3_prepare_v2(s->db,
				       "INSERT OR REPLACE INTO kv(name,value) "
				       "VALUES('" STORE_SALVAGE_KEY "',?1)",
				       -1, &q, NULL) == SQLITE_OK &&
		    sqlite3_bind_text(q, 1, s->st.set_aside, -1, SQLITE_STATIC) ==
			SQLITE_OK &&
		    sqlite3_step(q) != SQLITE_DONE)
			log_warn("store-salvage mark=lost error=\"%s\"",
				 sqlite3_errmsg(s->db));
	} else if (sqlite3_prepare_v2(s->db,
				      "SELECT value FROM kv WHERE "
				      "name='" STORE_SALVAGE_KEY "'",
				      -1, &q, NULL) == SQLITE_OK &&
		   sqlite3_step(q) == SQLITE_ROW) {
		wanted =
		    text_copy(s->st.set_aside, sizeof s->st.set_aside, col_text(q, 0));
	}
	sqlite3_finalize(q);
	return wanted;
}

/* Open for writing, setting a damaged file aside once. */
int
store_file_open(struct store *s, struct err *e)
{
	int rc;

	s->read_only = false;
	rc = open_db(s);
	if (store_is_damage(rc)) {
		if (store_file_set_aside(s, e) != 0)
			return -1;
		rc = open_db(s);
	}
	if (rc == SQLITE_OK) {
		if (salvage_wanted(s))
			store_salvage(s);
		s->salvage_due = false;
		return 0;
	}
	store_file_close(s);
	return err_set(e, rc == SQLITE_MISMATCH ? ERR_STORE : ERR_SYS, "%s: %s", s->path,
		       s->st.problem);
}
