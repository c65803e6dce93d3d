/*
 * test_php_tags - what looks like a tag in a picture or a font, and programs hidden there
 *
 * Job:     rows of (bytes, how many tags are seen); a file full of them ends in time.
 * Touches: nothing.
 */
#include <stdlib.h>
#include <time.h>

#include "php_frame.h"

/* Bytes of a picture or font that look like a short tag, and programs hidden there. */
static void
tags_by_chance(struct php *p)
{
#define ROW(s, likely, tags) \
	{ \
		s, sizeof(s) - 1, likely, tags \
	}
	static const struct {
		const char *in;
		size_t len;
		bool likely;
		int64_t tags;
	} row[] = {
	    ROW("wOF2\0\0<?=\xee\xb7m^\x8b_\x97\xb2\x91 mail(1)", true, 1),
	    ROW("wOF2\0\0<?=\xee\xb7m^\x8b_\x17\xb2\x91 mail(1)", true, 0),
	    ROW("%PDF-1.3 <?\nO<>\nO;=\tN:=\tM9<\tL9;\bK8;@f()", true, 0),
	    ROW("%PDF-1.3 <?\nO<>\nO;=\tN:=\tM9<\tL9;\bK8;@f()", false, 1),
	    ROW("GIF89a\1\0<?=`$_GET[1]`?>\1\2", true, 1),
	    ROW("GIF89a\1\0<?=/*\1\2*/eval('\3\4'^$_GET[1])?>\1\2", true, 1),
	    ROW("GIF89a\1\0<?php \1 eval($_GET[1])?>\1\2", true, 1),
	    ROW("text <?=\1eval($_GET[1])?>", true, 1),
	    ROW("GIF89a\1\2<?=\"\\\"\1\";include$a;", true, 1),
	    ROW("GIF89a\1\2<?=1;\1include$a;", true, 0),
	    ROW("GIF89a\1\2<?='\\\\\\'\1';include$a;", true, 1),
	    ROW("GIF89a\1\2<?=`\\`\1`;include$a;", true, 1),
	    ROW("GIF89a\1\2<?=\"{$a[\"\1\"]}\";include$a;", true, 1),
	    ROW("GIF89a\1\2<?=\"${a[\"\1\"]}\";include$a;", true, 1),
	    ROW("GIF89a\1\2<?=<<<A\n\1\nA;include$a;", true, 1),
	    ROW("GIF89a\1\2<?=1#'\r.'\1';include$a;", true, 1),
	    ROW("GIF89a\1\2<?=1//'\n.'\1';include$a;", true, 1),
	    ROW("GIF89a\1\2<?=1//?>\1<?=include$a;", true, 2),
	    ROW("GIF89a\1\2<?=1;#[A('\n\1')]\ninclude$a;", true, 1),
	    ROW("GIF89a\1\2<?=include$a;/*\1", true, 1),
	    ROW("GIF89a\1\2<?=include$a;__halt_compiler();\1", true, 1),
	    ROW("GIF89a\1\2<?=1;\1include$_COOKIE[1];", true, 1),
	    ROW("GIF89a\1\2<?=1;\1include$_COO;", true, 0),
	    ROW("GIF89a\1\2<?=1;\1include'PHP://input';", true, 1),
	    ROW("GIF89a\1\2<?=1;\1Mail ( trim($a),$b);", true, 1),
	    ROW("GIF89a\1\2<?=1;\1mail/**/($a,$b);", true, 1),
	    ROW("GIF89a\1\2<?=1;\1include getenv('A');", true, 1),
	    ROW("GIF89a\1\2<?=1;\1 the system (see below), mail(s)", true, 0),
	    ROW("GIF89a\1\2<?=1;\1 strlen($a) system", true, 0),
	};
#undef ROW
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct php_view *v;

		php_stray_tags(p, row[i].likely);
		v = php_look(p, row[i].in, row[i].len);
		T_CHECK(v->facts.tags == row[i].tags, "row %zu: %lld tags", i,
			(long long)v->facts.tags);
	}
	php_stray_tags(p, false);
}

/*
 * A picture full of such tags, each with a comment that ends far away: what is read of
 * them stays in proportion to the file, and the program before them is still seen.
 */
static void
many_tags(struct php *p)
{
	static const char head[] = "GIF89a\1<?php eval($_POST[1]);?>";
	static const char *const unit[] = {"<?=/*", "<?=\"\\\"", "<?=#", "<?=1;\1 "};
	static const char *const last[] = {"*/\1", "\1\"\1", "\n\1", "\1"};
	size_t k, n, cap = 4000000;
	char *in = malloc(cap + 64);

	T_CHECK(in != NULL, "no memory");
	php_stray_tags(p, true);
	for (k = 0; in != NULL && k < sizeof(unit) / sizeof(unit[0]); k++) {
		struct timespec a, b;
		const struct php_view *v;
		int64_t ms;

		memcpy(in, head, sizeof(head) - 1);
		for (n = sizeof(head) - 1; n < cap; n += strlen(unit[k]))
			memcpy(in + n, unit[k], strlen(unit[k]));
		memcpy(in + n, last[k], strlen(last[k]));
		n += strlen(last[k]);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		v = php_look(p, in, n);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
		T_CHECK(fact(v, "php_taint_eval") == 1, "unit %zu: lost", k);
		T_CHECK(ms < 5000, "unit %zu: %lld ms", k, (long long)ms);
	}
	php_stray_tags(p, false);
	free(in);
}

int
main(void)
{
	struct php_limits lim;
	struct php *p;

	php_limits_default(&lim);
	p = php_new(&lim);
	T_CHECK(p != NULL, "no memory");
	if (p != NULL) {
		tags_by_chance(p);
		many_tags(p);
	}
	php_free(&p);
	return T_DONE();
}
