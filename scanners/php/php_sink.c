/*
 * php_sink - dangerous calls: facts and marks
 *
 * Job:     for a call whose arguments are evaluated, count what it is and whether
 *          request data reaches which argument. Each place counts once.
 * Touches: nothing.
 */
#include <string.h>
#include "php_side.h"
#include "php_sink.h"

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

bool
php_first(struct node *n)
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

/* A sink where a literal that may be set instead is a disguise, no default. */
static bool
runs(const struct php_facts *f, const int64_t *fact)
{
	return fact == &f->taint_eval || fact == &f->taint_code || fact == &f->taint_exec;
}

/* .. and one where a literal is what is sent when nobody asks for another thing. */
static bool
sends(const struct php_facts *f, const int64_t *fact)
{
	return fact == &f->taint_mail_to || fact == &f->taint_mail_subject ||
	       fact == &f->taint_mail_body || fact == &f->taint_mail_headers;
}

/* The taint as the sink sees it: what was set apart for it counts not. */
static uint32_t
at_sink(const struct php_facts *f, const int64_t *fact, const struct val *v)
{
	uint32_t t = v->taint, how = t & (TA_QUOTED | TA_LISTED);
	bool risky = (t & TA_RISKY) != 0, forgiven = false;

	if (!(t & TA_ASIDE))
		return t & ~TA_APART;
	if (how == TA_QUOTED)
		forgiven = fact == &f->taint_exec && !risky && v->t != V_ARR;
	else if (how == TA_LISTED)
		forgiven = fact == &f->taint_include || fact == &f->taint_read ||
			   (fact == &f->taint_call && !risky) ||
			   (fact == &f->taint_write_name && !risky && !(t & TA_PROG));
	return forgiven ? t & ~TA_APART : php_bare(t);
}

bool
php_tainted(struct php *p, struct node *an, const struct val *v, const char *sink,
	    unsigned arg, int64_t *fact)
{
	uint32_t t = at_sink(p->f, fact, v);
	bool ours = (t & (TA_REQUESTED & ~(uint32_t)TA_ENV)) != 0;

	if ((v->taint & TA_UNSET) && an != NULL && !(an->flags & (NF_SEEN2 | NF_SEEN3)) &&
	    harmful(p->f, fact)) {
		p->f->unset_sinks++;
		an->flags |= NF_SEEN3; /* taint may yet come with a later walk */
	}
	if (an == NULL || (an->flags & NF_SEEN2) || !(t & (TA_REQUESTED | TA_REMOTE)))
		return false;
	if (known(v) && v->t == V_STR && !(v->flags & VF_HID) && !runs(p->f, fact) &&
	    !sends(p->f, fact))
		return false; /* a literal on the way that counts */
	an->flags |= NF_SEEN2;
	if (ours && fact != NULL)
		(*fact)++;
	php_mark(p, "@@taint ", sink, arg, t);
	return ours;
}

static void
code_sink(struct php *p, struct node *n, struct val *v, struct node *an, const char *sink,
	  int64_t *fact)
{
	(void)php_tainted(p, an, v, sink, 1, fact);
	if ((v->taint & TA_REMOTE) && !(n->flags & NF_DONE)) {
		n->flags |= NF_DONE;
		p->f->remote_code++;
		p->f->remote_eval++;
	}
	if ((v->taint & TA_SELF) && v->t != V_STR && !(n->flags & NF_SEEN))
		p->f->eval_self++;
	if (v->t == V_STR) {
		if (!(n->flags & NF_SEEN) && !p->concrete) {
			p->f->eval_const++;
			php_mark(p, "@@code ", sink, 0, 0);
		}
		php_layer(p, v, PHP_LAYER_EVAL, true);
	} else if ((v->taint & (TA_OPAQUE | TA_OWN)) && !(n->flags & NF_SEEN)) {
		p->f->eval_opaque++;
		php_mark(p, "@@opaque ", sink, 0, 0);
	}
}

/* name://.., and PHP has no such name */
static bool
own_scheme(const struct val *v)
{
	static const char *const of_php[] = {"php",   "file", "data", "http",
					     "https", "ftp",  "phar", "zip",
					     "glob",  "ftps", "rar"};
	const char *at = memmem(v->u.s, v->len, "://", 3);
	size_t i, n;

	if (at == NULL || at == v->u.s || memchr(v->u.s, '.', (size_t)(at - v->u.s)))
		return false;
	n = (size_t)(at - v->u.s);
	for (i = 0; i < sizeof(of_php) / sizeof(of_php[0]); i++)
		if (strlen(of_php[i]) == n && memcmp(v->u.s, of_php[i], n) == 0)
			return false;
	return true;
}

