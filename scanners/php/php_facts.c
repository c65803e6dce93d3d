/*
 * php_facts - what the program reads, sets, and says
 *
 * Job:     request data as a source; settings, sockets and reconnaissance.
 * Touches: nothing.
 */
#include <string.h>
#include <strings.h>
#include "php_int.h"

static bool
is(const struct val *v, const char *s)
{
	return v->t == V_STR && v->len == strlen(s) &&
	       strncasecmp(v->u.s, s, v->len) == 0;
}

static bool
starts(const struct val *v, const char *s)
{
	size_t n = strlen(s);

	return v->t == V_STR && v->len >= n && memcmp(v->u.s, s, n) == 0;
}

static uint32_t
server(struct php *p, struct node *n, const struct val *key)
{
	if (key == NULL || !known(key))
		return key != NULL ? TA_HEADER : 0;
	if (!starts(key, "HTTP_") && !is(key, "QUERY_STRING") &&
	    !is(key, "REQUEST_URI") && !starts(key, "PHP_AUTH_") && !is(key, "PATH_INFO"))
		return 0;
	if (is(key, "HTTP_HOST") || is(key, "HTTP_X_FORWARDED_FOR") ||
	    is(key, "HTTP_CLIENT_IP") || is(key, "REQUEST_URI"))
		return 0; /* everybody's, and rarely the intruder's */
	if (!(n->flags & NF_SEEN)) {
		n->flags |= NF_SEEN;
		p->f->header_reads++;
	}
	return TA_HEADER;
}

uint32_t
php_source(struct php *p, struct node *n, const struct val *key)
{
	uint32_t t;

	switch (n->w) {
	case W_U_GET:
		t = TA_GET;
		break;
	case W_U_POST:
		t = TA_POST;
		break;
	case W_U_COOKIE:
		t = TA_COOKIE;
		break;
	case W_U_REQUEST:
		t = TA_REQUEST;
		break;
	case W_U_FILES:
		t = TA_FILES;
		break;
	case W_U_ENV:
		return TA_ENV;
	case W_U_SERVER:
		return server(p, n, key);
	default:
		t = TA_INPUT;
		if (!(n->flags & NF_SEEN))
			p->f->input_reads++;
		n->flags |= NF_SEEN;
		return t;
	}
	if (key != NULL && key->t == V_STR && key->len < 256) {
		uint32_t id, had = p->names.n;
		char name[260];

		name[0] = '?'; /* request fields share the table of names */
		memcpy(name + 1, key->u.s, key->len);
		id = php_intern(p, name, key->len + 1u, false);
		if (id >= had) {
			p->names.v[id].s =
			    memcpy(php_raw(p, key->len + 1u), name, key->len + 1u);
			p->f->request_fields++;
		}
	}
	return t;
}

void
php_sink_assign(struct php *p, struct node *target, const struct val *v)
{
	const struct val *key;

	(void)v;
	if (target->kind == N_INDEX && target->kid->kind == N_VAR &&
	    target->kid->next != NULL && !(target->flags & NF_SEEN2)) {
		target->flags |= NF_SEEN2;
		(void)php_eval(p, target->kid->next);
		key = target->kid->next->v;
		if (key == NULL)
			return;
		if (target->kid->w == W_U_SERVER &&
		    (is(key, "REMOTE_ADDR") || is(key, "PHP_SELF") ||
		     is(key, "SERVER_NAME") || is(key, "HTTP_HOST") ||
		     starts(key, "SCRIPT_") || is(key, "REQUEST_URI")))
			p->f->server_write++;
		if (target->kid->w == W_GLOBALS && key->t == V_STR && key->len != 0 &&
		    ((key->flags & VF_HID) || (unsigned char)key->u.s[0] >= 0x80))
			p->f->globals_hex++;
	}
	if (target->kind == N_PROP && target->kid->next->kind == N_NAME &&
	    (v->taint & TA_REQUESTED) && !(target->flags & NF_SEEN)) {
		switch (target->kid->next->w) {
		case W_SUBJECT:
			p->f->taint_mail_subject++;
			break;
		case W_BODY:
		case W_HTMLBODY:
			p->f->taint_mail_body++;
			break;
		case W_FROM:
		case W_FROMNAME:
		case W_SENDER:
			p->f->taint_mail_headers++;
			break;
		default:
			return;
		}
		target->flags |= NF_SEEN;
	}
}

static bool
zero(const struct val *v)
{
	return (v->t == V_INT && v->u.i == 0) || is(v, "0") || is(v, "off") ||
	       (v->t == V_BOOL && v->u.i == 0) || is(v, "");
}

static void
setting(struct php *p, const struct val *a, unsigned argc)
{
	if (argc < 2)
		return;
	if (is(&a[0], "display_errors") || is(&a[0], "error_log") ||
	    is(&a[0], "log_errors"))
		p->f->error_off += zero(&a[1]) || a[1].t == V_NULL;
	if (is(&a[0], "max_execution_time"))
		p->f->time_off += zero(&a[1]);
	if (is(&a[0], "mail.add_x_header") || starts(&a[0], "sendmail_") ||
	    is(&a[0], "mail.log"))
		p->f->ini_mail++;
}

