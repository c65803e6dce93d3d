/* Whose a message is, by the MTA's own file, whatever its sender wrote into it. */
#include "owner.h"

#include <string.h>

#include "mtaq.h"
#include "t.h"

#define ID "1xUu5U-0001QX-0R"
#define MTA 64212

int
main(void)
{
	static const struct {
		const char *head;
		int64_t want;
	} row[] = {
	    {ID "-H\nshopa 64301 64301\n<a@b.test>\n1795302128 0\n-local\nXX\n1\n",
	     64301},
	    /* by SMTP: Exim's own uid, and what judge answered */
	    {ID "-H\nDebian-exim 64212 64212\n<a@b.test>\n1795302128 0\n"
		"-helo_name x\n-aclm _mailbrake 8\nOK 64301\n-body_linecount 1\nXX\n1\n",
	     64301},
	    {ID "-H\nDebian-exim 64212 64212\n<a@b.test>\n1795302128 0\n"
		"--aclm _mailbrake 10\nHOLD 64302\nXX\n1\n",
	     64302},
	    {ID "-H\nDebian-exim 64212 64212\n<a@b.test>\n1795302128 0\n"
		"-aclm _mailbrake 2\nOK\nXX\n1\n",
	     OWNER_UNKNOWN},
	    {ID "-H\nDebian-exim 64212 64212\n<a@b.test>\n1795302128 0\nXX\n1\n",
	     OWNER_UNKNOWN},
	    /* another variable's text looks like ours: it is skipped by its length */
	    {ID "-H\nDebian-exim 64212 64212\n<a@b.test>\n1795302128 0\n"
		"-aclm _subject 37\nx\n-aclm _mailbrake 8\nOK 64301\nabcdefg\n"
		"-aclm _mailbrake 8\nOK 64302\nXX\n1\n",
	     64302},
	    /* the message's own header */
	    {ID "-H\nDebian-exim 64212 64212\n<a@b.test>\n1795302128 0\nXX\n1\n"
		"x@b.test\n\n-aclm _mailbrake 8\nOK 64301\n",
	     OWNER_UNKNOWN},
	    /* a length that lies, a file that ends, another message's file */
	    {ID "-H\nDebian-exim 64212 64212\n<a@b.test>\n1795302128 0\n"
		"-aclm _mailbrake 99999\nOK 64301\n",
	     OWNER_UNKNOWN},
	    {ID "-H\nshopa 64301", OWNER_UNKNOWN},
	    {"1xUu5U-0001QX-0S-H\nshopa 64301 64301\n<a@b.test>\n", OWNER_UNKNOWN},
	    {"", OWNER_UNKNOWN},
	    /* a login of more than one word */
	    {ID "-H\na 0 0 64301 64301\n<a@b.test>\n1795302128 0\n-local\nXX\n", 64301},
	    {ID "-H\nshopa 99999999999 1\n<a@b.test>\n", OWNER_UNKNOWN},
	};
	size_t i, cut;

	for (i = 0; i < sizeof row / sizeof *row; i++)
		T_CHECK(owner_exim_head(row[i].head, strlen(row[i].head), ID, MTA) ==
			    row[i].want,
			"row %zu", i);
	/* cut anywhere it is the true owner or none */
	for (cut = 0; cut < strlen(row[1].head); cut++) {
		int64_t got = owner_exim_head(row[1].head, cut, ID, MTA);

		T_CHECK(got == OWNER_UNKNOWN || got == 64301, "%zu: %lld", cut,
			(long long)got);
	}
	T_EQ(owner_exim("/nonexistent", ID), OWNER_GONE);
	T_EQ(owner_postfix("/nonexistent", "2CEFF108A34"), OWNER_GONE);
	return T_DONE();
}
