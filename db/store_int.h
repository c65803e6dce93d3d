/*
 * store_int - between store.c (the file, the transaction, the queue) and rows.c (the
 * rows)
 *
 * Job:     a row on its way: a statement and its values.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_STORE_INT_H
#define MAILBRAKE_STORE_INT_H

#include <sqlite3.h>

#include "store.h"

/*
 * Every statement that writes. W(NAME, durable, clean, SQL)
 * durable: its group is fsynced; clean: may be left out when the queue is half full.
 */
#define STORE_WRITES(W) \
	W(ACCOUNT_PUT, 0, 0, \
	  "INSERT OR REPLACE INTO " \
	  "account(uid,login,state,word,until,since,reason,changed," \
	  "record) VALUES(?,?,?,?,?,?,?,?,?)") \
	W(ACCOUNT_DROP, 0, 0, "DELETE FROM account WHERE uid=?") \
	W(DECISION_ADD, 1, 0, \
	  "INSERT INTO decision(t,uid,subject,\"from\",\"to\",reason,who,facts) " \
	  "VALUES(?,?,?,?,?,?,?,?)") \
	W(HELD_PUT, 1, 0, \
	  "INSERT OR REPLACE INTO " \
	  "held(id,uid,login,t,rcpts,size,\"from\",subject,script," \
	  "reason,state,state_t,attempt,result) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)") \
	W(HELD_STATE, 1, 0, \
	  "UPDATE held SET state=?2,attempt=?3,result=?4,state_t=?5 WHERE id=?1") \
	W(FILE_CLEAN, 0, 1, \
	  "INSERT OR REPLACE INTO file(dev,ino,size,ctime,rules,verdict,score,uid,path," \
	  "reason) VALUES(?,?,?,?,?,?,?,?,?,?)") \
	W(FILE_PUT, 1, 0, \
	  "INSERT OR REPLACE INTO file(dev,ino,size,ctime,rules,verdict,score,uid,path," \
	  "reason) VALUES(?,?,?,?,?,?,?,?,?,?)") \
	W(FOUND_PUT, 0, 1, \
	  "INSERT OR REPLACE INTO found(dev,ino,part,digest) VALUES(?,?,?,?)") \
	W(FOUND_DROP, 0, 0, "DELETE FROM found WHERE dev=? AND ino=?") \
	W(FILE_DROP, 0, 0, "DELETE FROM file WHERE dev=? AND ino=?") \
	W(FINDING_PUT, 1, 0, \
	  "INSERT INTO finding(dev,ino,rule,\"group\",points,uid,path,sha256,t,gone) " \
	  "VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT(dev,ino,rule) DO UPDATE SET " \
	  "t=CASE WHEN sha256=excluded.sha256 AND gone=0 THEN t ELSE excluded.t END," \
	  "\"group\"=excluded.\"group\",points=excluded.points,uid=excluded.uid," \
	  "path=excluded.path,sha256=excluded.sha256,gone=excluded.gone") \
	W(FINDING_GONE, 1, 0, \
	  "UPDATE finding SET gone=?3 WHERE dev=?1 AND ino=?2 AND gone=0") \
	W(FINDING_TRIM, 0, 0, \
	  "DELETE FROM finding WHERE (dev,ino,rule) IN (SELECT dev,ino,rule FROM " \
	  "finding " \
	  "WHERE uid=?1 ORDER BY gone=0,points,t LIMIT ?2)") \
	W(ASIDE_PUT, 1, 0, \
	  "INSERT OR REPLACE INTO set_aside(id,uid,dev,ino,path,t,state,result) " \
	  "VALUES(?,?,?,?,?,?,?,?)") \
	W(INCIDENT_PUT, 0, 0, \
	  "INSERT OR REPLACE INTO " \
	  "incident(key,t_first,t_last,t_told,count,text) VALUES(?,?,?,?,?,?)") \
	W(COUNTER_ADD, 0, 0, \
	  "INSERT INTO counter(hour,provider,uid,scope,outcome,count) " \
	  "VALUES(?,?,?,?,?,?) " \
	  "ON CONFLICT DO UPDATE SET count=count+excluded.count") \
	W(TRUST_PUT, 1, 0, \
	  "INSERT OR REPLACE INTO trust(uid,kind,key,who,t,until,reason) " \
	  "VALUES(?,?,?,?,?,?,?)") \
	W(TRUST_DROP, 1, 0, "DELETE FROM trust WHERE uid=? AND kind=? AND key=?") \
	W(KV_PUT, 0, 0, "INSERT OR REPLACE INTO kv(name,value) VALUES(?,?)") \
	W(PRUNE_DECISION, 0, 0, "DELETE FROM decision WHERE t<?") \
	W(PRUNE_COUNTER, 0, 0, "DELETE FROM counter WHERE hour<?/3600000000") \
	W(PRUNE_FINDING, 0, 0, "DELETE FROM finding WHERE gone>0 AND gone<?") \
	W(PRUNE_INCIDENT, 0, 0, "DELETE FROM incident WHERE t_last<?") \
	W(PRUNE_HELD, 0, 0, \
	  "DELETE FROM held WHERE state IN('released','discarded','expired') AND " \
	  "state_t<?")

