/*
 * php_sink - dangerous calls: facts and marks
 *
 * Job:     for a call whose arguments are evaluated, count what it is and whether
 *          request data reaches which argument. Each place counts once.
 * Touches: nothing.
 */
#include <string.h>
#include "php_int.h"

/* What the bits are called in marks, in order. */
static const struct {
	uint32_t bit;
	const char *name;
} sources[] = {{TA_GET, "GET"},         {TA_POST, "POST"},   {TA_COOKIE, "COOKIE"},
	       {TA_REQUEST, "REQUEST"}, {TA_FILES, "FILES"}, {TA_HEADER, "HEADER"},
	       {TA_INPUT, "INPUT"},     {TA_ENV, "ENV"},     {TA_REMOTE, "REMOTE"},
	       {TA_B64, "B64"},         {TA_LIST, "LIST"}};

void
php_mark(struct php *p, const char *mark, const char *sink, unsigned arg, uint32_t taint)
{
	char num[3] = {' ', (char)('0' + arg % 10), 0};
	size_t i;
	const char *sep = " ";

	php_out_str(p, &p->marks, mark);
	php_out_str(p, &p->marks, sink);
	if (arg != 0)
		php_out_str(p, &p->marks, num);
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (taint & sources[i].bit) {
			php_out_str(p, &p->marks, sep);
			php_out_str(p, &p->marks, sources[i].name);
			sep = ",";
		}
	php_out_str(p, &p->marks, "\n");
}

static bool
first(struct node *n)
{
	if (n->flags & NF_SEEN)
		return false;
	n->flags |= NF_SEEN;
	return true;
}

/* A sink where a variable that nothing has set is no oversight. */
static bool
harmful(const struct php_facts *f, const int64_t *fact)
{
	return fact == &f->taint_eval || fact == &f->taint_code ||
	       fact == &f->taint_exec || fact == &f->taint_write_name ||
	       fact == &f->taint_unlink || fact == &f->taint_upload_name;
}

/* Request data in this argument? Counted once, marked, true the first time. */
static bool
tainted(struct php *p, struct node *an, const struct val *v, const char *sink,
	unsigned arg, int64_t *fact)
{
	bool ours = (v->taint & (TA_REQUESTED & ~(uint32_t)TA_ENV)) != 0;

	if ((v->taint & TA_UNSET) && an != NULL && !(an->flags & NF_SEEN2) &&
	    harmful(p->f, fact)) {
		p->f->unset_sinks++;
		if (!(v->taint & (TA_REQUESTED | TA_REMOTE)))
			an->flags |= NF_SEEN2;
	}
	if (an == NULL || (an->flags & NF_SEEN2) ||
	    !(v->taint & (TA_REQUESTED | TA_REMOTE)))
		return false;
	if (known(v) && v->t == V_STR && !(v->flags & VF_HID))
		return false; /* a literal on the way that counts */
	an->flags |= NF_SEEN2;
	if (ours && fact != NULL)
		(*fact)++;
	php_mark(p, "@@taint ", sink, arg, v->taint);
	return ours;
}

static void
code_sink(struct php *p, struct node *n, struct val *v, struct node *an, const char *sink,
	  int64_t *fact)
{
	(void)tainted(p, an, v, sink, 1, fact);
	if ((v->taint & TA_REMOTE) && !(n->flags & NF_DONE)) {
		n->flags |= NF_DONE;
		p->f->remote_code++;
	}
	if (v->t == V_STR) {
		if (!(n->flags & NF_SEEN) && !p->concrete) {
			p->f->eval_const++;
			php_mark(p, "@@code ", sink, 0, 0);
		}
		php_layer(p, v, PHP_LAYER_EVAL, true);
	} else if ((v->taint & TA_OPAQUE) && !(n->flags & NF_SEEN)) {
		p->f->eval_opaque++;
		php_mark(p, "@@opaque ", sink, 0, 0);
	}
}

