/*
 * table - rows for people and for programs
 *
 * Job:     print rows by columns.def: JSON lines, a table, or records.
 * Touches: standard output.
 * Source:  columns.def.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "client.h"
#include "columns.def"
#include "text.h"
#include "xmem.h"

#define ROWS 200       /* laid out together; then the widths are kept */
#define COLUMNS_MAX 16 /* of one verb, with a header */
#define CELL_MAX 1024  /* bytes of one cell */
#define NARROWEST 8    /* a cut column keeps so many places */

enum kind {
	KIND_TEXT,
	KIND_WORD,
	KIND_NUM,
	KIND_TIME,
	KIND_SPAN,
	KIND_BYTES,
	KIND_BOOL,
	KIND_LIST
};
enum style { STYLE_TABLE, STYLE_RECORD };

static const struct column {
	const char *verb, *field, *header;
	enum kind kind;
} columns[] = {
#define V(verb, style)
#define C(verb, field, header, kind, meaning) {verb, #field, header, KIND_##kind},
    COLUMNS_TABLE(V, C)
#undef V
#undef C
};
#define COLUMNS (sizeof columns / sizeof columns[0])

static const struct {
	const char *verb;
	enum style style;
} styles[] = {
#define V(verb, style) {verb, STYLE_##style},
#define C(verb, field, header, kind, meaning)
    COLUMNS_TABLE(V, C)
#undef V
#undef C
};

struct table {
	const struct cli *c;
	const char *verb;
	enum style style;
	const struct column *cols[COLUMNS_MAX];
	size_t count;
	char *cells[ROWS][COLUMNS_MAX];
	size_t rows, printed;
	int width[COLUMNS_MAX];
	bool laid_out;
};

/* Words that a colour helps to find. */
static const struct {
	const char *word, *code;
} colours[] = {
    {"held", "31"},      {"malicious", "31"}, {"off", "31"},        {"bad", "31"},
    {"refused", "31"},   {"failed", "31"},    {"unsure", "31"},     {"damaged", "31"},
    {"watched", "33"},   {"degraded", "33"},  {"suspicious", "33"}, {"warn", "33"},
    {"unscanned", "33"}, {"expired", "33"},   {"ok", "32"},         {"clear", "32"},
    {"released", "32"},
};

struct table *
table_new(const struct cli *c, const char *verb)
{
	struct table *t = xcalloc(1, sizeof *t);
	size_t i;

	t->c = c;
	t->verb = verb;
	for (i = 0; i < sizeof styles / sizeof styles[0]; i++)
		if (strcmp(styles[i].verb, verb) == 0)
			t->style = styles[i].style;
	for (i = 0; i < COLUMNS; i++)
		if (strcmp(columns[i].verb, verb) == 0 && columns[i].header[0] != '\0' &&
		    t->count < COLUMNS_MAX)
			t->cols[t->count++] = &columns[i];
	return t;
}

/* --- one value --- */

