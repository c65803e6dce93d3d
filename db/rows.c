/*
 * rows - accounts, decisions and held messages
 *
 * Job:     struct to values and back, one pair of functions a table (store.h).
 * Touches: the database, by store_put and store_read.
 */
#include "store_int.h"

/* --- account --- */

int
store_account_put(struct store *s, const struct store_account *v, struct err *e)
{
	struct row r = {.what = WRITE_ACCOUNT_PUT};

	row_num(&r, v->uid);
	row_text(&r, v->login);
	row_text(&r, v->state);
	row_text(&r, v->word);
	row_num(&r, v->until.us);
	row_num(&r, v->since.us);
	row_text(&r, v->reason);
	row_num(&r, v->changed.us);
	if (v->record == NULL)
		row_add(&r, SQLITE_NULL, 0, NULL, 0);
	else
		row_add(&r, SQLITE_BLOB, 0, v->record, v->record_len);
	return store_put(s, &r, e);
}

int
store_account_drop(struct store *s, int64_t uid, struct err *e)
{
	struct row r = {.what = WRITE_ACCOUNT_DROP};

	row_num(&r, uid);
	return store_put(s, &r, e);
}

int
store_account_each(struct store *s, bool (*fn)(void *, const struct store_account *),
		   void *arg, struct err *e)
{
	sqlite3_stmt *q =
	    store_read(s,
		       "SELECT uid,login,state,word,until,since,reason,changed,"
		       "record FROM account ORDER BY uid",
		       e);
	int r;

	if (q == NULL)
		return -1;
	while ((r = store_read_next(s, q, e)) == 1) {
		struct store_account v = {.uid = col_num(q, 0),
					  .login = col_text(q, 1),
					  .state = col_text(q, 2),
					  .word = col_text(q, 3),
					  .until = col_time(q, 4),
					  .since = col_time(q, 5),
					  .reason = col_text(q, 6),
					  .changed = col_time(q, 7),
					  .record = sqlite3_column_blob(q, 8)};

		v.record_len = (size_t)sqlite3_column_bytes(q, 8);
		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

/* --- decision --- */

int
store_decision_add(struct store *s, const struct store_decision *v, struct err *e)
{
	struct row r = {.what = WRITE_DECISION_ADD};

	row_num(&r, v->t.us);
	row_num(&r, v->uid);
	row_text(&r, v->subject);
	row_text(&r, v->from);
	row_text(&r, v->to);
	row_text(&r, v->reason);
	row_text(&r, v->who);
	row_text(&r, v->facts);
	return store_put(s, &r, e);
}

int
store_decision_each(struct store *s, int64_t uid, int limit,
		    bool (*fn)(void *, const struct store_decision *), void *arg,
		    struct err *e)
{
	sqlite3_stmt *q = store_read(
	    s,
	    uid >= 0 ? "SELECT id,t,uid,subject,\"from\",\"to\",reason,who,facts "
		       "FROM decision WHERE uid=?1 ORDER BY id DESC LIMIT ?2"
		     : "SELECT id,t,uid,subject,\"from\",\"to\",reason,who,facts "
		       "FROM decision ORDER BY id DESC LIMIT ?2",
	    e);
	int r;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, uid);
	(void)sqlite3_bind_int(q, 2, limit);
	while ((r = store_read_next(s, q, e)) == 1) {
		struct store_decision v = {.id = col_num(q, 0),
					   .t = col_time(q, 1),
					   .uid = col_num(q, 2),
					   .subject = col_text(q, 3),
					   .from = col_text(q, 4),
					   .to = col_text(q, 5),
					   .reason = col_text(q, 6),
					   .who = col_text(q, 7),
					   .facts = col_text(q, 8)};

		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

/* --- held message --- */

#define HELD_COLUMNS \
	"SELECT id,uid,login,t,rcpts,size,\"from\",subject,script,reason,state,state_t," \
	"attempt,result FROM held "

int
store_held_put(struct store *s, const struct store_held *v, struct err *e)
{
	struct row r = {.what = WRITE_HELD_PUT};

	row_text(&r, v->id);
	row_num(&r, v->uid);
	row_text(&r, v->login);
	row_num(&r, v->t.us);
	row_num(&r, v->rcpts);
	row_num(&r, v->size);
	row_text(&r, v->from);
	row_text(&r, v->subject);
	row_raw(&r, v->script == NULL ? "" : v->script);
	row_text(&r, v->reason);
	row_text(&r, v->state);
	row_num(&r, v->state_t.us);
	row_num(&r, v->attempt);
	row_text(&r, v->result);
	return store_put(s, &r, e);
}

int
store_held_set_state(struct store *s, const char *id, const char *state, int64_t attempt,
		     const char *result, wall_t t, struct err *e)
{
	struct row r = {.what = WRITE_HELD_STATE};

	row_text(&r, id);
	row_text(&r, state);
	row_num(&r, attempt);
	row_text(&r, result);
	row_num(&r, t.us);
	return store_put(s, &r, e);
}

static void
held_of(sqlite3_stmt *q, struct store_held *v)
{
	*v = (struct store_held){.id = col_text(q, 0),
				 .uid = col_num(q, 1),
				 .login = col_text(q, 2),
				 .t = col_time(q, 3),
				 .rcpts = col_num(q, 4),
				 .size = col_num(q, 5),
				 .from = col_text(q, 6),
				 .subject = col_text(q, 7),
				 .script = col_text(q, 8),
				 .reason = col_text(q, 9),
				 .state = col_text(q, 10),
				 .state_t = col_time(q, 11),
				 .attempt = col_num(q, 12),
				 .result = col_text(q, 13)};
}

int
store_held_get(struct store *s, const char *id,
	       bool (*fn)(void *, const struct store_held *), void *arg, struct err *e)
{
	sqlite3_stmt *q = store_read(s, HELD_COLUMNS "WHERE id=?", e);
	struct store_held v;
	int r;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_text(q, 1, id, -1, SQLITE_STATIC);
	r = store_read_next(s, q, e);
	if (r == 1) {
		held_of(q, &v);
		(void)fn(arg, &v);
	}
	store_read_end(q);
	return r;
}

/* Call fn for each row of q, which is ended here. */
static int
held_rows(struct store *s, sqlite3_stmt *q, bool (*fn)(void *, const struct store_held *),
	  void *arg, struct err *e)
{
	struct store_held v;
	int r;

	while ((r = store_read_next(s, q, e)) == 1) {
		held_of(q, &v);
		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

int
store_held_open_after(struct store *s, int64_t uid, const char *after, int limit,
		      bool (*fn)(void *, const struct store_held *), void *arg,
		      struct err *e)
{
	/* apart, so that one account's are found by its index */
	const char *sql =
	    uid < 0 ? HELD_COLUMNS "WHERE id>?1 AND state NOT IN('released','discarded') "
				   "ORDER BY id LIMIT ?3"
		    : HELD_COLUMNS "WHERE id>?1 AND uid=?2 AND state NOT IN('released',"
				   "'discarded') ORDER BY id LIMIT ?3";
	sqlite3_stmt *q = store_read(s, sql, e);

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_text(q, 1, after, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(q, 2, uid);
	(void)sqlite3_bind_int(q, 3, limit);
	return held_rows(s, q, fn, arg, e);
}

int
store_held_each(struct store *s, int64_t uid, const char *state, int limit,
		bool (*fn)(void *, const struct store_held *), void *arg, struct err *e)
{
	/* one statement for each index; ?3 is -1 for no limit */
	const char *sql = uid >= 0 && state != NULL ? HELD_COLUMNS
			      "WHERE uid=?1 AND state=?2 ORDER BY id LIMIT ?3"
			  : uid >= 0 ? HELD_COLUMNS "WHERE uid=?1 ORDER BY id LIMIT ?3"
			  : state != NULL ? HELD_COLUMNS
			      "WHERE state=?2 ORDER BY t,id LIMIT ?3"
					  : HELD_COLUMNS "ORDER BY id LIMIT ?3";
	sqlite3_stmt *q = store_read(s, sql, e);

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, uid);
	(void)sqlite3_bind_text(q, 2, state, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int(q, 3, limit > 0 ? limit : -1);
	return held_rows(s, q, fn, arg, e);
}