void
php_sink_kw(struct php *p, struct node *n, struct val *v)
{
	struct php_facts *f = p->f;
	const char *w = php_word_text(n->w);

	switch (n->w) {
	case W_EVAL:
		code_sink(p, n, v, n->kid, "eval", &f->taint_eval);
		if (first(n))
			f->eval_count++;
		break;
	case W_INCLUDE:
	case W_INCLUDE_ONCE:
	case W_REQUIRE:
	case W_REQUIRE_ONCE:
		(void)tainted(p, n->kid, v, "include", 1, &f->taint_include);
		if (!first(n) || v->t != V_STR)
			break;
		if (v->len > 5 && memcmp(v->u.s, "data:", 5) == 0)
			php_layer(p, v, PHP_LAYER_INCLUDE, false);
		if (php_odd_path(v))
			f->include_odd++;
		break;
	case W_EXIT:
	case W_DIE:
	case W_PRINT:
		if (first(n) && v->t == V_STR && v->len > 0 && v->len <= 24)
			f->reply_token++;
		break;
	default:
		(void)w;
		break;
	}
}

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

static void
mail_sink(struct php *p, struct node *n, struct val *a, struct node **an, unsigned argc,
	  bool hidden)
{
	struct php_facts *f = p->f;
	int64_t *const facts[] = {&f->taint_mail_to, &f->taint_mail_subject,
				  &f->taint_mail_body, &f->taint_mail_headers,
				  &f->taint_exec};
	unsigned i;

	if (first(n)) {
		f->mail_hidden += hidden || p->layer != 0;
		f->mail_calls += hidden;
		f->mail_loop += p->loop != 0;
		f->mail_const_to += argc > 0 && a[0].t == V_STR &&
				    memchr(a[0].u.s, '@', a[0].len) != NULL;
	}
	for (i = 0; i < argc && i < 5; i++)
		(void)tainted(p, an[i], &a[i], "mail", i + 1, facts[i]);
}

static void
exec_sink(struct php *p, struct node *n, unsigned w, struct val *a, struct node **an,
	  unsigned argc)
{
	if (first(n)) {
		p->f->exec_count++;
		if (argc > 0 && a[0].t == V_STR &&
		    memmem(a[0].u.s, a[0].len, "sendmail", 8) != NULL)
			p->f->sendmail_pipe++;
	}
	if (argc > 0)
		(void)tainted(p, an[0], &a[0], php_word_text(w), 1, &p->f->taint_exec);
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

		if (v->len > n && memcmp(v->u.s + v->len - n, ends[i], n) == 0)
			return true;
	}
	return false;
}

static void
write_sink(struct php *p, struct node *n, unsigned w, struct val *a, struct node **an,
	   unsigned argc)
{
	struct php_facts *f = p->f;
	const char *name = php_word_text(w);
	bool by_name = w == W_FILE_PUT_CONTENTS || w == W_COPY || w == W_RENAME;

	if (first(n)) {
		f->write_count++;
		if (argc > 1 && a[1].t == V_STR)
			php_layer(p, &a[1], PHP_LAYER_DROP, false);
	}
	if (argc < 2)
		return;
	if (w == W_COPY) {
		if ((a[0].taint & (TA_TMP | TA_FILES)) && !(an[0]->flags & NF_SEEN2)) {
			an[0]->flags |= NF_SEEN2;
			f->upload_count++;
			f->taint_upload++;
			php_mark(p, "@@taint ", name, 1, a[0].taint);
		}
		(void)tainted(p, an[0], &a[0], name, 1, &f->taint_read);
		(void)tainted(p, an[1], &a[1], name, 2, &f->taint_write_name);
		return;
	}
	if (by_name && !(an[0]->flags & NF_SEEN2)) {
		f->self_write += (a[0].flags & VF_SELF) != 0 && w == W_FILE_PUT_CONTENTS;
		f->write_odd += (a[1].taint & TA_REQUESTED) && asset(&a[0]) &&
				!(an[1]->flags & NF_SEEN2);
	}
	if (by_name)
		(void)tainted(p, an[0], &a[0], name, 1, &f->taint_write_name);
	if ((a[1].taint & TA_REMOTE) && !(an[1]->flags & NF_SEEN2))
		f->remote_code++;
	(void)tainted(p, an[1], &a[1], name, 2,
		      a[0].taint & TA_OPENED ? &f->taint_smtp : &f->taint_write_data);
}