static void
put_time(char *dst, size_t size, const json_t *v)
{
	struct tm tm;
	time_t s;

	dst[0] = '\0';
	if (!json_is_number(v))
		return;
	s = (time_t)json_number_value(v);
	if (localtime_r(&s, &tm) == NULL ||
	    strftime(dst, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		dst[0] = '\0';
}

static void put_value(char *dst, size_t size, const json_t *v, enum kind kind);

static void
put_list(char *dst, size_t size, const json_t *v)
{
	size_t i, used = 0;

	dst[0] = '\0';
	for (i = 0; i < json_array_size(v) && used + 3 < size; i++) {
		if (i > 0)
			dst[used++] = ',';
		put_value(dst + used, size - used, json_array_get(v, i), KIND_TEXT);
		used += strlen(dst + used);
	}
}

/* Any JSON value as one safe line; kinds that do not fit the value fall back to its text.
 */
static void
put_value(char *dst, size_t size, const json_t *v, enum kind kind)
{
	char *dumped;

	dst[0] = '\0';
	if (v == NULL || json_is_null(v))
		return;
	if (kind == KIND_TIME)
		put_time(dst, size, v);
	else if (kind == KIND_SPAN && json_is_number(v))
		text_span(dst, size, (int64_t)json_number_value(v));
	else if (kind == KIND_BYTES && json_is_integer(v) && json_integer_value(v) >= 0)
		text_bytes(dst, size, (uint64_t)json_integer_value(v));
	else if (json_is_boolean(v))
		(void)snprintf(dst, size, "%s", json_is_true(v) ? "yes" : "no");
	else if (json_is_array(v))
		put_list(dst, size, v);
	else if (json_is_string(v))
		text_safe_n(dst, size, json_string_value(v), json_string_length(v));
	else {
		dumped = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
		text_safe(dst, size, dumped);
		free(dumped);
	}
}

/* --- widths --- */

/* Places one character takes on a terminal; p is valid UTF-8. *len its bytes. */
static int
places(const char *p, size_t *len)
{
	unsigned char b = (unsigned char)*p;
	wchar_t w;
	int n;

	*len = b < 0x80 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
	if (*len == 1)
		return 1;
	w = (wchar_t)(b & (0xff >> (*len + 1)));
	for (size_t i = 1; i < *len; i++)
		w = (wchar_t)((w << 6) | (p[i] & 0x3f));
	/* wcwidth needs a locale; East Asian blocks and emoji are wide in all of them */
	n = (w >= 0x300 && w <= 0x36f) || w == 0x200b || w == 0x200d || w == 0xfe0f ? 0
										    : 1;
	if ((w >= 0x1100 && w <= 0x115f) || (w >= 0x2e80 && w <= 0xa4cf) ||
	    (w >= 0xac00 && w <= 0xd7a3) || (w >= 0xf900 && w <= 0xfaff) ||
	    (w >= 0xfe30 && w <= 0xfe6f) || (w >= 0xff00 && w <= 0xff60) ||
	    (w >= 0x1f300 && w <= 0x1faff) || (w >= 0x20000 && w <= 0x3fffd))
		n = 2;
	return n;
}

static int
width_of(const char *s)
{
	int w = 0;
	size_t n;

	for (; *s != '\0'; s += n)
		w += places(s, &n);
	return w;
}

/* Print s in `width` places: cut with "...", filled when not the last column. */
static void
put_cell(const char *s, int width, bool last, const char *colour)
{
	int whole = width_of(s), w = 0, keep = whole > width ? width - 3 : width;
	size_t n;

	if (colour != NULL)
		printf("\033[%sm", colour);
	for (; *s != '\0'; s += n) {
		int one = places(s, &n);

		if (w + one > keep)
			break;
		(void)fwrite(s, 1, n, stdout);
		w += one;
	}
	if (whole > width) {
		printf("...");
		w += 3;
	}
	if (colour != NULL)
		printf("\033[0m");
	if (!last)
		printf("%*s", width - w + 2, "");
}

static bool
can_be_cut(const struct column *col)
{
	return col->kind == KIND_TEXT || col->kind == KIND_LIST;
}

/* As wide as the widest cell; on a terminal the widest texts give until all fit. */
static void
lay_out(struct table *t)
{
	size_t i, r;
	int sum;

	for (i = 0; i < t->count; i++) {
		t->width[i] = (int)strlen(t->cols[i]->header);
		for (r = 0; r < t->rows; r++) {
			int w = width_of(t->cells[r][i]);

			t->width[i] = w > t->width[i] ? w : t->width[i];
		}
	}
	t->laid_out = true;
	while (t->c->tty) {
		size_t widest = t->count;

		for (sum = 0, i = 0; i < t->count; i++) {
			sum += t->width[i] + (i + 1 < t->count ? 2 : 0);
			if (can_be_cut(t->cols[i]) && t->width[i] > NARROWEST &&
			    (widest == t->count || t->width[i] > t->width[widest]))
				widest = i;
		}
		if (sum <= t->c->width || widest == t->count)
			return;
		t->width[widest]--;
	}
}

static bool
empty_column(const struct table *t, size_t i)
{
	size_t r;

	for (r = 0; r < t->rows; r++)
		if (t->cells[r][i][0] != '\0')
			return false;
	return true;
}

static const char *
colour_of(const struct table *t, const char *s, const struct column *col)
{
	size_t i;

	if (!t->c->colour || col->kind != KIND_WORD)
		return NULL;
	for (i = 0; i < sizeof colours / sizeof colours[0]; i++)
		if (strcmp(colours[i].word, s) == 0)
			return colours[i].code;
	return NULL;
}

static void
drop_column(struct table *t, size_t i)
{
	size_t r;

	for (r = 0; r < t->rows; r++) {
		free(t->cells[r][i]);
		memmove(&t->cells[r][i], &t->cells[r][i + 1],
			(t->count - i - 1) * sizeof t->cells[r][0]);
	}
	memmove(&t->cols[i], &t->cols[i + 1], (t->count - i - 1) * sizeof t->cols[0]);
	t->count--;
}

void
table_flush(struct table *t)
{
	size_t i, r;

	if (t->rows == 0)
		return;
	if (!t->laid_out) {
		/* a column that nothing is in takes no room; not later: rows may follow
		 */
		for (i = t->count; i-- > 0 && t->rows < ROWS;)
			if (t->count > 1 && empty_column(t, i))
				drop_column(t, i);
		lay_out(t);
		for (i = 0; i < t->count; i++)
			put_cell(t->cols[i]->header, t->width[i], i + 1 == t->count,
				 NULL);
		printf("\n");
	}
	for (r = 0; r < t->rows; r++) {
		size_t last = t->count - 1;

		while (last > 0 && t->cells[r][last][0] == '\0')
			last--;
		for (i = 0; i < t->count; i++) {
			/* a later row may be wider than what was laid out: not on a
			 * terminal, where it is cut */
			int w = t->c->tty ? t->width[i] : width_of(t->cells[r][i]);

			if (i <= last)
				put_cell(t->cells[r][i],
					 w > t->width[i] ? w : t->width[i], i == last,
					 colour_of(t, t->cells[r][i], t->cols[i]));
			free(t->cells[r][i]);
		}
		printf("\n");
	}
	t->printed += t->rows;
	t->rows = 0;
}

static void
print_record(struct table *t, const json_t *row)
{
	char text[CELL_MAX];
	size_t i;

	if (t->printed++ > 0)
		printf("\n");
	for (i = 0; i < t->count; i++) {
		put_value(text, sizeof text, json_object_get(row, t->cols[i]->field),
			  t->cols[i]->kind);
		if (text[0] != '\0')
			printf("%-10s %s\n", t->cols[i]->header, text);
	}
}

/* A verb that columns.def does not know: every field by its name. */
static void
print_unknown(const json_t *row)
{
	char text[CELL_MAX], name[64];
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)row, key, v)
	{
		put_value(text, sizeof text, v, KIND_TEXT);
		printf("%s=%s ", text_safe(name, sizeof name, key), text);
	}
	printf("\n");
}

void
table_row(struct table *t, const json_t *row)
{
	size_t i;

	if (t->c->json) {
		/* nothing beyond ASCII: C1 controls could drive the terminal behind a pipe */
		(void)json_dumpf(row, stdout,
				 JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
		printf("\n");
		(void)fflush(stdout);
	} else if (t->count == 0) {
		print_unknown(row);
	} else if (t->style == STYLE_RECORD) {
		print_record(t, row);
	} else {
		for (i = 0; i < t->count; i++) {
			char text[CELL_MAX];

			put_value(text, sizeof text,
				  json_object_get(row, t->cols[i]->field),
				  t->cols[i]->kind);
			t->cells[t->rows][i] = xstrdup(text);
		}
		if (++t->rows == ROWS)
			table_flush(t);
	}
}

void
table_free(struct table **tp)
{
	struct table *t = *tp;

	if (t == NULL)
		return;
	table_flush(t);
	(void)fflush(stdout);
	free(t);
	*tp = NULL;
}
