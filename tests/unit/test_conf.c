/*
 * test_conf - settings: there and back, and errors that name the thing
 *
 * Job:     unit test of daemon/common/conf.c.
 * Touches: a memory stream.
 */
#include "t.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"

static struct conf a, b;
static struct err e;

static int
parse(const char *text)
{
	e.text[0] = '\0';
	conf_defaults(&a);
	return conf_parse(&a, text, strlen(text), "f", &e);
}

static void
bad(const char *text, const char *says)
{
	T_EQ(parse(text), -1);
	T_CHECK(strstr(e.text, says) != NULL, "\"%s\" says \"%s\", wanted \"%s\"", text,
		e.text, says);
}

int
main(void)
{
	const char *at = NULL;
	char word[64], *text = NULL;
	size_t size = 0;
	FILE *f;

	/* what is printed parses back to the same */
	T_EQ(parse("settle_ms = 7\nmode = observe\nwatch_roots = /a/*\nwatch_roots = /b "
		   "/c\n"),
	     0);
	T_STR(a.watch_roots, "/a/* /b /c");
	f = open_memstream(&text, &size);
	conf_print(&a, true, f);
	fclose(f);
	conf_defaults(&b);
	T_EQ(conf_parse(&b, text, size, "printed", &e), 0);
	T_CHECK(memcmp(&a, &b, sizeof a) == 0, "printed settings differ");
	free(text);
	T_CHECK(conf_list_next(a.watch_roots, &at, word, sizeof word));
	T_STR(word, "/a/*");

	bad("scan_wall_ms = 1\n", "f: line 1: scan_wall_ms: 1 is outside 100..600000 ms");
	bad("\n\nsettle_ms = x\n",
	    "line 3: settle_ms: \"x\" is not a whole number of ms");
	bad("mode = maybe\n", "is not one of hold|observe");
	bad("no_such = 1\n", "there is no setting \"no_such\"");
	bad("syslog = perhaps\n", "not yes or no");
	bad("[x]\nmode = hold\n", "no [sections]");
	bad("hello\n", "line 1");
	bad("suspicious_points = 200\n", "above malicious_points");
	bad("settle_ms = 900000000000000000000\n", "settle_ms");
	memset(word, 'x', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	text = malloc(1000);
	memset(text, 'y', 999);
	text[999] = '\0';
	bad(text, "longer than");
	free(text);
	/* a value at each limit is good */
	T_EQ(parse("settle_max_ms = 600000\nsettle_ms = 60000\n"), 0);
	T_EQ(conf_prefix(&a, "/tmp/x", &e), 0);
	T_CHECK(strncmp(a.state_dir, "/tmp/x/", 7) == 0);
	return T_DONE();
}
