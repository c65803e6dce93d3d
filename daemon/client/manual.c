/*
 * manual - the parts of the manuals that are made from tables
 *
 * Job:     print the example configuration, and as mdoc(7) the settings, the
 *          verbs, the fields of their rows and the reasons, so that no page
 *          can tell another story than the program.
 * Touches: standard output.
 * Source:  conf.def, verbs.def, columns.def, reason.h; tests/golden/manual.sh
 *          compares with what the pages hold.
 */
#include "manual.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "columns.def"
#include "conf.h"
#include "reason.h"

#define WIDTH 78

/* One sentence: a capital, and a full stop at the end of the line. */
static void
sentence(FILE *out, const char *s)
{
	size_t n = strlen(s);

	if (n == 0)
		return;
	fprintf(out, "%c%s%s\n", *s >= 'a' && *s <= 'z' ? *s - 'a' + 'A' : *s, s + 1,
		s[n - 1] == '.' || s[n - 1] == '?' ? "" : ".");
}

/* Every setting with its help, commented out: what is not said stays the default, also in
 * the next version. */
static int
example(FILE *out)
{
	static struct conf c;
	char *text = NULL, *line, *next;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return -1;
	conf_defaults(&c);
	conf_print(&c, true, f);
	if (fclose(f) != 0)
		return -1;
	fprintf(
	    out,
	    "# mailbrake.conf - settings of Mailbrake; mailbrake.conf(5) tells more.\n"
	    "# Every line is commented out and shows the default. `mailbrake config "
	    "check` reads\n# this file as the daemon does; `kill -HUP` or `systemctl "
	    "reload mailbraked` makes it\n# read it again.\n\n");
	for (line = text; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		fprintf(out, "%s%s\n", *line == '\0' || *line == '#' ? "" : "#", line);
	}
	free(text);
	return 0;
}

static int
settings(FILE *out)
{
	conf_print_mdoc(out);
	return 0;
}

/* "USER | ID..." as mdoc arguments. */
static void
verb_item(FILE *out, const char *name, const char *args, const char *help,
	  const char *more)
{
	fprintf(out, ".It Ic %s%s%s\n", name, args[0] == '\0' ? "" : " Ar ", args);
	sentence(out, help);
	fputs(more, out);
}

static int
verbs(FILE *out)
{
	fprintf(out, ".Bl -tag -width Ds\n");
#define VERB(name, fn, min, max, listed, args, help, more) \
	verb_item(out, name, args, help, more);
#define OWN(name, fn, listed, args, help, more) verb_item(out, name, args, help, more);
#include "verbs.def"
	fprintf(out, ".El\n");
	return 0;
}

static int
rows(FILE *out)
{
	static const struct {
		const char *kind, *text;
	} kinds[] = {
	    {"TEXT", "string"},    {"WORD", "word"},
	    {"NUM", "number"},     {"TIME", "time, in seconds since 1970"},
	    {"SPAN", "seconds"},   {"BYTES", "bytes"},
	    {"BOOL", "yes or no"}, {"LIST", "list of strings"},
	};
	static const struct {
		const char *verb, *field, *kind, *meaning;
	} all[] = {
#define V(verb, style)
#define C(verb, field, header, kind, meaning) {verb, #field, #kind, meaning},
	    COLUMNS_TABLE(V, C)
#undef V
#undef C
	};
	const char *verb = "";
	size_t i, k;

	for (i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (strcmp(verb, all[i].verb) != 0) {
			if (*verb != '\0')
				fprintf(out, ".El\n");
			verb = all[i].verb;
			fprintf(out, ".Ss %s\n.Bl -tag -width claimed_subject -compact\n",
				verb);
		}
		for (k = 0; k + 1 < sizeof kinds / sizeof kinds[0]; k++)
			if (strcmp(kinds[k].kind, all[i].kind) == 0)
				break;
		fprintf(out, ".It Va %s\n%s: %s.\n", all[i].field, kinds[k].text,
			all[i].meaning);
	}
	fprintf(out, ".El\n");
	return 0;
}

static int
reasons(FILE *out)
{
	fprintf(out, ".Bl -tag -width Ds\n");
#define REASON_ITEM(sym, word, says, differs) \
	fprintf(out, ".It Ic %s\n", word); \
	sentence(out, says); \
	if (differs[0] != '\0') { \
		fprintf(out, "What would change it:\n"); \
		fprintf(out, "%s.\n", differs); \
	}
	REASON_TABLE(REASON_ITEM)
#undef REASON_ITEM
	fprintf(out, ".El\n");
	return 0;
}

static const struct {
	const char *what;
	int (*fn)(FILE *out);
} parts[] = {
    {"example", example}, {"mdoc-settings", settings}, {"mdoc-verbs", verbs},
    {"mdoc-rows", rows},  {"mdoc-reasons", reasons},
};

/* Fill lines to at most WIDTH bytes; what begins with a full stop is a macro and stays. A
 * word that would begin a line with one is protected. */
static void
print_filled(const char *text)
{
	size_t used = 0, n;
	bool macro = true;

	for (; *text != '\0'; text += n) {
		if (*text == '\n') {
			printf("\n");
			used = 0;
			n = 1;
			continue;
		}
		if (used == 0)
			macro = *text == '.' || *text == '#';
		if (*text == ' ' && !macro) {
			n = 1;
			continue;
		}
		n = macro ? strcspn(text, "\n") : strcspn(text, " \n");
		if (!macro && used > 0 && used + 1 + n > WIDTH) {
			printf("\n");
			used = 0;
		} else if (!macro && used > 0) {
			printf(" ");
			used++;
		}
		if (!macro && used == 0 && (*text == '.' || *text == '\''))
			printf("\\&");
		printf("%.*s", (int)n, text);
		used += n;
	}
}

int
manual_print(const char *what)
{
	char *text = NULL;
	size_t size = 0, i;
	FILE *f;
	int r;

	for (i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (strcmp(parts[i].what, what) == 0)
			break;
	if (i == sizeof parts / sizeof parts[0])
		return 0;
	f = open_memstream(&text, &size);
	if (f == NULL)
		return -1;
	r = parts[i].fn(f);
	if (fclose(f) != 0)
		r = -1;
	if (r == 0)
		print_filled(text);
	free(text);
	return r != 0 || fflush(stdout) != 0 ? -1 : 1;
}