static void
upload_sink(struct php *p, struct node *n, struct val *a, struct node **an, unsigned argc)
{
	if (first(n)) {
		p->f->upload_count++;
		p->f->write_count++;
	}
	if (argc < 2)
		return;
	(void)tainted(p, an[0], &a[0], "move_uploaded_file", 1, &p->f->taint_upload);
	(void)tainted(p, an[1], &a[1], "move_uploaded_file", 2, &p->f->taint_upload_name);
}

/* The callback's place and its data's in functions that call back. */
static bool
callback(unsigned w, unsigned *f_out, unsigned *data_out)
{
	switch (w) {
	case W_ARRAY_MAP:
	case W_CALL_USER_FUNC:
	case W_CALL_USER_FUNC_ARRAY:
	case W_REGISTER_SHUTDOWN_FUNCTION:
	case W_REGISTER_TICK_FUNCTION:
	case W_FORWARD_STATIC_CALL:
	case W_OB_START:
	case W_SET_ERROR_HANDLER:
		*f_out = 0;
		*data_out = 1;
		return true;
	case W_ARRAY_FILTER:
	case W_ARRAY_WALK:
	case W_ARRAY_WALK_RECURSIVE:
	case W_ARRAY_REDUCE:
	case W_USORT:
	case W_UASORT:
	case W_UKSORT:
	case W_ITERATOR_APPLY:
		*f_out = 1;
		*data_out = 0;
		return true;
	case W_ARRAY_DIFF_UKEY:
	case W_ARRAY_UDIFF:
	case W_ARRAY_INTERSECT_UKEY:
		*f_out = 2;
		*data_out = 0;
		return true;
	case W_PREG_REPLACE_CALLBACK:
		*f_out = 1;
		*data_out = 2;
		return true;
	default:
		return false;
	}
}

static bool
runs_code(unsigned w)
{
	return w == W_ASSERT || w == W_SYSTEM || w == W_EXEC || w == W_PASSTHRU ||
	       w == W_SHELL_EXEC || w == W_EVAL || w == W_CREATE_FUNCTION ||
	       w == W_POPEN || w == W_PROC_OPEN;
}

/* 'assert' among the arguments, or one level down in an array of them. */
static void
named_sinks(struct php *p, const struct val *a, unsigned argc)
{
	unsigned i, k;

	for (i = 0; i < argc; i++) {
		const struct val *v = &a[i];
		unsigned w;

		if (v->t == V_ARR)
			for (k = 0; k < v->u.a->n && k < 8; k++)
				if (v->u.a->e[k].v.t == V_STR)
					named_sinks(p, &v->u.a->e[k].v, 1);
		if (v->t != V_STR || !runs_code(w = php_word(p, v->u.s, v->len)))
			continue;
		p->f->callback_sinks++;
		php_mark(p, "@@callback ", php_word_text(w), 0, 0);
	}
}

/* call_user_func(f, ..), call_user_func_array(f, [..]): as f(..). */
static void
handed(struct php *p, struct node *n, unsigned target, bool spread, struct val *a,
       struct node **an, unsigned argc)
{
	struct val v[6];
	struct node *vn[6];
	unsigned i, count = 0;

	if (target == W_NONE || target == W_CALL_USER_FUNC ||
	    target == W_CALL_USER_FUNC_ARRAY || argc < 2)
		return;
	if (spread && a[1].t == V_ARR)
		for (i = 0; i < a[1].u.a->n && count < 6; i++) {
			v[count] = a[1].u.a->e[i].v;
			vn[count++] = an[1];
		}
	else
		for (i = 1; i < argc && count < 6; i++) {
			v[count] = a[i];
			vn[count++] = an[i];
		}
	php_sink_call(p, n, target, v, vn, count, true);
}

