/*
 * sendmail_args - what a sendmail command line asks for
 *
 * Job:     see sendmail_args.h.
 * Touches: nothing.
 */
#include "sendmail_args.h"

#include <stddef.h>
#include <string.h>

/* Names under which the program is another one; through the diverted link they all come
 * here (Postfix's mailq is a link to sendmail). */
static const char *const other_names[] = {"mailq",    "newaliases", "runq", "rsmtp",
					  "hoststat", "purgestat",  "smtpd"};

static bool
other_name(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');
	const char *base = slash != NULL ? slash + 1 : argv0;
	size_t i;

	for (i = 0; i < sizeof other_names / sizeof *other_names; i++)
		if (strcmp(base, other_names[i]) == 0)
			return true;
	return false;
}

/* What one word of options turned out to be. */
enum word { WORD_ON, WORD_TAKES_NEXT, WORD_OTHER_DUTY };

/*
 * One word that begins with '-'. Letters may stand together (getopt, Postfix): -ti. The
 * first letter that takes a value takes the rest of the word, or the next word.
 */
static enum word
read_word(const char *word, const char *next, struct sendmail_args *a)
{
	const char *p, *value;

	for (p = word + 1; *p != '\0'; p++) {
		value = p[1] != '\0' ? p + 1 : next;
		switch (*p) {
		case 'i':
			a->dot_ends = false;
			break;
		case 'b': /* only -bm takes a message in a way that can be kept */
			if (value == NULL || value[0] != 'm')
				return WORD_OTHER_DUTY;
			return p[1] != '\0' ? WORD_ON : WORD_TAKES_NEXT;
		case 'q': /* a queue run */
		case 'M': /* Exim: work on queued messages; -MC is Exim calling itself */
		case 'I': /* newaliases */
			return WORD_OTHER_DUTY;
		case 'o':
			if (value != NULL && value[0] == 'i')
				a->dot_ends = false;
			return p[1] != '\0' ? WORD_ON : WORD_TAKES_NEXT;
		case 'd': /* Exim, sendmail: the rest says what to print */
		case 'D': /* Exim: a macro */
		case 'e': /* how errors are told: -em, -ep */
			return WORD_ON;
		case 'A':
		case 'B':
		case 'C':
		case 'F':
		case 'L':
		case 'N':
		case 'O':
		case 'R':
		case 'V':
		case 'X':
		case 'f':
		case 'h':
		case 'p':
		case 'r':
			return p[1] != '\0' ? WORD_ON : WORD_TAKES_NEXT;
		default: /* -t -v -m -n -G -U -x and what we do not know: no value */
			break;
		}
	}
	return WORD_ON;
}

struct sendmail_args
sendmail_args_read(int argc, char *const *argv)
{
	struct sendmail_args a = {true, true};
	int i;

	if (other_name(argv[0])) {
		a.message = false;
		return a;
	}
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--") == 0)
			break;
		if (argv[i][1] == '-') { /* --version, --help: Exim */
			a.message = false;
			return a;
		}
		switch (read_word(argv[i], i + 1 < argc ? argv[i + 1] : NULL, &a)) {
		case WORD_OTHER_DUTY:
			a.message = false;
			return a;
		case WORD_TAKES_NEXT:
			i++;
			break;
		case WORD_ON:
			break;
		}
	}
	return a;
}
