/*
 * php_sink_file - files that are written, and what names them
 *
 * Job:     facts and marks of the calls that write, copy and store files.
 * Touches: nothing.
 */
#include <string.h>
#include "php_side.h"
#include "php_sink.h"

bool
php_odd_path(const struct val *v)
{
	static const char *const ends[] = {".ico", ".png", ".jpg",  ".jpeg", ".gif",
					   ".svg", ".bmp", ".txt",  ".log",  ".css",
					   ".dat", ".tmp", ".woff", ".pdf",  ".zip"};
	size_t i;

	if (v->len >= 4 &&
	    (memcmp(v->u.s, "data", 4) == 0 || memcmp(v->u.s, "php:", 4) == 0 ||
	     memcmp(v->u.s, "http", 4) == 0))
		return true;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i]);

		if (v->len > n && memcmp(v->u.s + v->len - n, ends[i], n) == 0)
			return true;
	}
	return v->how != NULL;
}

/* The name of a picture, a font, a style sheet. */
static bool
asset(const struct val *v)
{
	static const char *const ends[] = {".ico", ".png", ".jpg", ".jpeg", ".gif",
					   ".svg", ".bmp", ".css", ".woff", ".js"};
	size_t i;

	if (v->t != V_STR)
		return false;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i]);

		if (v->len >= n && memcmp(v->u.s + v->len - n, ends[i], n) == 0)
			return true;
	}
	return false;
}

/* What came from an address, or out of a decoder that kept it to itself, becomes a program. */
static void
program_sink(struct php *p, struct node *an, const struct val *name,
	     const struct val *data)
{
	bool prog = php_is_prog(name) || (name->taint & TA_PROG);

	if (an->flags & NF_SEEN2)
		return;
	if ((data->taint & TA_REMOTE) && (prog || !(data->taint & TA_FAR)))
		p->f->remote_code++;
	if ((data->taint & (TA_REMOTE | TA_OPAQUE)) && prog && data->t != V_STR)
		p->f->write_prog++;
}

void
php_write_sink(struct php *p, struct node *n, unsigned w, struct val *a, struct node **an,
	       unsigned argc)
{
	struct php_facts *f = p->f;
	const char *name = php_word_text(w);
	bool by_name = w == W_FILE_PUT_CONTENTS || w == W_COPY || w == W_RENAME;

	if (php_first(n)) {
		f->write_count++;
		if (argc > 1 && a[1].t == V_STR)
			php_layer(p, &a[1], PHP_LAYER_DROP, false);
	}
	if (argc < 2)
		return;
	if (w == W_COPY && a[0].t == V_STR && a[0].len == 11 &&
	    memcmp(a[0].u.s, "php://input", 11) == 0) {
		f->input_reads += !(an[1]->flags & NF_SEEN2);
		a[0] = php_unknown(TA_INPUT);
		(void)php_tainted(p, an[0], &a[0], name, 1, &f->taint_write_data);
	}
	if (w == W_COPY || (w == W_RENAME && (a[0].taint & (TA_TMP | TA_FILES)))) {
		bool upload = (a[0].taint & (TA_TMP | TA_FILES)) != 0;

		if ((a[0].taint & (TA_TMP | TA_FILES)) && !(an[0]->flags & NF_SEEN2)) {
			an[0]->flags |= NF_SEEN2;
			f->upload_count++;
			f->taint_upload++;
			php_mark(p, "@@taint ", name, 1, a[0].taint);
		}
		if (w == W_COPY && (php_is_url(&a[0]) || (a[0].taint & TA_URL))) {
			struct val far = php_unknown(TA_REMOTE | TA_FAR);

			program_sink(p, an[0], &a[1], &far);
		}
		php_holds(p, an[1], &a[1], a[0].taint);
		if (php_tainted(p, an[0], &a[0], name, 1, &f->taint_read) && !upload)
			f->taint_write_data++;
		(void)php_tainted(p, an[1], &a[1], name, 2,
				  upload ? &f->taint_upload_name : &f->taint_write_name);
		return;
	}
	if (by_name && !(an[0]->flags & NF_SEEN2)) {
		f->self_write += (a[0].flags & VF_SELF) != 0 && w == W_FILE_PUT_CONTENTS;
		f->write_odd += (a[1].taint & TA_REQUESTED) && asset(&a[0]) &&
				!(an[1]->flags & NF_SEEN2);
	}
	if (by_name)
		(void)php_tainted(p, an[0], &a[0], name, 1, &f->taint_write_name);
	php_holds(p, an[0], &a[0], a[1].taint);
	program_sink(p, an[1], &a[0], &a[1]);
	(void)php_tainted(p, an[1], &a[1], name, 2,
			  a[0].taint & TA_OPENED ? &f->taint_smtp : &f->taint_write_data);
}

void
php_upload_sink(struct php *p, struct node *n, struct val *a, struct node **an,
		unsigned argc)
{
	if (php_first(n)) {
		p->f->upload_count++;
		p->f->write_count++;
	}
	if (argc < 2)
		return;
	php_holds(p, an[1], &a[1], a[0].taint);
	(void)php_tainted(p, an[0], &a[0], "move_uploaded_file", 1, &p->f->taint_upload);
	(void)php_tainted(p, an[1], &a[1], "move_uploaded_file", 2,
			  &p->f->taint_upload_name);
}