static void
callback_sink(struct php *p, struct node *n, unsigned w, struct val *a, struct node **an,
	      unsigned argc)
{
	unsigned cb = 0, data = 0, target;

	if (w == W_FILTER_VAR && !(n->flags & NF_SEEN))
		named_sinks(p, a, argc);
	if (!callback(w, &cb, &data) || cb >= argc)
		return;
	if (!(n->flags & NF_SEEN))
		named_sinks(p, &a[cb], 1);
	(void)tainted(p, an[cb], &a[cb], "call", 1, &p->f->taint_call);
	if (a[cb].t != V_STR)
		return;
	target = php_word(p, a[cb].u.s, a[cb].len);
	if (w == W_CALL_USER_FUNC || w == W_CALL_USER_FUNC_ARRAY) {
		handed(p, n, target, w == W_CALL_USER_FUNC_ARRAY, a, an, argc);
		return;
	}
	if (target == W_NONE || callback(target, &cb, &cb))
		return;
	switch (target) {
	case W_ASSERT:
	case W_SYSTEM:
	case W_EXEC:
	case W_PASSTHRU:
	case W_SHELL_EXEC:
	case W_MAIL:
	case W_BASE64_DECODE:
	case W_CREATE_FUNCTION:
		if (data < argc)
			php_sink_call(p, n, target, &a[data], &an[data], 1, true);
		break;
	default:
		break;
	}
}

/* preg_replace('/../e', code, ..) */
static void
preg_sink(struct php *p, struct node *n, struct val *a, struct node **an, unsigned argc)
{
	uint32_t i;
	bool e = false;

	if (argc < 2 || a[0].t != V_STR) {
		if (argc > 1)
			(void)tainted(p, an[0], &a[0], "preg_replace", 1,
				      &p->f->taint_code);
		return;
	}
	for (i = a[0].len; i > 1 && p->cls[(unsigned char)a[0].u.s[i - 1]] & 2; i--)
		e = e || a[0].u.s[i - 1] == 'e';
	if (!e || i == a[0].len || i < 2)
		return;
	if (!(n->flags & NF_SEEN))
		p->f->preg_e++;
	code_sink(p, n, &a[1], an[1], "preg_replace", &p->f->taint_code);
	(void)tainted(p, argc > 2 ? an[2] : NULL, &a[argc > 2 ? 2 : 1], "preg_replace", 3,
		      &p->f->taint_code);
	(void)first(n);
}

/* Functions that only need the taint of one argument. */
static bool
simple(struct php *p, const struct node *n, unsigned w, struct val *a, struct node **an,
       unsigned argc)
{
	struct php_facts *f = p->f;
	int64_t *fact;
	unsigned i = 0;

	switch (w) {
	case W_UNSERIALIZE:
		fact = &f->taint_unserialize;
		break;
	case W_EXTRACT:
	case W_PARSE_STR:
		fact = &f->taint_extract;
		break;
	case W_IMPORT_REQUEST_VARIABLES:
		f->taint_extract += (n->flags & NF_SEEN) == 0;
		return false;
	case W_READFILE:
	case W_SHOW_SOURCE:
	case W_HIGHLIGHT_FILE:
	case W_OPENDIR:
	case W_SCANDIR:
		fact = &f->taint_read;
		break;
	case W_UNLINK:
	case W_RMDIR:
	case W_CHMOD:
	case W_TOUCH:
	case W_MKDIR:
		fact = &f->taint_unlink;
		break;
	case W_MYSQL_QUERY:
	case W_PG_QUERY:
		fact = &f->taint_sql;
		break;
	case W_MYSQLI_QUERY:
		fact = &f->taint_sql;
		i = 1;
		break;
	case W_FSOCKOPEN:
	case W_PFSOCKOPEN:
	case W_STREAM_SOCKET_CLIENT:
	case W_CURL_INIT:
		fact = &f->taint_url;
		break;
	case W_CURL_SETOPT:
		if (argc < 3 || an[1]->kind != N_NAME || an[1]->len != 11 ||
		    memcmp(an[1]->s, "CURLOPT_URL", 11) != 0)
			return false; /* what is posted there is nobody's address */
		fact = &f->taint_url;
		i = 2;
		break;
	case W_FILE_GET_CONTENTS:
	case W_FILE:
	case W_FOPEN:
		fact = &f->taint_read;
		if (argc > 1 && w == W_FOPEN && a[1].t == V_STR && a[1].len > 0 &&
		    a[1].u.s[0] != 'r')
			fact = &f->taint_write_name;
		if (fact == &f->taint_write_name && (a[0].flags & VF_SELF) &&
		    !(an[0]->flags & NF_SEEN2)) {
			an[0]->flags |= NF_SEEN2;
			f->self_write++;
		}
		if (argc > 0 && (a[0].taint & TA_TMP))
			return true;
		break;
	default:
		return false;
	}
	if (i < argc)
		(void)tainted(p, an[i], &a[i], php_word_text(w), i + 1, fact);
	return false;
}

