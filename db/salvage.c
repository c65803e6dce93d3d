/*
 * salvage - what can still be read of a damaged database goes into the new one
 *
 * Job:     read the tables that matter row by row out of the file that was set aside,
 *          from the front and, where a page stops that, from the back; what is in the
 *          new one already stays.
 * Touches: the file that was set aside (its log is not worked in) and the new database.
 * Source:  a damaged page fails the rows on it, not the others
 *          (sqlite.org/recovery.html).
 */
#include "store_int.h"

#include <stdio.h>

#include "log.h"

/* At start mail waits meanwhile, so not for ever. The files seen are left out: they are
 * looked at again. */
#define SALVAGE_MS 2000

/* In the order of what would be missed most. */
static const char *const tables[] = {"account",  "trust",    "set_aside",
				     "held",     "finding",  "kv",
				     "incident", "decision", "counter"};

struct salvage {
	sqlite3 *from, *to;
	mono_t until;
};

/* The two statements of a table; the shape is the new database's. -1: there is no such
 * table in the old one, or nothing of it can be read. */
static int
prepare(const struct salvage *v, const char *table, bool backwards, sqlite3_stmt **q,
	sqlite3_stmt **put)
{
	sqlite3_stmt *shape = NULL;
	char *read = NULL, *write = NULL;
	int rc = -1;

	*q = *put = NULL;
	if (sqlite3_prepare_v2(
		v->to,
		"SELECT group_concat('\"'||name||'\"'),group_concat('?'),"
		"(SELECT group_concat('\"'||name||'\" DESC') FROM "
		"(SELECT name FROM pragma_table_info(?1) WHERE pk>0 ORDER BY pk)) "
		"FROM pragma_table_info(?1)",
		-1, &shape, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(shape, 1, table, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(shape) == SQLITE_ROW) {
		const char *columns = (const char *)sqlite3_column_text(shape, 0);

		read = sqlite3_mprintf(
		    "SELECT %s FROM %s%s%s", columns, table,
		    backwards ? " ORDER BY " : "",
		    backwards ? (const char *)sqlite3_column_text(shape, 2) : "");
		write = sqlite3_mprintf("INSERT OR IGNORE INTO %s(%s) VALUES(%s)", table,
					columns, sqlite3_column_text(shape, 1));
		if (read != NULL && write != NULL &&
		    sqlite3_prepare_v2(v->from, read, -1, q, NULL) == SQLITE_OK &&
		    sqlite3_prepare_v2(v->to, write, -1, put, NULL) == SQLITE_OK)
			rc = 0;
	}
	sqlite3_free(read);
	sqlite3_free(write);
	sqlite3_finalize(shape);
	return rc;
}

/* Copy rows until the end or the damage; whole_out: the end was reached. Rows copied, or
 * -1: the new database does not take them. */
static int64_t
copy(const struct salvage *v, const char *table, bool backwards, bool *whole_out)
{
	sqlite3_stmt *q, *put;
	int64_t n = 0;
	int rc = SQLITE_ERROR, i;

	*whole_out = false;
	if (prepare(v, table, backwards, &q, &put) == 0) {
		while ((rc = sqlite3_step(q)) == SQLITE_ROW &&
		       mono_diff_us(v->until, clock_mono()) > 0) {
			for (i = 0; i < sqlite3_column_count(q); i++)
				(void)sqlite3_bind_value(put, i + 1,
							 sqlite3_column_value(q, i));
			rc = sqlite3_step(put);
			(void)sqlite3_reset(put);
			if (rc == SQLITE_DONE)
				n += sqlite3_changes(v->to);
			else if (rc != SQLITE_CONSTRAINT && rc != SQLITE_MISMATCH) {
				n = -1;
				break;
			}
		}
		*whole_out = rc == SQLITE_DONE && n >= 0;
	}
	sqlite3_finalize(q);
	sqlite3_finalize(put);
	return n;
}

static int
open_old(const char *path, sqlite3 **out)
{
	int rc =
	    sqlite3_open_v2(path, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc != SQLITE_OK)
		return rc;
	(void)sqlite3_db_config(*out, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_db_config(*out, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return sqlite3_exec(*out, "PRAGMA trusted_schema=OFF;PRAGMA cell_size_check=ON",
			    NULL, NULL, NULL);
}

void
store_salvage(struct store *s)
{
	struct salvage v = {.to = s->db,
			    .until = mono_after_ms(clock_mono(), SALVAGE_MS)};
	size_t i;

	s->st.salvaged = 0;
	s->st.salvage_whole = false;
	if (open_old(s->st.set_aside, &v.from) == SQLITE_OK &&
	    store_run(s, "BEGIN IMMEDIATE") == SQLITE_OK) {
		s->st.salvage_whole = true;
		for (i = 0; i < sizeof tables / sizeof *tables; i++) {
			bool whole;
			int64_t n = copy(&v, tables[i], false, &whole), more = 0;

			if (n >= 0 && !whole)
				more = copy(&v, tables[i], true, &whole);
			if (n < 0 || more < 0)
				break;
			s->st.salvaged += (uint64_t)(n + more);
			s->st.salvage_whole = s->st.salvage_whole && whole && more == 0;
			log_info("store-salvaged table=%s rows=%lld whole=%d", tables[i],
				 (long long)(n + more), whole);
		}
		if (i < sizeof tables / sizeof *tables ||
		    store_run(s, "DELETE FROM kv WHERE name='" STORE_SALVAGE_KEY "'") !=
			SQLITE_OK ||
		    store_run(s, "COMMIT") != SQLITE_OK) {
			log_warn("store-salvage failed=\"%s\": tried again at the next "
				 "start",
				 sqlite3_errmsg(s->db));
			(void)store_run(s, "ROLLBACK");
			s->st.salvaged = 0;
			s->st.salvage_whole = false;
		}
	}
	(void)sqlite3_close_v2(v.from);
}
