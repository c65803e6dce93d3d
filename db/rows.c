/*
 * rows - the typed rows of store.h
 *
 * Job:     struct to values and back, one pair of functions a table.
 * Touches: the database, by store_put and store_read.
 */
#include "store_int.h"

#include <string.h>

/* --- values in and out
 * ------------------------------------------------------------------- */

static void
add(struct row *r, int type, int64_t num, const void *p, size_t len)
{
	r->v[r->count++] = (struct row_value){type, num, p, len};
}

static void
num(struct row *r, int64_t v)
{
	add(r, SQLITE_INTEGER, v, NULL, 0);
}

/* SQLite's integers are signed; dev, ino and hashes keep their 64 bits. */
static void
bits(struct row *r, uint64_t v)
{
	int64_t i;

	memcpy(&i, &v, sizeof i);
	num(r, i);
}

static void
text(struct row *r, const char *v)
{
	if (v == NULL)
		v = "";
	add(r, SQLITE_TEXT, 0, v, strlen(v));
}

/* Raw bytes of a path; NULL stays NULL. */
static void
raw(struct row *r, const char *v)
{
	if (v == NULL)
		add(r, SQLITE_NULL, 0, NULL, 0);
	else
		add(r, SQLITE_BLOB, 0, v, strlen(v));
}

static int64_t
col_num(sqlite3_stmt *q, int i)
{
	return sqlite3_column_int64(q, i);
}

static uint64_t
col_bits(sqlite3_stmt *q, int i)
{
	int64_t v = sqlite3_column_int64(q, i);
	uint64_t u;

	memcpy(&u, &v, sizeof u);
	return u;
}

static wall_t
col_time(sqlite3_stmt *q, int i)
{
	return (wall_t){sqlite3_column_int64(q, i)};
}

/* Text or raw bytes as a terminated string, never NULL. (SQLite terminates what it
 * converts to text; a BLOB is converted without looking at its bytes.) */
static const char *
col_text(sqlite3_stmt *q, int i)
{
	const unsigned char *t = sqlite3_column_text(q, i);

	return t == NULL ? "" : (const char *)t;
}

static const char *
col_text_or_null(sqlite3_stmt *q, int i)
{
	return sqlite3_column_type(q, i) == SQLITE_NULL ? NULL : col_text(q, i);
}

/* --- account
 * ----------------------------------------------------------------------------- */

int
store_account_put(struct store *s, const struct store_account *v, struct err *e)
{
	struct row r = {.what = WRITE_ACCOUNT_PUT};

	num(&r, v->uid);
	text(&r, v->login);
	text(&r, v->state);
	text(&r, v->word);
	num(&r, v->until.us);
	num(&r, v->since.us);
	text(&r, v->reason);
	num(&r, v->changed.us);
	if (v->record == NULL)
		add(&r, SQLITE_NULL, 0, NULL, 0);
	else
		add(&r, SQLITE_BLOB, 0, v->record, v->record_len);
	return store_put(s, &r, e);
}

