/*
 * rows_file - files, findings, what is set aside
 *
 * Job:     struct to values and back, one pair of functions a table (store.h).
 * Touches: the database, by store_put and store_read.
 */
#include "store_int.h"

#include <string.h>

/* --- file --- */

int
store_file_put(struct store *s, const struct store_file *v, struct err *e)
{
	struct row r = {.what = v->verdict == 0 ? WRITE_FILE_CLEAN : WRITE_FILE_PUT};

	row_bits(&r, v->dev);
	row_bits(&r, v->ino);
	row_bits(&r, v->size);
	row_num(&r, v->ctime_us);
	row_bits(&r, v->rules);
	row_num(&r, v->verdict);
	row_num(&r, v->score);
	row_num(&r, v->uid);
	row_raw(&r, v->path);
	if (v->reason == NULL || v->reason[0] == '\0')
		row_raw(&r, NULL);
	else
		row_text(&r, v->reason);
	return store_put(s, &r, e);
}

int
store_file_get(struct store *s, uint64_t dev, uint64_t ino, struct store_file *v,
	       struct err *e)
{
	sqlite3_stmt *q = store_file_query(s, e);
	unsigned generation;
	struct store_status st;
	int r;

	if (q == NULL)
		return -1;
	store_status(s, &st);
	generation = st.generation;
	(void)sqlite3_bind_int64(q, 1, (int64_t)dev);
	(void)sqlite3_bind_int64(q, 2, (int64_t)ino);
	r = store_read_next(s, q, e);
	if (r == 1)
		*v = (struct store_file){.dev = dev,
					 .ino = ino,
					 .size = col_bits(q, 0),
					 .ctime_us = col_num(q, 1),
					 .rules = col_bits(q, 2),
					 .verdict = (int)col_num(q, 3),
					 .score = col_num(q, 4),
					 .uid = col_num(q, 5)};
	store_status(s, &st);
	if (st.generation == generation) /* else the statement went with its database */
		(void)sqlite3_reset(q);
	return r;
}

int
store_found_put(struct store *s, uint64_t dev, uint64_t ino, uint64_t part,
		const void *digest, struct err *e)
{
	struct row r = {.what = WRITE_FOUND_PUT};

	row_bits(&r, dev);
	row_bits(&r, ino);
	row_bits(&r, part);
	row_add(&r, SQLITE_BLOB, 0, digest, STORE_DIGEST);
	return store_put(s, &r, e);
}

int
store_found_drop(struct store *s, uint64_t dev, uint64_t ino, struct err *e)
{
	struct row r = {.what = WRITE_FOUND_DROP};

	row_bits(&r, dev);
	row_bits(&r, ino);
	return store_put(s, &r, e);
}

int
store_found_get(struct store *s, uint64_t dev, uint64_t ino, uint64_t part, void *digest,
		struct err *e)
{
	sqlite3_stmt *q = store_found_query(s, e);
	unsigned generation = s->st.generation;
	int r;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, (int64_t)dev);
	(void)sqlite3_bind_int64(q, 2, (int64_t)ino);
	(void)sqlite3_bind_int64(q, 3, (int64_t)part);
	r = store_read_next(s, q, e);
	if (r == 1 && sqlite3_column_bytes(q, 0) == STORE_DIGEST)
		memcpy(digest, sqlite3_column_blob(q, 0), STORE_DIGEST);
	else if (r == 1)
		r = 0;
	if (s->st.generation == generation) /* else it went with its database */
		(void)sqlite3_reset(q);
	return r;
}

int
store_file_drop(struct store *s, uint64_t dev, uint64_t ino, struct err *e)
{
	struct row r = {.what = WRITE_FILE_DROP};

	row_bits(&r, dev);
	row_bits(&r, ino);
	return store_put(s, &r, e);
}