void
php_sink_call(struct php *p, struct node *n, unsigned w, struct val *a, struct node **an,
	      unsigned argc, bool hidden)
{
	if (hidden && w != W_NONE && !(n->flags & NF_DONE) && !p->concrete) {
		n->flags |= NF_DONE;
		p->f->hidden_calls++;
		p->f->hidden_sinks += (php_word_flags(w) & (WF_TRIG | WF_MAIL)) != 0;
	}
	(void)simple(p, n, w, a, an, argc);
	switch (w) {
	case W_MAIL:
	case W_MB_SEND_MAIL:
	case W_WP_MAIL:
	case W_IMAP_MAIL:
		mail_sink(p, n, a, an, argc, hidden);
		return;
	case W_ASSERT:
		if (argc > 0 && (a[0].t == V_STR || a[0].taint != 0)) {
			code_sink(p, n, &a[0], an[0], "assert", &p->f->taint_eval);
			p->f->eval_count += first(n);
		}
		return;
	case W_CREATE_FUNCTION:
		if (argc > 1)
			code_sink(p, n, &a[1], an[1], "create_function",
				  &p->f->taint_code);
		p->f->create_function += first(n);
		return;
	case W_PREG_REPLACE:
	case W_PREG_FILTER:
		preg_sink(p, n, a, an, argc);
		return;
	case W_SYSTEM:
	case W_EXEC:
	case W_PASSTHRU:
	case W_SHELL_EXEC:
	case W_POPEN:
	case W_PROC_OPEN:
	case W_PCNTL_EXEC:
	case W_EXPECT_POPEN:
		exec_sink(p, n, w, a, an, argc);
		return;
	case W_MOVE_UPLOADED_FILE:
		upload_sink(p, n, a, an, argc);
		return;
	case W_FILE_PUT_CONTENTS:
	case W_FWRITE:
	case W_FPUTS:
	case W_COPY:
	case W_RENAME:
		write_sink(p, n, w, a, an, argc);
		return;
	default:
		callback_sink(p, n, w, a, an, argc);
		if (first(n))
			php_facts_call(p, w, a, argc);
		return;
	}
}

void
php_sink_method(struct php *p, struct node *n, const struct node *name, struct val *a,
		struct node **an, unsigned argc)
{
	struct php_facts *f = p->f;
	bool once = first(n);

	if (once && argc > 0 &&
	    (name->w == W_NONE || name->w == W_UKSORT || name->w == W_UASORT ||
	     name->w == W_USORT))
		named_sinks(p, a, argc > 2 ? 2 : argc);
	switch (name->w) {
	case W_SEND:
		f->send_calls += once;
		f->mail_loop += once && p->loop != 0;
		break;
	case W_ADDADDRESS:
	case W_ADDBCC:
	case W_ADDCC:
		if (argc > 0)
			(void)tainted(p, an[0], &a[0], "mail", 1, &f->taint_mail_to);
		break;
	case W_SETFROM:
	case W_ADDREPLYTO:
		if (argc > 0)
			(void)tainted(p, an[0], &a[0], "mail", 4, &f->taint_mail_headers);
		break;
	case W_MSGHTML:
		if (argc > 0)
			(void)tainted(p, an[0], &a[0], "mail", 3, &f->taint_mail_body);
		break;
	default:
		break;
	}
}

void
php_sink_dynamic(struct php *p, struct node *n, const struct val *fn)
{
	struct node *callee = n->kid;

	if (first(n)) {
		p->f->dynamic_calls++;
		if (fn->taint & TA_OPAQUE)
			php_mark(p, "@@opaque ", "call", 0, 0);
	}
	(void)tainted(p, callee, fn, "call", 1, &p->f->taint_call);
}

void
php_sink_backtick(struct php *p, struct node *n, const struct val *v)
{
	if (p->concrete)
		return;
	p->f->exec_count += first(n);
	(void)tainted(p, n->kid, v, "backtick", 1, &p->f->taint_exec);
}

void
php_sink_new(struct php *p, struct node *n, const struct val *c)
{
	if (!p->concrete)
		(void)tainted(p, n->kid, c, "new", 1, &p->f->taint_new);
}
