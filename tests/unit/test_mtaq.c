/*
 * test_mtaq - what may reach the arguments and files of an MTA
 */
#include <stdlib.h>

#include "mtaq.h"
#include "t.h"

static void
line(const struct mtaq *m, bool pass, const char *word, const char *want)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	(pass ? m->pass_line : m->brake_line)(f, word);
	fclose(f);
	T_STR(out, want);
	free(out);
}

int
main(void)
{
	static const struct {
		const char *id;
		bool exim, postfix;
	} row[] = {
	    {"1xUu5U-0001QX-0R", true, false},
	    {"1xUu5U-00000001QX0-0R0a", true, false},
	    {"1xUu5U-0001QX-0", false, false},
	    {"-Mrm5U-0001QX-0R", false, false},
	    {"1xUu5U 0001QX-0R", false, false},
	    {"2CEFF108A34", false, true},
	    {"4W5L9r0z3Bz1xyz", false, true},
	    {"ALL", false, false},
	    {"-", false, false},
	    {"", false, false},
	    {"AAAA/../../etc", false, false},
	    {"AAAAAAAAAAAAAAAAAAAAAAAAA", false, false},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		T_CHECK(mtaq_exim.good_id(row[i].id) == row[i].exim, "%s", row[i].id);
		T_CHECK(mtaq_postfix.good_id(row[i].id) == row[i].postfix, "%s",
			row[i].id);
	}
	line(&mtaq_exim, false, "hotmail.com", "hotmail.com:\n");
	line(&mtaq_postfix, false, "hotmail.com",
	     "hotmail.com retry:4.7.0 mailbrake hold\n");
	line(&mtaq_postfix, true, "a@hotmail.com", "a@hotmail.com :\n");
	T_CHECK(mtaq_find("none") == NULL);
	T_CHECK(mtaq_find("exim") == &mtaq_exim);
	return T_DONE();
}