int
store_account_drop(struct store *s, int64_t uid, struct err *e)
{
	struct row r = {.what = WRITE_ACCOUNT_DROP};

	num(&r, uid);
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

/* --- decision
 * ---------------------------------------------------------------------------- */

int
store_decision_add(struct store *s, const struct store_decision *v, struct err *e)
{
	struct row r = {.what = WRITE_DECISION_ADD};

	num(&r, v->t.us);
	num(&r, v->uid);
	text(&r, v->subject);
	text(&r, v->from);
	text(&r, v->to);
	text(&r, v->reason);
	text(&r, v->who);
	text(&r, v->facts);
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

/* --- held message
 * ------------------------------------------------------------------------ */

#define HELD_COLUMNS \
	"SELECT id,uid,login,t,rcpts,size,\"from\",subject,script,reason,state,state_t," \
	"attempt,result FROM held "

int
store_held_put(struct store *s, const struct store_held *v, struct err *e)
{
	struct row r = {.what = WRITE_HELD_PUT};

	text(&r, v->id);
	num(&r, v->uid);
	text(&r, v->login);
	num(&r, v->t.us);
	num(&r, v->rcpts);
	num(&r, v->size);
	text(&r, v->from);
	text(&r, v->subject);
	raw(&r, v->script == NULL ? "" : v->script);
	text(&r, v->reason);
	text(&r, v->state);
	num(&r, v->state_t.us);
	num(&r, v->attempt);
	text(&r, v->result);
	return store_put(s, &r, e);
}

int
store_held_set_state(struct store *s, const char *id, const char *state, int64_t attempt,
		     const char *result, wall_t t, struct err *e)
{
	struct row r = {.what = WRITE_HELD_STATE};

	text(&r, id);
	text(&r, state);
	num(&r, attempt);
	text(&r, result);
	num(&r, t.us);
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
	struct store_held v;
	int r;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, uid);
	(void)sqlite3_bind_text(q, 2, state, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int(q, 3, limit > 0 ? limit : -1);
	while ((r = store_read_next(s, q, e)) == 1) {
		held_of(q, &v);
		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

/* --- file
 * -------------------------------------------------------------------------------- */

int
store_file_put(struct store *s, const struct store_file *v, struct err *e)
{
	struct row r = {.what = v->verdict == 0 ? WRITE_FILE_CLEAN : WRITE_FILE_PUT};

	bits(&r, v->dev);
	bits(&r, v->ino);
	bits(&r, v->size);
	num(&r, v->ctime_us);
	bits(&r, v->rules);
	num(&r, v->verdict);
	num(&r, v->score);
	num(&r, v->uid);
	raw(&r, v->path);
	if (v->reason == NULL || v->reason[0] == '\0')
		raw(&r, NULL);
	else
		text(&r, v->reason);
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
store_file_drop(struct store *s, uint64_t dev, uint64_t ino, struct err *e)
{
	struct row r = {.what = WRITE_FILE_DROP};

	bits(&r, dev);
	bits(&r, ino);
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

/* --- finding
 * ----------------------------------------------------------------------------- */

int
store_finding_put(struct store *s, const struct store_finding *v, struct err *e)
{
	struct row r = {.what = WRITE_FINDING_PUT};

	bits(&r, v->dev);
	bits(&r, v->ino);
	text(&r, v->rule);
	text(&r, v->group);
	num(&r, v->points);
	num(&r, v->uid);
	raw(&r, v->path == NULL ? "" : v->path);
	text(&r, v->sha256);
	num(&r, v->t.us);
	num(&r, v->gone.us);
	return store_put(s, &r, e);
}

int
store_finding_gone(struct store *s, uint64_t dev, uint64_t ino, wall_t t, struct err *e)
{
	struct row r = {.what = WRITE_FINDING_GONE};

	bits(&r, dev);
	bits(&r, ino);
	num(&r, t.us);
	return store_put(s, &r, e);
}

int
store_finding_each(struct store *s, int64_t uid, bool live,
		   bool (*fn)(void *, const struct store_finding *), void *arg,
		   struct err *e)
{
	sqlite3_stmt *q =
	    store_read(s,
		       "SELECT dev,ino,rule,\"group\",points,uid,path,sha256,t,gone FROM "
		       "finding WHERE (?1<0 OR uid=?1) AND (?2=0 OR gone=0) "
		       "ORDER BY uid,dev,ino,rule",
		       e);
	int r;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, uid);
	(void)sqlite3_bind_int(q, 2, live);
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

/* --- set aside
 * --------------------------------------------------------------------------- */

int
store_aside_put(struct store *s, const struct store_aside *v, struct err *e)
{
	struct row r = {.what = WRITE_ASIDE_PUT};

	text(&r, v->id);
	num(&r, v->uid);
	bits(&r, v->dev);
	bits(&r, v->ino);
	raw(&r, v->path == NULL ? "" : v->path);
	num(&r, v->t.us);
	text(&r, v->state);
	text(&r, v->result);
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

/* --- incident
 * ---------------------------------------------------------------------------- */

int
store_incident_put(struct store *s, const struct store_incident *v, struct err *e)
{
	struct row r = {.what = WRITE_INCIDENT_PUT};

	text(&r, v->key);
	num(&r, v->t_first.us);
	num(&r, v->t_last.us);
	num(&r, v->t_told.us);
	num(&r, v->t_closed.us);
	num(&r, v->count);
	text(&r, v->text);
	return store_put(s, &r, e);
}

int
store_incident_each(struct store *s, bool open,
		    bool (*fn)(void *, const struct store_incident *), void *arg,
		    struct err *e)
{
	sqlite3_stmt *q = store_read(
	    s,
	    "SELECT key,t_first,t_last,t_told,t_closed,count,text FROM incident "
	    "WHERE ?1=0 OR t_closed=0 ORDER BY t_first,key",
	    e);
	int r;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int(q, 1, open);
	while ((r = store_read_next(s, q, e)) == 1) {
		struct store_incident v = {.key = col_text(q, 0),
					   .t_first = col_time(q, 1),
					   .t_last = col_time(q, 2),
					   .t_told = col_time(q, 3),
					   .t_closed = col_time(q, 4),
					   .count = col_num(q, 5),
					   .text = col_text(q, 6)};

		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

/* --- counter
 * ----------------------------------------------------------------------------- */

int
store_counter_add(struct store *s, const struct store_counter *v, struct err *e)
{
	struct row r = {.what = WRITE_COUNTER_ADD};

	num(&r, v->hour);
	text(&r, v->provider);
	num(&r, v->uid);
	text(&r, v->scope);
	text(&r, v->outcome);
	num(&r, v->count);
	return store_put(s, &r, e);
}

int
store_counter_each(struct store *s, int64_t since_hour,
		   bool (*fn)(void *, const struct store_counter *), void *arg,
		   struct err *e)
{
	sqlite3_stmt *q =
	    store_read(s,
		       "SELECT hour,provider,uid,scope,outcome,count FROM counter WHERE "
		       "hour>=? ORDER BY hour,provider,uid,scope,outcome",
		       e);
	int r;

	if (q == NULL)
		return -1;
	(void)sqlite3_bind_int64(q, 1, since_hour);
	while ((r = store_read_next(s, q, e)) == 1) {
		struct store_counter v = {.hour = col_num(q, 0),
					  .provider = col_text(q, 1),
					  .uid = col_num(q, 2),
					  .scope = col_text(q, 3),
					  .outcome = col_text(q, 4),
					  .count = col_num(q, 5)};

		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

/* --- trust
 * ------------------------------------------------------------------------------- */

int
store_trust_put(struct store *s, const struct store_trust *v, struct err *e)
{
	struct row r = {.what = WRITE_TRUST_PUT};

	num(&r, v->uid);
	text(&r, v->kind);
	raw(&r, v->key == NULL ? "" : v->key);
	text(&r, v->who);
	num(&r, v->t.us);
	num(&r, v->until.us);
	return store_put(s, &r, e);
}

int
store_trust_drop(struct store *s, int64_t uid, const char *kind, const char *key,
		 struct err *e)
{
	struct row r = {.what = WRITE_TRUST_DROP};

	num(&r, uid);
	text(&r, kind);
	raw(&r, key == NULL ? "" : key);
	return store_put(s, &r, e);
}

int
store_trust_each(struct store *s, bool (*fn)(void *, const struct store_trust *),
		 void *arg, struct err *e)
{
	sqlite3_stmt *q = store_read(
	    s, "SELECT uid,kind,key,who,t,until FROM trust ORDER BY uid,kind,key", e);
	int r;

	if (q == NULL)
		return -1;
	while ((r = store_read_next(s, q, e)) == 1) {
		struct store_trust v = {.uid = col_num(q, 0),
					.kind = col_text(q, 1),
					.key = col_text(q, 2),
					.who = col_text(q, 3),
					.t = col_time(q, 4),
					.until = col_time(q, 5)};

		if (!fn(arg, &v))
			break;
	}
	store_read_end(q);
	return r < 0 ? -1 : 0;
}

/* --- single values
 * ----------------------------------------------------------------------- */

int
store_kv_put(struct store *s, const char *name, const void *value, size_t len,
	     struct err *e)
{
	struct row r = {.what = WRITE_KV_PUT};

	text(&r, name);
	add(&r, SQLITE_BLOB, 0, value == NULL ? "" : value, len);
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

		num(&r, before.us);
		if (store_put(s, &r, e) != 0)
			return -1;
	}
	return 0;
}