void
php_sink_kw(struct php *p, struct node *n, struct val *v)
{
	struct php_facts *f = p->f;
	const char *w = php_word_text(n->w);

	switch (n->w) {
	case W_EVAL:
		code_sink(p, n, v, n->kid, "eval", &f->taint_eval);
		if (php_first(n))
			f->eval_count++;
		break;
	case W_INCLUDE:
	case W_INCLUDE_ONCE:
	case W_REQUIRE:
	case W_REQUIRE_ONCE:
		(void)php_tainted(p, n->kid, v, "include", 1, &f->taint_include);
		if (!php_first(n))
			break;
		p->f->includes -= p->dead != 0 && p->f->includes > 0;
		p->f->include_temp += (v->taint & TA_TEMP) != 0;
		p->f->include_wrote += php_held(p, n->kid, v) != 0;
		if (v->t != V_STR)
			break;
		p->f->include_scheme += own_scheme(v);
		if (v->len > 5 && memcmp(v->u.s, "data:", 5) == 0)
			php_layer(p, v, PHP_LAYER_INCLUDE, false);
		if (php_odd_path(v))
			f->include_odd++;
		break;
	case W_EXIT:
	case W_DIE:
	case W_PRINT:
		if (php_first(n) && v->t == V_STR && v->len > 0 && v->len <= 24)
			f->reply_token++;
		break;
	default:
		(void)w;
		break;
	}
}

static void
exec_sink(struct php *p, struct node *n, unsigned w, struct val *a, struct node **an,
	  unsigned argc)
{
	if (php_first(n)) {
		p->f->exec_count++;
		if (argc > 0 && a[0].t == V_STR &&
		    memmem(a[0].u.s, a[0].len, "sendmail", 8) != NULL)
			p->f->sendmail_pipe++;
	}
	if (argc == 0)
		return;
	if ((a[0].taint & TA_REMOTE) && !(an[0]->flags & NF_SEEN2) &&
	    an[0]->kind == N_VAR)
		p->f->remote_code++; /* the whole command, as it came */
	(void)php_tainted(p, an[0], &a[0], php_word_text(w), 1, &p->f->taint_exec);
}

