/*
 * gate - see gate.h
 *
 * Job:     the cheap look before the rules.
 * Touches: libmagic.
 */
#include "gate.h"

#include <magic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct gate {
	magic_t magic;
	char type[64];
};

int
gate_new(struct gate **out, const char *magic_file, struct err *e)
{
	struct gate *g = calloc(1, sizeof *g);

	if (g == NULL)
		return err_set(e, ERR_SYS, "gate: no memory");
	if (magic_file != NULL) {
		g->magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_BUILTIN);
		if (g->magic == NULL || magic_load(g->magic, magic_file) != 0) {
			(void)err_set(e, ERR_INPUT, "%s: %s", magic_file,
				      g->magic != NULL ? magic_error(g->magic)
						       : "no memory");
			gate_free(&g);
			return -1;
		}
	}
	*out = g;
	return 0;
}

void
gate_free(struct gate **g)
{
	if (*g == NULL)
		return;
	if ((*g)->magic != NULL)
		magic_close((*g)->magic);
	free(*g);
	*g = NULL;
}

static bool
has_open_tag(const uint8_t *p, size_t len)
{
	const uint8_t *at = p, *end = p + len;

	while ((at = memchr(at, '<', (size_t)(end - at))) != NULL) {
		size_t left = (size_t)(end - at);

		if (left >= 3 && at[1] == '?') {
			if (at[2] == '=' || at[2] == ' ' || at[2] == '\n' ||
			    at[2] == '\r' || at[2] == '\t')
				return true;
			if (left >= 5 && strncasecmp((const char *)at + 2, "php", 3) == 0)
				return true;
			/* a short tag with code at once; <?xml and <?xpacket are not */
			if (at[2] == '$' || at[2] == '@' || at[2] == '/')
				return true;
		}
		if (left >= 8 && strncasecmp((const char *)at + 1, "script", 6) == 0 &&
		    memmem(at, left < 64 ? left : 64, "php", 3) != NULL)
			return true;
		if (left >= 2 && at[1] == '%' && left >= 3 &&
		    (at[2] == ' ' || at[2] == '='))
			return true; /* asp_tags, and what JSP and ASP shells look like */
		at++;
	}
	return false;
}

static const char *
by_shebang(const uint8_t *p, size_t len)
{
	static const struct {
		const char *word, *type;
	} row[] = {{"perl", "text/x-perl"},
		   {"python", "text/x-python"},
		   {"php", "text/x-php"},
		   {"sh", "text/x-shellscript"},
		   {"ruby", "text/x-ruby"}};
	const uint8_t *nl;
	size_t i;

	if (len < 4 || p[0] != '#' || p[1] != '!')
		return NULL;
	nl = memchr(p, '\n', len < 128 ? len : 128);
	len = nl != NULL ? (size_t)(nl - p) : (len < 128 ? len : 128);
	for (i = 0; i < sizeof row / sizeof row[0]; i++)
		if (memmem(p, len, row[i].word, strlen(row[i].word)) != NULL)
			return row[i].type;
	return "text/x-script";
}

static const char *
by_name(const char *path)
{
	static const struct {
		const char *end, *type;
	} row[] = {{".htaccess", "text/x-htaccess"}, {".user.ini", "text/x-ini"},
		   {"php.ini", "text/x-ini"},        {".pl", "text/x-perl"},
		   {".pm", "text/x-perl"},           {".cgi", "text/x-script"},
		   {".py", "text/x-python"},         {".sh", "text/x-shellscript"},
		   {"crontab", "text/x-crontab"},    {".asp", "text/x-asp"},
		   {".aspx", "text/x-asp"},          {".jsp", "text/x-jsp"},
		   {".cfm", "text/x-cfm"},           {".shtml", "text/x-shtml"}};
	size_t i, n = strlen(path);

	for (i = 0; i < sizeof row / sizeof row[0]; i++) {
		size_t k = strlen(row[i].end);

		if (n >= k && strcasecmp(path + n - k, row[i].end) == 0)
			return row[i].type;
	}
	return NULL;
}

static const char *
by_magic(struct gate *g, const uint8_t *p, size_t len)
{
	const char *t = NULL;

	if (g->magic != NULL)
		t = magic_buffer(g->magic, p, len < 4096 ? len : 4096);
	if (t != NULL && t[0] != '\0' && strlen(t) < sizeof g->type) {
		memcpy(g->type, t, strlen(t) + 1);
		return g->type;
	}
	return memchr(p, '\0', len < 4096 ? len : 4096) != NULL
		   ? "application/octet-stream"
		   : "text/plain";
}

static bool
php_name(const char *path)
{
	static const char *const ext[] = {".php",  ".phtml", ".php5", ".php7", ".inc",
					  ".php3", ".php4",  ".php8", ".pht",  ".phar"};
	const char *dot = strrchr(path, '.');
	size_t i;

	for (i = 0; dot != NULL && i < sizeof ext / sizeof ext[0]; i++)
		if (strcasecmp(dot, ext[i]) == 0)
			return true;
	return false;
}

struct gate_answer
gate_ask(struct gate *g, const uint8_t *p, size_t len, const char *path)
{
	struct gate_answer a = {"inode/x-empty", false, false};
	const char *t;

	if (len == 0)
		return a;
	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		p += 3;
		len -= 3;
	}
	if ((len >= 5 && memcmp(p, "<?php", 5) == 0) ||
	    ((php_name(path) || len < (1u << 20)) &&
	     has_open_tag(p, len < 4096 ? len : 4096))) {
		a.php = true;
		a.type = "text/x-php";
	}
	if ((t = by_shebang(p, len)) != NULL || (!a.php && (t = by_name(path)) != NULL)) {
		a.type = t;
		a.look = true;
	}
	if (!a.php && has_open_tag(p, len))
		a.php = true;
	if (a.php && strcmp(a.type, "text/x-php") != 0 && t == NULL)
		a.type = by_magic(g, p, len);
	else if (!a.php && t == NULL)
		a.type = by_magic(g, p, len);
	a.look |= a.php || php_name(path);
	/* an image that begins like one although an open tag is near the top */
	if (a.php && len >= 4 && p[0] != '<' && t == NULL) {
		const char *m = by_magic(g, p, len);

		if (strncmp(m, "text/", 5) != 0 &&
		    strcmp(m, "application/octet-stream") != 0)
			a.type = m;
	}
	return a;
}
