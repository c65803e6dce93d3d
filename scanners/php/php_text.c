/*
 * php_text - strings and names of the program
 *
 * Job:     what mailers have in their strings: forms, mail headers, SMTP verbs, macros,
 *          addresses; how random literals and names look.
 * Touches: nothing.
 */
#include <string.h>
#include <strings.h>
#include "php_int.h"

/* Texts looked for, by first letter in either case; once: each counts once a file. */
static const struct text {
	const char *s;
	uint16_t at; /* offset of the fact */
	uint8_t bit; /* of p->seen[group]: 0 counts each time */
} texts[] = {
#define AT(f) offsetof(struct php_facts, f)
    {"<textarea", AT(textarea), 0},
    {"<form", AT(form), 0},
    {"type=\"file\"", AT(file_input), 0},
    {"type='file'", AT(file_input), 0},
    {"type=file", AT(file_input), 0},
    {"type=\\\"file", AT(file_input), 0},
    {"type=\"password\"", AT(password_input), 0},
    {"type='password'", AT(password_input), 0},
    {"type=password", AT(password_input), 0},
    {"EHLO", AT(smtp_verbs), 1},
    {"HELO", AT(smtp_verbs), 2},
    {"MAIL FROM", AT(smtp_verbs), 3},
    {"RCPT TO", AT(smtp_verbs), 4},
    {"STARTTLS", AT(smtp_verbs), 5},
    {"AUTH LOGIN", AT(smtp_verbs), 6},
    {"X-Mailer:", AT(client_headers), 7},
    {"X-MimeOLE", AT(client_headers), 8},
    {"X-MSMail-Priority", AT(client_headers), 9},
    {"Microsoft Outlook", AT(client_headers), 10},
    {"X-Antivirus", AT(client_headers), 11},
    {"X-Originating", AT(client_headers), 12},
    {"Thunderbird", AT(client_headers), 13},
    {"From:", AT(mail_headers), 14},
    {"Reply-To:", AT(mail_headers), 15},
    {"MIME-Version:", AT(mail_headers), 16},
    {"Content-Type: text/", AT(mail_headers), 17},
    {"Content-type: text/", AT(mail_headers), 17},
    {"Return-Path:", AT(mail_headers), 18},
    {"Bcc:", AT(mail_headers), 19},
    {"Content-Transfer-Encoding", AT(mail_headers), 20},
    {"X-Priority", AT(mail_headers), 21},
    {"Errors-To", AT(mail_headers), 22},
    {"List-Unsubscribe", AT(mail_headers), 23},
    {"sendmail -", AT(sendmail_pipe), 0},
    {"/usr/sbin/sendmail", AT(sendmail_pipe), 0},
    {"mail -s ", AT(sendmail_pipe), 0},
    {"mailx -", AT(sendmail_pipe), 0},
    {"mutt -", AT(sendmail_pipe), 0},
    {"[-email-]", AT(macros), 24},
    {"[-randomstring", AT(macros), 25},
    {"[-randommd5", AT(macros), 26},
    {"[-randomletters", AT(macros), 27},
    {"[-emailuser-]", AT(macros), 28},
    {"%email%", AT(macros), 29},
    {"%rand", AT(macros), 30},
    {"&email&", AT(macros), 31},
    {"[email]", AT(macros), 32},
    {"[email:]", AT(macros), 33},
    {"{email}", AT(macros), 34},
    {"##email##", AT(macros), 35},
    {"%EMAIL", AT(macros), 36},
    {"[random]", AT(macros), 37},
    {"[rand", AT(macros), 38},
    {"{{email}}", AT(macros), 39},
    {"##victimemail##", AT(macros), 40},
    {"%random", AT(macros), 41},
#undef AT
};

static void
hit(struct php *p, const struct text *t)
{
	if (t->bit != 0) {
		if (p->text_seen & 1ull << t->bit)
			return;
		p->text_seen |= 1ull << t->bit;
	}
	++*(int64_t *)(void *)((char *)p->f + t->at);
}

/* name@host.tld around an @ at i */
static bool
address(const struct php *p, const char *s, size_t len, size_t i)
{
	size_t k;
	bool dot = false;

	if (i == 0 || !(p->cls[(unsigned char)s[i - 1]] & 8) ||
	    (unsigned char)s[i - 1] >= 0x80)
		return false;
	for (k = i + 1; k < len && k < i + 64; k++) {
		unsigned char c = (unsigned char)s[k];

		if (c == '.' && k > i + 1 && k + 2 < len &&
		    p->cls[(unsigned char)s[k + 1]] & 2)
			dot = true;
		else if (!(p->cls[c] & 8) && c != '-')
			break;
	}
	return dot;
}