static void
socket_facts(struct php *p, unsigned w, const struct val *a, unsigned argc)
{
	int64_t port =
	    argc > 1 && known(&a[1]) && a[1].t != V_ARR ? php_to_int(&a[1]) : 0;

	p->f->sock_open++;
	if (w == W_STREAM_SOCKET_CLIENT && argc > 0 && a[0].t == V_STR)
		port = memmem(a[0].u.s, a[0].len, ":25", 3) != NULL ? 25 : 0;
	p->f->sock_smtp += port == 25 || port == 465 || port == 587 || port == 2525;
}

static bool
newline(const struct val *v)
{
	return v->t == V_STR && v->len <= 8 && memchr(v->u.s, '\n', v->len) != NULL;
}

/* What the arguments of a call say about lists, gates and encodings of the request. */
static bool
request_facts(struct php_facts *f, unsigned w, const struct val *a, unsigned argc)
{
	bool req = argc > 0 && (a[0].taint & TA_REQUESTED) != 0;

	switch (w) {
	case W_EXPLODE:
	case W_SPLIT:
	case W_PREG_SPLIT:
		if (argc < 2)
			break;
		f->list_newline +=
		    newline(&a[0]) || is(&a[0], "/\\n/") || is(&a[0], "\\n") ||
		    (a[0].t == V_STR && memmem(a[0].u.s, a[0].len, "\\n", 2) != NULL);
		f->list_request += (a[1].taint & TA_REQUESTED) != 0;
		break;
	case W_STR_REPLACE: /* a list for one header */
		f->list_request +=
		    argc > 2 && newline(&a[0]) &&
		    (is(&a[1], ",") || is(&a[1], ", ") || is(&a[1], ";")) &&
		    (a[2].taint & TA_REQUESTED) != 0;
		break;
	case W_FILE:
		f->list_newline++;
		f->list_request += req;
		break;
	case W_BASE64_DECODE:
		f->b64_request += req;
		break;
	case W_MD5:
	case W_SHA1:
	case W_HASH:
		f->md5_gate +=
		    argc > 0 && (a[argc > 1 ? 1 : 0].taint & TA_REQUESTED) != 0;
		break;
	case W_EXTRACT:
		f->request_all += req;
		break;
	case W_GETALLHEADERS:
	case W_APACHE_REQUEST_HEADERS:
		f->header_reads++;
		break;
	default:
		return false;
	}
	return true;
}

/* Time, errors, aborts: what a page of somebody's site leaves as they are. */
static bool
manner_facts(struct php *p, unsigned w, const struct val *a, unsigned argc)
{
	struct php_facts *f = p->f;

	switch (w) {
	case W_INI_SET:
	case W_INI_ALTER:
		setting(p, a, argc);
		break;
	case W_ERROR_REPORTING:
		f->error_off += argc > 0 && zero(&a[0]);
		break;
	case W_SET_TIME_LIMIT:
		f->time_off += argc > 0 && zero(&a[0]);
		break;
	case W_IGNORE_USER_ABORT:
		f->abort_off += argc > 0;
		break;
	default:
		return false;
	}
	return true;
}

void
php_facts_call(struct php *p, unsigned w, const struct val *a, unsigned argc)
{
	struct php_facts *f = p->f;

	if (request_facts(f, w, a, argc) || manner_facts(p, w, a, argc))
		return;
	switch (w) {
	case W_PHP_UNAME:
		f->uname++;
		break;
	case W_PHPINFO:
	case W_POSIX_GETPWUID:
	case W_POSIX_GETUID:
	case W_DISK_TOTAL_SPACE:
	case W_DISK_FREE_SPACE:
	case W_GETMYUID:
	case W_GET_CURRENT_USER:
	case W_PHPVERSION:
	case W_PHP_SAPI_NAME:
		f->phpinfo++;
		break;
	case W_GETMXRR:
	case W_DNS_GET_MX:
	case W_DNS_GET_RECORD:
	case W_CHECKDNSRR:
		f->mx_lookup++;
		break;
	case W_FSOCKOPEN:
	case W_PFSOCKOPEN:
	case W_STREAM_SOCKET_CLIENT:
	case W_SOCKET_CONNECT:
		socket_facts(p, w, a, argc);
		break;
	case W_TOUCH:
	case W_CHMOD:
		f->touch_count += argc > 1;
		break;
	case W_INI_GET: /* the command by which PHP itself sends */
		f->sendmail_pipe += argc > 0 && is(&a[0], "sendmail_path");
		break;
	case W_UNLINK:
		f->self_delete += argc > 0 && (a[0].flags & VF_SELF) != 0;
		break;
	default:
		break;
	}
}
