/* What is set aside by itself is what would be run, and never a mail, a log or a page. */
#include "files_int.h"
#include "t.h"

int
main(void)
{
	static const struct {
		const char *path, *type;
		uint64_t mode;
		bool goes;
	} row[] = {
	    {"/home/a/public_html/x.php", "text/x-php", 0644, true},
	    {"/home/a/public_html/x.PHTML", "text/plain", 0644, true},
	    {"/home/a/bin/send", "text/x-perl", 0755, true},
	    {"/home/a/public_html/cache/page.html", "text/x-php", 0644, false},
	    {"/home/a/public_html/notes", "text/plain", 0755, false},
	    {"/home/a/Maildir/new/1.2.host", "text/x-php", 0600, false},
	    {"/home/a/mail/a.test/box/cur/x.php", "text/x-php", 0600, false},
	    {"/home/a/logs/access.php", "text/x-php", 0644, false},
	    {"/home/a/public_html/mailer/x.php", "text/x-php", 0644, true},
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		T_CHECK(files_may_go(row[i].path, row[i].type, row[i].mode) ==
			    row[i].goes,
			"%s", row[i].path);
	return T_DONE();
}
