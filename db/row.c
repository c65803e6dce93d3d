/*
 * row - values into a row on its way, and out of a row that was read
 *
 * Job:     see store_int.h.
 * Touches: nothing.
 */
#include "store_int.h"

#include <string.h>

void
row_add(struct row *r, int type, int64_t num, const void *p, size_t len)
{
	r->v[r->count++] = (struct row_value){type, num, p, len};
}

void
row_num(struct row *r, int64_t v)
{
	row_add(r, SQLITE_INTEGER, v, NULL, 0);
}

void
row_bits(struct row *r, uint64_t v)
{
	int64_t i;

	memcpy(&i, &v, sizeof i);
	row_num(r, i);
}

void
row_text(struct row *r, const char *v)
{
	if (v == NULL)
		v = "";
	row_add(r, SQLITE_TEXT, 0, v, strlen(v));
}

void
row_raw(struct row *r, const char *v)
{
	if (v == NULL)
		row_add(r, SQLITE_NULL, 0, NULL, 0);
	else
		row_add(r, SQLITE_BLOB, 0, v, strlen(v));
}

int64_t
col_num(sqlite3_stmt *q, int i)
{
	return sqlite3_column_int64(q, i);
}

uint64_t
col_bits(sqlite3_stmt *q, int i)
{
	int64_t v = sqlite3_column_int64(q, i);
	uint64_t u;

	memcpy(&u, &v, sizeof u);
	return u;
}

wall_t
col_time(sqlite3_stmt *q, int i)
{
	return (wall_t){sqlite3_column_int64(q, i)};
}

const char *
col_text(sqlite3_stmt *q, int i)
{
	const unsigned char *t = sqlite3_column_text(q, i);

	return t == NULL ? "" : (const char *)t;
}

const char *
col_text_or_null(sqlite3_stmt *q, int i)
{
	return sqlite3_column_type(q, i) == SQLITE_NULL ? NULL : col_text(q, i);
}

struct store_counter
col_counter(sqlite3_stmt *q)
{
	return (struct store_counter){.hour = col_num(q, 0),
				      .provider = col_text(q, 1),
				      .uid = col_num(q, 2),
				      .scope = col_text(q, 3),
				      .outcome = col_text(q, 4),
				      .count = col_num(q, 5)};
}