/* preg_replace('/../e', code, ..) */
static void
preg_sink(struct php *p, struct node *n, struct val *a, struct node **an, unsigned argc)
{
	uint32_t i;
	bool e = false;

	if (argc < 2 || a[0].t != V_STR) {
		if (argc > 1 && (a[0].taint & a[1].taint & TA_REMOTE) &&
		    !(an[0]->flags & NF_SEEN2)) {
			p->f->remote_code++;
			p->f->remote_eval++;
		}
		if (argc > 1)
			(void)php_tainted(p, an[0], &a[0], "preg_replace", 1,
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
	(void)php_tainted(p, argc > 2 ? an[2] : NULL, &a[argc > 2 ? 2 : 1],
			  "preg_replace", 3, &p->f->taint_code);
	(void)php_first(n);
}

/* mb_ereg_replace(pattern, code, subject, 'e') */
static void
ereg_sink(struct php *p, struct node *n, struct val *a, struct node **an, unsigned argc)
{
	if (argc < 4 || a[3].t != V_STR || memchr(a[3].u.s, 'e', a[3].len) == NULL)
		return;
	if (!(n->flags & NF_SEEN))
		p->f->preg_e++;
	code_sink(p, n, &a[1], an[1], "mb_ereg_replace", &p->f->taint_code);
	(void)php_tainted(p, an[2], &a[2], "mb_ereg_replace", 3, &p->f->taint_code);
	(void)php_first(n);
}

/* "https://host/..": what the request adds cannot change whom it asks. */
static bool
fixed_host(const struct node *an)
{
	const char *host, *slash;

	while (an != NULL && (an->kind == N_CHAIN || an->kind == N_INTERP))
		an = an->kid;
	if (an == NULL || an->kind != N_LIT || an->len < 9 ||
	    (memcmp(an->s, "http://", 7) != 0 && memcmp(an->s, "https://", 8) != 0))
		return false;
	host = an->s + (an->s[4] == 's' ? 8 : 7);
	slash = memchr(host, '/', an->len - (size_t)(host - an->s));
	return slash != NULL && slash > host;
}

/* Server, user and password of a database, in that order with all who connect. */
static void
login(struct php *p, struct val *a, struct node **an, unsigned argc)
{
	unsigned i;

	for (i = 0; i < argc && i < 3; i++)
		(void)php_tainted(p, an[i], &a[i], "connect", i + 1, &p->f->taint_db);
}

/* fopen()'s mode, where it is known. */
static bool
opens_to_write(const struct val *a, unsigned argc)
{
	return argc > 1 && a[1].t == V_STR && a[1].len > 0 &&
	       (a[1].u.s[0] != 'r' || memchr(a[1].u.s, '+', a[1].len) != NULL);
}

/* Its own file, counted once a call. */
static void
writes_self(struct php *p, const struct val *a, struct node **an)
{
	if (!(a[0].flags & VF_SELF) || (an[0]->flags & NF_SEEN2))
		return;
	an[0]->flags |= NF_SEEN2;
	p->f->self_write++;
}

static bool
sets_address(struct node **an, unsigned argc)
{
	return argc >= 3 && an[1]->kind == N_NAME && an[1]->len == 11 &&
	       memcmp(an[1]->s, "CURLOPT_URL", 11) == 0;
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
	case W_SOCKET_WRITE:
	case W_SOCKET_SEND:
	case W_STREAM_SOCKET_SENDTO:
		fact = &f->taint_smtp;
		i = 1;
		break;
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
	case W_MYSQL_CONNECT:
	case W_MYSQL_PCONNECT:
	case W_MYSQLI_CONNECT:
		login(p, a, an, argc);
		return false;
	case W_FSOCKOPEN:
	case W_PFSOCKOPEN:
	case W_STREAM_SOCKET_CLIENT:
	case W_CURL_INIT:
		fact = argc > 0 && fixed_host(an[0]) ? &f->url_part : &f->taint_url;
		break;
	case W_CURL_SETOPT:
		php_post_sink(p, an[0], w, a, an, argc);
		if (!sets_address(an, argc))
			return false; /* what is posted there is nobody's address */
		fact = fixed_host(an[2]) ? &f->url_part : &f->taint_url;
		i = 2;
		break;
	case W_FILE_GET_CONTENTS:
	case W_FILE:
	case W_FOPEN:
		fact = w == W_FOPEN && opens_to_write(a, argc) ? &f->taint_write_name
							       : &f->taint_read;
		if (fact == &f->taint_write_name)
			writes_self(p, a, an);
		if (argc > 0 && (a[0].taint & TA_TMP))
			return true;
		break;
	default:
		return false;
	}
	if (i < argc)
		(void)php_tainted(p, an[i], &a[i], php_word_text(w), i + 1, fact);
	return false;
}

/* stream_copy_to_stream(from, to) */
static void
stream_sink(struct php *p, struct node *n, struct val *a, struct node **an, unsigned argc)
{
	p->f->write_count += php_first(n);
	if (argc < 2)
		return;
	if ((a[0].taint & TA_REMOTE) && !(an[0]->flags & NF_SEEN2))
		p->f->remote_code++;
	(void)php_tainted(p, an[0], &a[0], "fwrite", 2, &p->f->taint_write_data);
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
		php_mail_sink(p, n, w, a, an, argc, hidden);
		return;
	case W_ASSERT:
		if (argc > 0 && (a[0].t == V_STR || a[0].taint != 0)) {
			code_sink(p, n, &a[0], an[0], "assert", &p->f->taint_eval);
			p->f->eval_count += php_first(n);
		}
		return;
	case W_ERROR_LOG:
		php_log_sink(p, n, a, an, argc);
		return;
	case W_CURL_SETOPT_ARRAY:
	case W_STREAM_CONTEXT_CREATE:
	case W_WP_REMOTE_POST:
		php_post_sink(p, n, w, a, an, argc);
		return;
	case W_CREATE_FUNCTION:
		if (argc > 1)
			code_sink(p, n, &a[1], an[1], "create_function",
				  &p->f->taint_code);
		p->f->create_function += php_first(n);
		return;
	case W_PREG_REPLACE:
	case W_PREG_FILTER:
		preg_sink(p, n, a, an, argc);
		return;
	case W_MB_EREG_REPLACE:
		ereg_sink(p, n, a, an, argc);
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
	case W_SSH2_EXEC:
		if (argc > 1)
			exec_sink(p, n, w, a + 1, an + 1, argc - 1);
		return;
	case W_MOVE_UPLOADED_FILE:
		php_upload_sink(p, n, a, an, argc);
		return;
	case W_FILE_PUT_CONTENTS:
	case W_FWRITE:
	case W_FPUTS:
	case W_COPY:
	case W_RENAME:
		php_write_sink(p, n, w, a, an, argc);
		return;
	case W_STREAM_COPY_TO_STREAM:
		stream_sink(p, n, a, an, argc);
		return;
	default:
		php_callback_sink(p, n, w, a, an, argc);
		if (php_first(n))
			php_facts_call(p, w, a, argc);
		return;
	}
}

