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

int
store_tally_each(const char *dir, enum store_tally what, wall_t since, int limit,
		 bool (*fn)(void *, const char *name, int64_t count, int64_t part),
		 void *arg, struct err *e)
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
		rc = sqlite3_prepare_v2(db, tallies[what], -1, &q, NULL);
	}
	if (rc == SQLITE_OK) {
		(void)sqlite3_bind_int64(q, 1, since.us);
		(void)sqlite3_bind_int(q, 2, limit);
		while ((rc = sqlite3_step(q)) == SQLITE_ROW)
			if (!fn(arg, col_text(q, 0), col_num(q, 1), col_num(q, 2)))
				break;
	}
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		err_set(e, ERR_STORE, "%s: %s", path,
			db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db));
	(void)sqlite3_finalize(q);
	(void)sqlite3_close_v2(db);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}
