/* The place in the journal survives a write that was torn at any byte. */
#include "jplace.h"

#include <stdio.h>
#include <string.h>

#include "t.h"

static const char first[] = "s=0123456789abcdef;i=1a2b;b=77;m=5;t=6;x=7";
static const char second[] = "s=0123456789abcdef;i=1a2c;b=77;m=6;t=7;x=8";

static void
put(char *file, uint64_t number, const char *cursor)
{
	struct jplace p = {.number = number};

	(void)snprintf(p.cursor, sizeof p.cursor, "%s", cursor);
	T_CHECK(jplace_print(&p, file + number % 2 * JPLACE_SLOT));
}

int
main(void)
{
	char file[JPLACE_FILE] = "", whole[JPLACE_FILE], slot[JPLACE_SLOT];
	struct jplace p = {.cursor = ""};
	size_t i;

	T_EQ(jplace_parse(file, 0, &p), 0);
	T_EQ(jplace_parse(file, sizeof file, &p), 0);
	T_EQ(jplace_parse("1 2 3 4 5 abc\n", 14, &p), 0); /* of a log that is a file */
	T_CHECK(!jplace_print(&p, slot));
	(void)snprintf(p.cursor, sizeof p.cursor, "a b");
	T_CHECK(!jplace_print(&p, slot));

	put(file, 0, first);
	T_EQ(jplace_parse(file, JPLACE_SLOT, &p), 1); /* the second was never written */
	T_STR(p.cursor, first);
	put(file, 7, second);
	T_EQ(jplace_parse(file, sizeof file, &p), 1);
	T_EQ(p.number, 7);
	T_STR(p.cursor, second);

	/* number 8 comes into the first slot, and only i bytes of it get there */
	memcpy(whole, file, sizeof whole);
	put(whole, 8, "s=0123456789abcdef;i=1a2d;b=77;m=9;t=8;x=9;and=longer");
	for (i = 0; i <= JPLACE_SLOT; i++) {
		char torn[JPLACE_FILE];

		memcpy(torn, file, sizeof torn);
		memcpy(torn, whole, i);
		T_EQ(jplace_parse(torn, sizeof torn, &p), 1);
		T_CHECK(strcmp(p.cursor, second) == 0 || p.number == 8, "%zu: %s", i,
			p.cursor);
	}
	/* both damaged: said, not taken for a place or for none */
	file[20] ^= 1;
	file[JPLACE_SLOT + 30] ^= 1;
	T_EQ(jplace_parse(file, sizeof file, &p), -1);
	T_EQ(jplace_parse("journal s=1;i=2", 15, &p), -1); /* of an older version */
	return T_DONE();
}