void
php_sink_method(struct php *p, struct node *n, const struct node *name, struct val *a,
		struct node **an, unsigned argc)
{
	struct php_facts *f = p->f;
	bool once = php_first(n);

	if (once && argc > 0 &&
	    (name->w == W_NONE || name->w == W_UKSORT || name->w == W_UASORT ||
	     name->w == W_USORT))
		php_named_sinks(p, a, argc > 2 ? 2 : argc);
	php_mail_method(p, n, name, a, an, argc, once);
	switch (name->w) {
	case W_FWRITE: /* of a SplFileObject */
		if (argc > 0)
			(void)php_tainted(p, an[0], &a[0], "fwrite", 2,
					  &f->taint_write_data);
		break;
	case W_EXTRACTTO: /* of an archive: the names are in it */
		f->upload_count += once && f->files_reads != 0;
		f->write_count += once;
		if (argc > 0)
			(void)php_tainted(p, an[0], &a[0], "extractto", 1,
					  &f->taint_write_name);
		break;
	case W_CREATEFUNCTION:
	case W_SQLITECREATEFUNCTION:
		if (argc > 1)
			(void)php_tainted(p, an[1], &a[1], "call", 1, &f->taint_call);
		break;
	default:
		break;
	}
}

void
php_given(struct php *p, struct node *n, uint32_t given)
{
	if (!(given & TA_REQUESTED & ~(uint32_t)TA_ENV) || (n->flags & NF_DONE))
		return;
	n->flags |= NF_DONE;
	p->f->call_given++;
	php_mark(p, "@@taint ", "call", 2, given);
}

void
php_sink_dynamic(struct php *p, struct node *n, const struct val *fn, uint32_t given)
{
	struct node *callee = n->kid;

	if ((fn->taint & (TA_LISTED | TA_RISKY)) == TA_LISTED &&
	    !(fn->taint & TA_REQUESTED))
		return; /* one of a list of constants, none of which names a sink */
	if (php_first(n)) {
		p->f->dynamic_calls++;
		p->f->call_request += (given & TA_REQUESTED) != 0;
		if (fn->taint & TA_OPAQUE)
			php_mark(p, "@@opaque ", "call", 0, 0);
	}
	if (php_tainted(p, callee, fn, "call", 1, &p->f->taint_call))
		p->f->taint_call_args += (given & TA_REQUESTED) != 0;
	php_given(p, n, given);
}

void
php_sink_backtick(struct php *p, struct node *n, const struct val *v)
{
	if (p->concrete)
		return;
	p->f->exec_count += php_first(n);
	(void)php_tainted(p, n->kid, v, "backtick", 1, &p->f->taint_exec);
}

void
php_sink_new(struct php *p, struct node *n, const struct val *c)
{
	if (!p->concrete)
		(void)php_tainted(p, n->kid, c, "new", 1, &p->f->taint_new);
}

void
php_sink_made(struct php *p, unsigned w, struct val *a, struct node **an, unsigned argc)
{
	if (p->concrete || argc == 0)
		return;
	if (w == W_REFLECTIONFUNCTION)
		(void)php_tainted(p, an[0], &a[0], "call", 1, &p->f->taint_call);
	if (w == W_MYSQLI || w == W_PDO)
		login(p, a, an, argc);
	if (w == W_SPLFILEOBJECT && argc > 1 && a[1].t == V_STR && a[1].len > 0 &&
	    a[1].u.s[0] != 'r')
		(void)php_tainted(p, an[0], &a[0], "fopen", 1, &p->f->taint_write_name);
}