void
php_see_text(struct php *p, const char *s, size_t len)
{
	size_t i, k;

	if (len > (size_t)256 << 10)
		len = (size_t)256 << 10;
	if (len > p->longest.len) {
		p->longest.s = s;
		p->longest.len = (uint32_t)len;
	}
	if (len < 4)
		return;
	php_step(p, len / 32);
	for (i = 0; i + 4 <= len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '@') {
			p->f->hard_address += address(p, s, len, i);
			continue;
		}
		for (k = p->text_first[c];
		     k != 0 && k <= sizeof(texts) / sizeof(texts[0]); k++) {
			const char *t = texts[k - 1].s;
			size_t n;

			if ((t[0] | 32) != (c | 32) || (t[1] | 32) != (s[i + 1] | 32))
				continue;
			n = strlen(t);
			if (len - i >= n && strncasecmp(s + i, t, n) == 0)
				hit(p, &texts[k - 1]);
		}
	}
}

/* log2 with 8 bits of fraction, times 256 */
static uint32_t
log2_256(uint32_t n)
{
	uint32_t e = 31 - (uint32_t)__builtin_clz(n), r = e << 8, bit;
	uint64_t x = ((uint64_t)n << 32) >> e; /* 1.0 .. 2.0 in 32.32 */

	for (bit = 128; bit != 0; bit >>= 1) {
		x = (x >> 16) * (x >> 16);
		if (x >> 33 != 0) {
			r |= bit;
			x >>= 1;
		}
	}
	return r;
}

static int64_t
entropy(const char *s, uint32_t n)
{
	uint32_t count[256] = {0}, i;
	uint64_t sum = 0;

	if (n == 0)
		return 0;
	for (i = 0; i < n; i++)
		count[(unsigned char)s[i]]++;
	for (i = 0; i < 256; i++)
		if (count[i] != 0)
			sum += (uint64_t)count[i] * log2_256(count[i]);
	return (int64_t)((log2_256(n) - sum / n) * 100 / 256);
}

/*
 * Does a name look drawn by lot? Digits between letters, case that changes back and
 * forth, no vowel in many letters, or only letters that are mistaken for each other.
 */
static bool
random_name(const struct php *p, const char *s, uint32_t n)
{
	uint32_t i, digits = 0, turns = 0, vowels = 0, alike = 0, high = 0;

	if (n < 6 || s[0] == '?')
		return false;
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i], l = c | 32;
		unsigned char d = i + 1 < n ? (unsigned char)s[i + 1] : 0;
		bool digit = c >= '0' && c <= '9';

		digits += digit && i + 1 < n && d >= 'A';
		turns += c >= 'a' && c <= 'z' && d >= 'A' && d <= 'Z';
		vowels +=
		    l == 'a' || l == 'e' || l == 'i' || l == 'o' || l == 'u' || l == 'y';
		alike +=
		    c == 'O' || c == '0' || c == 'l' || c == 'I' || c == '1' || c == '_';
		high += c >= 0x80;
	}
	(void)p;
	return alike == n || digits >= 2 || high > n / 2 || (vowels == 0 && n >= 7) ||
	       (digits >= 1 && turns >= 2) || (turns >= 3 && n < 14);
}

void
php_facts_end(struct php *p)
{
	uint32_t i, n = p->longest.len > 65536 ? 65536 : p->longest.len;

	p->f->string_entropy = entropy(p->longest.s, n);
	for (i = 1; i < p->names.n; i++) {
		const struct name *v = &p->names.v[i];

		if (v->len == 0 || v->s[0] == '?' || v->s[0] == '&')
			continue;
		p->f->names++;
		p->f->random_names += random_name(p, v->s, v->len);
	}
}

void
php_texts_init(struct php *p)
{
	size_t k;

	memset(p->text_first, 0, sizeof(p->text_first));
	for (k = sizeof(texts) / sizeof(texts[0]); k > 0; k--) {
		unsigned char c = (unsigned char)texts[k - 1].s[0];

		p->text_first[c] = (uint8_t)k;
		if (c >= 'A' && c <= 'Z')
			p->text_first[c + 32] = (uint8_t)k;
		if (c >= 'a' && c <= 'z')
			p->text_first[c - 32] = (uint8_t)k;
	}
}

/* name="x" within a tag; the names of fields begin with & in the table of names. */
void
php_see_fields(struct php *p, const char *s, size_t len)
{
	const char *at = s, *end = s + len;

	while ((at = memmem(at, (size_t)(end - at), "name=", 5)) != NULL) {
		char name[34];
		size_t n = 1;

		at += 5;
		while (at < end && (*at == '"' || *at == '\'' || *at == '\\'))
			at++;
		name[0] = '&';
		while (at < end && n < sizeof(name) && p->cls[(unsigned char)*at] & 8)
			name[n++] = *at++;
		php_step(p, 1);
		if (n < 3 || n == sizeof(name) || at == end || !strchr("\"'\\ >/\n", *at))
			continue;
		if (php_find(p, name, n, false) == 0)
			(void)php_intern(p, memcpy(php_raw(p, n), name, n), n, false);
		p->fields = true;
	}
}

bool
php_is_field(struct php *p, const struct node *n)
{
	char name[34];

	if (!p->fields || n->len + 1 >= sizeof(name) || n->len < 2)
		return false;
	name[0] = '&';
	memcpy(name + 1, n->s, n->len);
	return php_find(p, name, n->len + 1u, false) != 0;
}
