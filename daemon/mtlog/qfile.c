/*
 * qfile - who handed in a message of Postfix's queue, from its queue file
 *
 * Job:     see qfile.h.
 * Touches: nothing.
 */
#include "qfile.h"

#include <stdbool.h>
#include <string.h>

#include "msg.h"
#include "mt_scan.h"

#define HEADERS 16 /* records of the message that are looked at */

enum {
	TYPE_NOTE = 'A',    /* of the envelope: "name=value" */
	TYPE_MESSAGE = 'M', /* the message's records follow */
	TYPE_LINE = 'N',    /* a line of it */
	TYPE_PART = 'L',    /* a part of a long line */
	TYPE_POINTER = 'p', /* goes on elsewhere: a filter made it longer */
	TYPE_END = 'X',     /* of the message */
};

/* 1: a record, *c behind it; 0: the bytes end before it does; -1: none can be there. */
static int
record(struct cursor *c, char *type_out, struct slice *data_out)
{
	const char *p = c->p;
	size_t n = 0;
	unsigned shift = 0;
	unsigned char b;

	if (p == c->end)
		return 0;
	*type_out = *p++;
	do {
		if (p == c->end)
			return 0;
		if (shift > 21)
			return -1;
		b = (unsigned char)*p++;
		n |= (size_t)(b & 0x7f) << shift;
		shift += 7;
	} while ((b & 0x80) != 0);
	if ((size_t)(c->end - p) < n)
		return 0;
	*data_out = slice_of(p, p + n);
	c->p = p + n;
	return 1;
}

/* "Received: by mb.test (Postfix, from userid 2001)" -> 2001; else OWNER_NONE. */
static int64_t
from_userid(struct slice line)
{
	static const char mark[] = ", from userid ";
	struct cursor c;
	const char *at;
	uint64_t uid;

	if (!slice_begins(line, "Received: by ") || (at = slice_find(line, mark)) == NULL)
		return -1;
	c = (struct cursor){at + sizeof mark - 1, line.s + line.len};
	if (!cursor_number(&c, &uid) || uid > UINT32_MAX - 1 || c.end - c.p != 1 ||
	    *c.p != ')')
		return -1;
	return (int64_t)uid;
}

/* "<tab>id QUEUEID; Sun, ..." */
static bool
has_id(struct slice line, const char *id)
{
	struct cursor c = {line.s, line.s + line.len};

	return cursor_take(&c, "\tid ") && cursor_take(&c, id) && cursor_take(&c, ";");
}

/* pickup(8) notes this, smtpd(8) the client's name; a sender's own notes do not get
 * here (postdrop(1) and pickup let through none by this name). */
static bool
notes_local(struct slice data)
{
	return slice_is(data, "log_message_origin=local");
}

int64_t
qfile_uid(const char *p, size_t len, const char *id)
{
	struct cursor c = {p, p + len};
	struct slice data;
	int64_t named = OWNER_NONE, none = OWNER_NONE;
	bool inside = false;
	int seen = 0, rc;
	char type;

	while ((rc = record(&c, &type, &data)) == 1 && seen < HEADERS) {
		if (type == TYPE_MESSAGE) {
			inside = true;
			continue;
		}
		if (!inside && type == TYPE_NOTE && notes_local(data))
			none = OWNER_TAKEN_OUT;
		if (!inside || type == TYPE_POINTER)
			continue;
		if (type == TYPE_END || (type != TYPE_LINE && type != TYPE_PART))
			return none;
		seen++;
		if (named >= 0 && has_id(data, id))
			return named;
		named = type == TYPE_LINE ? from_userid(data) : OWNER_NONE;
		if (data.len == 0) /* the headers end */
			return none;
	}
	return rc == 0 ? OWNER_SOMEBODY : none;
}