int
store_file_each(struct store *s, int64_t uid, int verdict,
		bool (*fn)(void *, const struct store_file *), void *arg, struct err *e)
{
	sqlite3_stmt *q =
	    store_read(s,
		       "SELECT dev,ino,size,ctime,rules,verdict,score,uid,path,reason "
		       "FROM file WHERE "
		       "verdict<>0 AND (?1<0 OR uid=?1) AND (?2<0 OR verdict=?2)",
		       e);
	int r;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, uid);
	(void)sqlite3_bind_int(q, 2, verdict);
	while ((r = store_read_next(s, q, e)) == 1) {
		struct store_file v = {.dev = col_bits(q, 0),
				       .ino = col_bits(q, 1),
				       .size = col_bits(q, 2),
				       .ctime_us = col_num(q, 3),
				       .rules = col_bits(q, 4),
				       .verdict = (int)col_num(q, 5),
				       .score = col_num(q, 6),
				       .uid = col_num(q, 7),
				       .path = col_text_or_null(q, 8),
				       .reason = col_text_or_null(q, 9)};

		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

/* --- finding --- */

int
store_finding_put(struct store *s, const struct store_finding *v, struct err *e)
{
	struct row r = {.what = WRITE_FINDING_PUT};

	row_bits(&r, v->dev);
	row_bits(&r, v->ino);
	row_text(&r, v->rule);
	row_text(&r, v->group);
	row_num(&r, v->points);
	row_num(&r, v->uid);
	row_raw(&r, v->path == NULL ? "" : v->path);
	row_text(&r, v->sha256);
	row_num(&r, v->t.us);
	row_num(&r, v->gone.us);
	return store_put(s, &r, e);
}

int
store_finding_gone(struct store *s, uint64_t dev, uint64_t ino, wall_t t, struct err *e)
{
	struct row r = {.what = WRITE_FINDING_GONE};

	row_bits(&r, dev);
	row_bits(&r, ino);
	row_num(&r, t.us);
	return store_put(s, &r, e);
}

#define FINDING_COLUMNS \
	"SELECT dev,ino,rule,\"group\",points,uid,path,sha256,t,gone FROM finding "

/* What a statement with FINDING_COLUMNS finds; it is ended. */
static int
each_finding(struct store *s, sqlite3_stmt *q,
	     bool (*fn)(void *, const struct store_finding *), void *arg, struct err *e)
{
	int r;

	while ((r = store_read_next(s, q, e)) == 1) {
		struct store_finding v = {.dev = col_bits(q, 0),
					  .ino = col_bits(q, 1),
					  .rule = col_text(q, 2),
					  .group = col_text(q, 3),
					  .points = col_num(q, 4),
					  .uid = col_num(q, 5),
					  .path = col_text(q, 6),
					  .sha256 = col_text(q, 7),
					  .t = col_time(q, 8),
					  .gone = col_time(q, 9)};

		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

int
store_finding_each(struct store *s, int64_t uid, bool live,
		   bool (*fn)(void *, const struct store_finding *), void *arg,
		   struct err *e)
{
	sqlite3_stmt *q =
	    store_read(s,
		       FINDING_COLUMNS "WHERE (?1<0 OR uid=?1) AND (?2=0 OR gone=0) "
				       "ORDER BY uid,dev,ino,rule",
		       e);

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, uid);
	(void)sqlite3_bind_int(q, 2, live);
	return each_finding(s, q, fn, arg, e);
}

int
store_finding_of(struct store *s, uint64_t dev, uint64_t ino, bool live,
		 bool (*fn)(void *, const struct store_finding *), void *arg,
		 struct err *e)
{
	sqlite3_stmt *q = store_read(
	    s, FINDING_COLUMNS "WHERE dev=?1 AND ino=?2 AND (?3=0 OR gone=0)", e);

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, (int64_t)dev);
	(void)sqlite3_bind_int64(q, 2, (int64_t)ino);
	(void)sqlite3_bind_int(q, 3, live);
	return each_finding(s, q, fn, arg, e);
}

/* Both walk the index finding_uid, which ends in the primary key: no sorting. (+gone:
 * told that it is constant, SQLite sorts.) */
int
store_finding_after(struct store *s, int64_t uid, const struct store_finding *after,
		    bool (*fn)(void *, const struct store_finding *), void *arg,
		    struct err *e)
{
	sqlite3_stmt *q = store_read(
	    s,
	    uid >= 0 ? FINDING_COLUMNS "WHERE uid=?1 AND gone=0 AND (dev,ino)>(?2,?3) "
				       "ORDER BY dev,ino"
		     : FINDING_COLUMNS
		"WHERE +gone=0 AND (uid,gone,dev,ino)>(?1,0,?2,?3) "
		"ORDER BY uid,gone,dev,ino",
	    e);

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, uid >= 0 ? uid : after->uid);
	(void)sqlite3_bind_int64(q, 2, (int64_t)after->dev);
	(void)sqlite3_bind_int64(q, 3, (int64_t)after->ino);
	return each_finding(s, q, fn, arg, e);
}

int
store_finding_count(struct store *s, int64_t uid, uint64_t *n_out, struct err *e)
{
	sqlite3_stmt *q = store_read(s, "SELECT count(*) FROM finding WHERE uid=?1", e);
	int r;

	*n_out = 0;
	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, uid);
	r = store_read_next(s, q, e);
	if (r == 1)
		*n_out = col_bits(q, 0);
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

int
store_finding_trim(struct store *s, int64_t uid, uint64_t n, struct err *e)
{
	struct row r = {.what = WRITE_FINDING_TRIM};

	row_num(&r, uid);
	row_bits(&r, n);
	return store_put(s, &r, e);
}

/* --- set aside --- */

int
store_aside_put(struct store *s, const struct store_aside *v, struct err *e)
{
	struct row r = {.what = WRITE_ASIDE_PUT};

	row_text(&r, v->id);
	row_num(&r, v->uid);
	row_bits(&r, v->dev);
	row_bits(&r, v->ino);
	row_raw(&r, v->path == NULL ? "" : v->path);
	row_num(&r, v->t.us);
	row_text(&r, v->state);
	row_text(&r, v->result);
	return store_put(s, &r, e);
}

int
store_aside_each(struct store *s, int64_t uid, const char *id,
		 bool (*fn)(void *, const struct store_aside *), void *arg, struct err *e)
{
	sqlite3_stmt *q =
	    store_read(s,
		       "SELECT id,uid,dev,ino,path,t,state,result FROM set_aside WHERE "
		       "(?1<0 OR uid=?1) AND (?2 IS NULL OR id=?2) ORDER BY t,id",
		       e);
	int r;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, uid);
	(void)sqlite3_bind_text(q, 2, id, -1, SQLITE_STATIC);
	while ((r = store_read_next(s, q, e)) == 1) {
		struct store_aside v = {.id = col_text(q, 0),
					.uid = col_num(q, 1),
					.dev = col_bits(q, 2),
					.ino = col_bits(q, 3),
					.path = col_text(q, 4),
					.t = col_time(q, 5),
					.state = col_text(q, 6),
					.result = col_text(q, 7)};

		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}
