/*
 * milter - the filter protocol of Sendmail, as far as a question about mail needs it
 *
 * Job:     see milter.h.
 * Touches: nothing.
 */
#include "milter.h"

#include <string.h>

#include "text.h"

/* of mfdef.h and mfapi.h */
enum {
	VERSION_MIN = 2,
	VERSION_OURS = 6,
	MAY_QUARANTINE = 0x20,
	NO_CONNECT = 0x1,
	NO_HELO = 0x2,
	NO_BODY = 0x10,
	NO_HEADERS = 0x20,
	NO_EOH = 0x40,
	NO_UNKNOWN = 0x100,
	NO_DATA = 0x200,
	QUIET_MAIL = 0x4000,
	QUIET_RCPT = 0x8000,
};
#define WANTED \
	(NO_CONNECT | NO_HELO | NO_BODY | NO_HEADERS | NO_EOH | NO_UNKNOWN | NO_DATA | \
	 QUIET_MAIL | QUIET_RCPT)
#define HELD_TEXT "mailbrake: held for review"

static uint32_t
get32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static void
put32(char *p, uint32_t n)
{
	p[0] = (char)(n >> 24);
	p[1] = (char)(n >> 16);
	p[2] = (char)(n >> 8);
	p[3] = (char)n;
}

/* One packet at out; bytes of it. */
static size_t
packet(char *out, char command, const void *data, size_t len)
{
	put32(out, (uint32_t)len + 1);
	out[4] = command;
	if (len > 0)
		memcpy(out + 5, data, len);
	return len + 5;
}

int64_t
milter_whole(const char *p, size_t len)
{
	uint32_t n;

	if (len < 4)
		return 0;
	n = get32(p);
	if (n == 0 || n > MILTER_MAX - 4)
		return -1;
	return len < (size_t)n + 4 ? 0 : (int64_t)n + 4;
}

/*
 * What both can. An MTA that cannot leave out the rest (none does today) would send it:
 * then there is nothing to talk about.
 */
static enum milter_word
agree(struct milter *m, const char *p, size_t len, char *out, size_t *out_len)
{
	char data[12];

	if (len < 12 || get32(p) < VERSION_MIN || (get32(p + 4) & MAY_QUARANTINE) == 0 ||
	    (get32(p + 8) & WANTED) != WANTED)
		return MILTER_WRONG;
	put32(data, get32(p) < VERSION_OURS ? get32(p) : VERSION_OURS);
	put32(data + 4, MAY_QUARANTINE);
	put32(data + 8, WANTED);
	*out_len = packet(out, 'O', data, sizeof data);
	m->open = true;
	return MILTER_SAY;
}

/* The next string of the data; NULL at the end, or when it does not end. */
static const char *
string(const char **p, const char *end)
{
	const char *s = *p, *nul = memchr(s, '\0', (size_t)(end - s));

	if (nul == NULL)
		return NULL;
	*p = nul + 1;
	return s;
}

/* For which command, then names and values. */
static void
macros(struct milter *m, const char *p, size_t len)
{
	const char *end = p + len, *name, *value;

	for (p++; p < end && (name = string(&p, end)) != NULL && p < end &&
		  (value = string(&p, end)) != NULL;) {
		if (strcmp(name, "i") == 0)
			(void)text_copy(m->id, sizeof m->id, value);
		else if (strcmp(name, "{auth_authen}") == 0)
			(void)text_copy(m->auth, sizeof m->auth, value);
	}
}

/* "<box@a.test>" and ESMTP words; what is too long is cut. false: it was. */
static bool
address(const char *p, size_t len, char *dst, size_t size)
{
	const char *end = p + len, *s = string(&p, end);
	size_t n;
	bool fits = true;

	dst[0] = '\0';
	if (s == NULL)
		return true;
	n = strlen(s);
	if (n >= 2 && s[0] == '<' && s[n - 1] == '>') {
		s++;
		n -= 2;
	}
	if (n >= size) {
		n = size - 1;
		fits = false;
	}
	memcpy(dst, s, n);
	dst[n] = '\0';
	return fits;
}

static void
recipient(struct milter *m, const char *p, size_t len)
{
	if (m->rcpts < MILTER_TO &&
	    !address(p, len, m->to[m->rcpts], sizeof m->to[m->rcpts]))
		m->to[m->rcpts][0] = '\0';
	m->rcpts++;
}

enum milter_word
milter_packet(struct milter *m, const char *p, size_t len, char out[MILTER_OUT],
	      size_t *out_len)
{
	const char *data = p + 5;
	size_t n = len - 5;

	*out_len = 0;
	if (len < 5 || (!m->open && p[4] != 'O' && p[4] != 'Q'))
		return MILTER_WRONG;
	switch (p[4]) {
	case 'O':
		return agree(m, data, n, out, out_len);
	case 'D':
		if (n > 0)
			macros(m, data, n);
		return MILTER_GO_ON;
	case 'M':
		m->rcpts = 0;
		(void)address(data, n, m->sender, sizeof m->sender);
		return MILTER_GO_ON;
	case 'R':
		recipient(m, data, n);
		return MILTER_GO_ON;
	case 'E':
		return MILTER_ASK;
	case 'A': /* this message will not be */
	case 'K': /* another connection of the same MTA follows */
		milter_next(m);
		return MILTER_GO_ON;
	case 'Q':
		return MILTER_BYE;
	default:
		return MILTER_WRONG;
	}
}

size_t
milter_pass(char out[MILTER_OUT])
{
	return packet(out, 'c', NULL, 0);
}

size_t
milter_hold(char out[MILTER_OUT])
{
	size_t n = packet(out, 'q', HELD_TEXT, sizeof HELD_TEXT);

	return n + packet(out + n, 'c', NULL, 0);
}

void
milter_next(struct milter *m)
{
	bool open = m->open;

	memset(m, 0, sizeof *m);
	m->open = open;
}
