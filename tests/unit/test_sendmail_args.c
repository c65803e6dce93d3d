/*
 * test_sendmail_args - which command lines bring a message
 *
 * Job:     one row per command line as real clients write it.
 * Touches: nothing.
 */
#include "sendmail_args.h"

#include <stdint.h>

#include "t.h"

static const struct row {
	const char *argv[8];
	bool message, dot_ends;
} rows[] = {
    /* PHP's default, WordPress, Laravel, cron, mailx, git send-email, mutt */
    {{"/usr/sbin/sendmail", "-t", "-i"}, true, false},
    {{"sendmail", "-t", "-i", "-fbounce@example.com"}, true, false},
    {{"sendmail", "-bs"}, false, true},
    {{"sendmail", "-t"}, true, true},
    {{"sendmail", "-oi", "-t"}, true, false},
    {{"sendmail", "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"}, true, false},
    {{"sendmail", "-f", "a@b", "-i", "c@d"}, true, false},
    {{"sendmail", "-oem", "-oi", "-f", "a@b", "--", "-bs@d"}, true, false},
    {{"sendmail", "-ti"}, true, false},
    {{"sendmail", "-bm", "a@b"}, true, true},
    {{"sendmail", "-b", "m", "a@b"}, true, true},
    {{"sendmail", "-odq", "-t"}, true, true},
    {{"sendmail"}, true, true},
    /* values that look like options */
    {{"sendmail", "-f", "-bs", "a@b"}, true, true},
    {{"sendmail", "-F", "-q", "a@b"}, true, true},
    {{"sendmail", "a@b", "-bs"}, true, true},
    {{"sendmail", "-o", "i", "a@b"}, true, false},
    /* other duties */
    {{"/usr/bin/mailq"}, false, true},
    {{"newaliases"}, false, true},
    {{"sendmail", "-bp"}, false, true},
    {{"sendmail", "-bi"}, false, true},
    {{"sendmail", "-I"}, false, true},
    {{"sendmail", "-bd", "-q15m"}, false, true},
    {{"sendmail", "-q"}, false, true},
    {{"sendmail", "-qff"}, false, true},
    {{"sendmail", "-bS"}, false, true},
    {{"sendmail", "-bt"}, false, true},
    {{"sendmail", "-bv", "a@b"}, false, true},
    {{"sendmail", "-be", "$tod_log"}, false, true},
    {{"sendmail", "-bV"}, false, true},
    {{"sendmail", "-bP", "x"}, false, true},
    {{"sendmail", "-Mf", "1abc"}, false, true},
    {{"sendmail", "--version"}, false, true},
    {{"sendmail", "-b"}, false, true},
    {{"sendmail", "-t", "-bs"}, false, true},
    {{"sendmail", "-tbs"}, false, true},
};

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		char *argv[9] = {NULL};
		struct sendmail_args a;
		int argc = 0;

		while (argc < 8 && r->argv[argc] != NULL) {
			argv[argc] = (char *)(uintptr_t)r->argv[argc];
			argc++;
		}
		a = sendmail_args_read(argc, argv);
		T_CHECK(a.message == r->message, "row %zu: %s %s", i, r->argv[0],
			argc > 1 ? r->argv[1] : "");
		if (a.message)
			T_CHECK(a.dot_ends == r->dot_ends, "row %zu: dot", i);
	}
	return T_DONE();
}
