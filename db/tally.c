/*
 * tally - what many rows come to, for the report
 *
 * Job:     one grouped query at a time, over a connection of its own that only reads: it
 *          may take seconds, and judge goes on meanwhile.
 * Touches: the database file, by reading.
 */
#include "store_int.h"

#include <stdio.h>

static const char *const tallies[] = {
    [TALLY_HOLDS] = "SELECT reason,count(*),count(DISTINCT uid) FROM decision WHERE "
		    "t>=?1 AND \"to\"='held' AND \"from\"<>'held' "
		    "GROUP BY reason ORDER BY 2 DESC,1 LIMIT ?2",
    [TALLY_HELD] = "SELECT state,count(*),sum(rcpts) FROM held WHERE t>=?1 "
		   "GROUP BY state ORDER BY 2 DESC,1 LIMIT ?2",
    [TALLY_HELD_ACCOUNTS] = "SELECT login,count(*),sum(rcpts) FROM held WHERE t>=?1 "
			    "GROUP BY uid ORDER BY 2 DESC,1 LIMIT ?2",
    [TALLY_SENDERS] =
	"SELECT uid,sum(count),sum(CASE outcome WHEN 'sent' THEN 0 ELSE count END) "
	"FROM counter WHERE hour>=?1/3600000000 AND uid>=0 "
	"GROUP BY uid ORDER BY 2 DESC,1 LIMIT ?2",
    [TALLY_PROVIDERS] =
	"SELECT provider,sum(count),sum(CASE outcome WHEN 'sent' THEN 0 ELSE count END) "
	"FROM counter WHERE hour>=?1/3600000000 GROUP BY provider ORDER BY 2 DESC,1 "
	"LIMIT ?2",
    [TALLY_RULES] = "SELECT rule,count(*),count(DISTINCT uid) FROM finding WHERE t>=?1 "
		    "GROUP BY rule ORDER BY 2 DESC,1 LIMIT ?2",
};

/* A connection of its own that only reads, and a query on it; NULL with *e. */
static sqlite3_stmt *
reader(const char *dir, const char *sql, sqlite3 **db_out, struct err *e)
{
	sqlite3_stmt *q = NULL;
	sqlite3 *db = NULL;
	char path[512];
	int rc = SQLITE_CANTOPEN;

	if (snprintf(path, sizeof path, "%s/" STORE_FILE, dir) < (int)sizeof path)
		rc = sqlite3_open_v2(path, &db,
				     SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK) {
		(void)sqlite3_busy_timeout(db, 1000);
		rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
	}
	*db_out = db;
	if (rc == SQLITE_OK)
		return q;
	err_set(e, ERR_STORE, "%s: %s", path,
		db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db));
	(void)sqlite3_close_v2(db);
	*db_out = NULL;
	return NULL;
}

/* rc: of the last step. 0, or -1 with *e. */
static int
reader_end(sqlite3_stmt *q, sqlite3 *db, int rc, struct err *e)
{
	int r = 0;

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		r = err_set(e, ERR_STORE, "reading the database: %s", sqlite3_errmsg(db));
	(void)sqlite3_finalize(q);
	(void)sqlite3_close_v2(db);
	return r;
}

int
store_tally_each(const char *dir, enum store_tally what, wall_t since, int limit,
		 bool (*fn)(void *, const char *name, int64_t count, int64_t part),
		 void *arg, struct err *e)
{
	sqlite3 *db;
	sqlite3_stmt *q = reader(dir, tallies[what], &db, e);
	int rc;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, since.us);
	(void)sqlite3_bind_int(q, 2, limit);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW)
		if (!fn(arg, col_text(q, 0), col_num(q, 1), col_num(q, 2)))
			break;
	return reader_end(q, db, rc, e);
}

int
store_tally_counters(const char *dir, int64_t since_hour,
		     bool (*fn)(void *, const struct store_counter *), void *arg,
		     struct err *e)
{
	sqlite3 *db;
	sqlite3_stmt *q =
	    reader(dir, "SELECT " COUNTER_COLUMNS " FROM counter WHERE hour>=?1", &db, e);
	int rc;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, since_hour);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_counter v = col_counter(q);

		if (!fn(arg, &v))
			break;
	}
	return reader_end(q, db, rc, e);
}

int
store_tally_held(const char *dir, int64_t uid,
		 bool (*fn)(void *, const struct store_held *), void *arg, struct err *e)
{
	sqlite3 *db;
	sqlite3_stmt *q = reader(dir,
				 "SELECT id,script,subject,t FROM held WHERE uid=?1 AND "
				 "state='held' ORDER BY id",
				 &db, e);
	int rc;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, uid);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_held v = {.id = col_text(q, 0),
				       .script = col_text(q, 1),
				       .subject = col_text(q, 2),
				       .uid = uid,
				       .t = {col_num(q, 3)}};

		if (!fn(arg, &v))
			break;
	}
	return reader_end(q, db, rc, e);
}
