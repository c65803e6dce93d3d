/*
 * rows_count - incidents, counters, trust and single values
 *
 * Job:     struct to values and back, one pair of functions a table (store.h).
 * Touches: the database, by store_put and store_read.
 */
#include "store_int.h"

#include <string.h>

/* --- incident --- */

int
store_incident_put(struct store *s, const struct store_incident *v, struct err *e)
{
	struct row r = {.what = WRITE_INCIDENT_PUT};

	row_text(&r, v->key);
	row_num(&r, v->t_first.us);
	row_num(&r, v->t_last.us);
	row_num(&r, v->t_told.us);
	row_num(&r, v->count);
	row_text(&r, v->text);
	return store_put(s, &r, e);
}

int
store_incident_each(struct store *s, bool (*fn)(void *, const struct store_incident *),
		    void *arg, struct err *e)
{
	sqlite3_stmt *q = store_read(s,
				     "SELECT key,t_first,t_last,t_told,count,text "
				     "FROM incident ORDER BY t_first,key",
				     e);
	int r;

	if (q == NULL)
		return -1;
	while ((r = store_read_next(s, q, e)) == 1) {
		struct store_incident v = {.key = col_text(q, 0),
					   .t_first = col_time(q, 1),
					   .t_last = col_time(q, 2),
					   .t_told = col_time(q, 3),
					   .count = col_num(q, 4),
					   .text = col_text(q, 5)};

		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

/* --- counter --- */

int
store_counter_add(struct store *s, const struct store_counter *v, struct err *e)
{
	struct row r = {.what = WRITE_COUNTER_ADD};

	row_num(&r, v->hour);
	row_text(&r, v->provider);
	row_num(&r, v->uid);
	row_text(&r, v->scope);
	row_text(&r, v->outcome);
	row_num(&r, v->count);
	return store_put(s, &r, e);
}

int
store_counter_each(struct store *s, int64_t since_hour,
		   bool (*fn)(void *, const struct store_counter *), void *arg,
		   struct err *e)
{
	sqlite3_stmt *q = store_read(
	    s,
	    "SELECT " COUNTER_COLUMNS
	    " FROM counter WHERE hour>=? ORDER BY hour,provider,uid,scope,outcome",
	    e);
	int r;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, since_hour);
	while ((r = store_read_next(s, q, e)) == 1) {
		struct store_counter v = col_counter(q);

		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

/* --- trust --- */

int
store_trust_put(struct store *s, const struct store_trust *v, struct err *e)
{
	struct row r = {.what = WRITE_TRUST_PUT};

	row_num(&r, v->uid);
	row_text(&r, v->kind);
	row_raw(&r, v->key == NULL ? "" : v->key);
	row_text(&r, v->who);
	row_num(&r, v->t.us);
	row_num(&r, v->until.us);
	row_text(&r, v->reason == NULL ? "" : v->reason);
	return store_put(s, &r, e);
}

int
store_trust_drop(struct store *s, int64_t uid, const char *kind, const char *key,
		 struct err *e)
{
	struct row r = {.what = WRITE_TRUST_DROP};

	row_num(&r, uid);
	row_text(&r, kind);
	row_raw(&r, key == NULL ? "" : key);
	return store_put(s, &r, e);
}

int
store_trust_each(struct store *s, bool (*fn)(void *, const struct store_trust *),
		 void *arg, struct err *e)
{
	sqlite3_stmt *q = store_read(
	    s, "SELECT uid,kind,key,who,t,until,reason FROM trust ORDER BY uid,kind,key",
	    e);
	int r;

	if (q == NULL)
		return -1;
	while ((r = store_read_next(s, q, e)) == 1) {
		struct store_trust v = {.uid = col_num(q, 0),
					.kind = col_text(q, 1),
					.key = col_text(q, 2),
					.who = col_text(q, 3),
					.t = col_time(q, 4),
					.until = col_time(q, 5),
					.reason = col_text(q, 6)};

		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

/* --- single values --- */

int
store_kv_put(struct store *s, const char *name, const void *value, size_t len,
	     struct err *e)
{
	struct row r = {.what = WRITE_KV_PUT};

	row_text(&r, name);
	row_add(&r, SQLITE_BLOB, 0, value == NULL ? "" : value, len);
	return store_put(s, &r, e);
}

int
store_kv_get(struct store *s, const char *name, void *buf, size_t size, size_t *len_out,
	     struct err *e)
{
	sqlite3_stmt *q = store_read(s, "SELECT value FROM kv WHERE name=?", e);
	int r;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	r = store_read_next(s, q, e);
	if (r == 1) {
		const void *p = sqlite3_column_blob(q, 0);

		*len_out = (size_t)sqlite3_column_bytes(q, 0);
		if (p != NULL && size > 0)
			memcpy(buf, p, *len_out < size ? *len_out : size);
	}
	store_read_end(q);
	return r;
}

int
store_prune(struct store *s, wall_t before, struct err *e)
{
	static const enum store_write all[] = {WRITE_PRUNE_DECISION, WRITE_PRUNE_COUNTER,
					       WRITE_PRUNE_FINDING, WRITE_PRUNE_INCIDENT,
					       WRITE_PRUNE_HELD};
	size_t i;

	for (i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct row r = {.what = all[i]};

		row_num(&r, before.us);
		if (store_put(s, &r, e) != 0)
			return -1;
	}
	return 0;
}