enum store_write {
#define W(NAME, durable, clean, sql) WRITE_##NAME,
	STORE_WRITES(W)
#undef W
	    WRITES
};

#define ROW_VALUES 16

/* A row being put together; all borrowed until store_put copies it. */
struct row {
	enum store_write what;
	int count;
	struct row_value {
		int type; /* SQLITE_INTEGER, SQLITE_TEXT, SQLITE_BLOB, SQLITE_NULL */
		int64_t num;
		const void *p;
		size_t len;
	} v[ROW_VALUES];
};

/* A copy of a row that waits. */
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
	sqlite3_stmt *file_query, *found_query; /* kept; or NULL */
	struct op *first, **last;
	size_t applied; /* rows of the queue inside the open transaction */
	bool in_txn, txn_full;
	uint64_t files_bound; /* 0: none */
	bool unsynced;        /* the last commit was not fsynced */
	bool salvage_due;     /* st.set_aside was not looked through yet */
	mono_t txn_began, retry_at;
	struct store_status st;
};

/* --- the file (store_file.c) --- */

/* Note what SQLite said in *s and *e; -1. */
int store_said(struct store *s, struct err *e, int rc, const char *what);
/* Does this code mean that the file is no database (any more)? */
bool store_is_damage(int rc);
/* Run statements that answer nothing; an SQLite code. */
int store_run(struct store *s, const char *sql);
/* First column of the first row as text ("" none); an SQLite code. */
int store_ask(struct store *s, const char *sql, char *buf, size_t size);
/* Open for writing; a damaged file is set aside and a new one begun. */
int store_file_open(struct store *s, struct err *e);
/* Rename the database and what belongs to it; it is closed then. */
int store_file_set_aside(struct store *s, struct err *e);
/* When it cannot be opened for writing: what the last checkpoint left, for reading. */
void store_file_open_read_only(struct store *s);
void store_file_close(struct store *s);
/* Make sure of room for the log. */
void store_file_reserve(const struct store *s);

#define STORE_SALVAGE_KEY \
	"salvage" /* kv: the file that is still to be looked through \
		   */

/* Read what can be read of st.set_aside into the new database (salvage.c). */
void store_salvage(struct store *s);

/* Queue a copy and apply it in the open transaction. ERR_AGAIN: full, refused. */
int store_put(struct store *s, const struct row *r, struct err *e);

/* Prepare a statement that reads. NULL with ERR_STORE. Finish with store_read_end. */
sqlite3_stmt *store_read(struct store *s, const char *sql, struct err *e);
/* 1 there is a row, 0 the end, -1 */
int store_read_next(struct store *s, sqlite3_stmt *q, struct err *e);
void store_read_end(sqlite3_stmt *q);
/* The kept statement for store_file_get; NULL with ERR_STORE. Reset it, do not finish it.
 */
sqlite3_stmt *store_file_query(struct store *s, struct err *e);
/* The same for store_found_get. */
sqlite3_stmt *store_found_query(struct store *s, struct err *e);

/* --- values (row.c) --- */

/* Put a value at the end of a row; type as in struct row_value. */
void row_add(struct row *r, int type, int64_t num, const void *p, size_t len);
void row_num(struct row *r, int64_t v);
/* SQLite's integers are signed; dev, ino and hashes keep their 64 bits. */
void row_bits(struct row *r, uint64_t v);
/* NULL becomes "". */
void row_text(struct row *r, const char *v);
/* Raw bytes of a path; NULL stays NULL. */
void row_raw(struct row *r, const char *v);

/* Column i of what store_read_next found. Text is borrowed until the next step. */
int64_t col_num(sqlite3_stmt *q, int i);
uint64_t col_bits(sqlite3_stmt *q, int i);
wall_t col_time(sqlite3_stmt *q, int i);
/* Text or raw bytes, terminated, never NULL. (SQLite terminates what it converts to text;
 * a BLOB is converted without a look at its bytes.) */
const char *col_text(sqlite3_stmt *q, int i);
const char *col_text_or_null(sqlite3_stmt *q, int i);
/* The row of a query that begins with SELECT COUNTER_COLUMNS. */
#define COUNTER_COLUMNS "hour,provider,uid,scope,outcome,count"
struct store_counter col_counter(sqlite3_stmt *q);

#endif
