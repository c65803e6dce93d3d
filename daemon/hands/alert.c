/*
 * alert - tell the admin: a mail, and each program in hook_dir
 *
 * Job:     send the text judge wrote, through the real sendmail, as an account
 *          without power; run the hooks with the event as JSON on stdin, and what
 *          the mail says in MAILBRAKE_SUBJECT and MAILBRAKE_BODY.
 * Touches: hook_dir; one process for the mail and one a hook.
 * Source:  RFC 5322, RFC 2047 (Subject), RFC 3834 (Auto-Submitted: no
 *          vacation program answers).
 *
 * What judge sends may quote a tenant. Header fields are written from one safe line each;
 * the body's control bytes are made visible.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base64.h"
#include "job.h"
#include "log.h"
#include "priv.h"
#include "text.h"
#include "verbs.h"

#define HOOKS_MAX 16 /* programs of hook_dir that are run; more are said */
#define HOOK_TIMEOUT_S 30
#define MAIL_TIMEOUT_S 60
#define MAIL_TO_MAX 8
#define WORD_BYTES 42      /* RFC 2047: 75 characters at most, as base64 with its frame */
#define LINE_MAX_BYTES 900 /* RFC 5322: 998; safe text may have grown */

static const char *const plain_env[] = {JOB_PATH, "LANG=C.UTF-8", NULL};

/* One alert: what is still to be run, and what went wrong so far. */
struct alert {
	uint64_t asked;
	int running, next, count, told; /* told: programs that ended well */
	int event_fd;
	char *subject, *body; /* for a hook that has no use for JSON; NULL: no memory */
	char hooks[HOOKS_MAX][512]; /* paths, sorted */
	char name[512];             /* the program that runs now */
	char faults[1024];
};

static void step(struct alert *a);

static void __attribute__((format(printf, 2, 3)))
fault(struct alert *a, const char *fmt, ...)
{
	size_t len = strlen(a->faults);
	va_list ap;

	if (len > 0 && len + 3 < sizeof a->faults) {
		memcpy(a->faults + len, "; ", 3);
		len += 2;
	}
	va_start(ap, fmt);
	vsnprintf(a->faults + len, sizeof a->faults - len, fmt, ap);
	va_end(ap);
}

static void
on_end(void *arg, const struct job_end *end)
{
	struct alert *a = arg;

	if (!end->ran || end->timed_out || end->exit_code != 0)
		fault(a, "%s: %s %d %.200s", a->name,
		      end->timed_out ? "timed out" : "exit", end->exit_code, end->text);
	else
		a->told++;
	step(a);
}

/* --- the mail --- */

/* RFC 2047: words of at most 75 characters, each of whole UTF-8 characters. */
static void
write_subject(FILE *f, const char *subject)
{
	char line[200], word[BASE64_TEXT(WORD_BYTES)];
	size_t i, n, len;
	bool ascii = true;

	text_safe(line, sizeof line, subject);
	len = strlen(line);
	for (i = 0; i < len; i++)
		ascii = ascii && (unsigned char)line[i] < 0x80;
	if (ascii) {
		fprintf(f, "Subject: %s\n", line);
		return;
	}
	fputs("Subject:", f);
	for (i = 0; i < len; i += n) {
		n = len - i < WORD_BYTES ? len - i : WORD_BYTES;
		while (n > 1 && i + n < len &&
		       ((unsigned char)line[i + n] & 0xc0) == 0x80)
			n--;
		base64_text(word, line + i, n);
		fprintf(f, " =?UTF-8?B?%s?=%s", word, i + n < len ? "\n" : "");
	}
	fputc('\n', f);
}

static void
write_body(FILE *f, const char *body)
{
	char line[LINE_MAX_BYTES];
	const char *nl;

	for (; *body != '\0'; body = nl + 1) {
		nl = strchr(body, '\n');
		if (nl == NULL)
			nl = body + strlen(body);
		text_safe_n(line, sizeof line, body, (size_t)(nl - body));
		fprintf(f, "%s\n", line); /* -i: a line of "." is only a line */
		if (*nl == '\0')
			break;
	}
}

static int
memory_file(FILE **f_out)
{
	int fd = memfd_create("mailbrake-alert", MFD_CLOEXEC), copy;

	*f_out = NULL;
	if (fd < 0)
		return -1;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0 || (*f_out = fdopen(copy, "w")) == NULL) {
		if (copy >= 0)
			close(copy);
		close(fd);
		return -1;
	}
	return fd;
}

static int
compose(const struct m_alert *q, const char *to)
{
	char from[256], safe_to[600];
	FILE *f;
	int fd = memory_file(&f);

	if (fd < 0)
		return -1;
	text_safe(from, sizeof from, hands_conf()->alert_from);
	text_safe(safe_to, sizeof safe_to, to);
	fprintf(f,
		"From: Mailbrake <%s>\nTo: %s\nAuto-Submitted: auto-generated\n"
		"MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
		"Content-Transfer-Encoding: 8bit\n",
		from, safe_to);
	write_subject(f, q->subject);
	fputc('\n', f);
	write_body(f, q->body);
	if (fclose(f) != 0 || lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* alert_mail as words and as a To: field. Addresses that look like options are left out.
 */
static int
recipients(char *copy, size_t size, const char **argv, char *to, size_t to_size)
{
	char *save = NULL, *w;
	size_t len = 0;
	int n = 0;

	(void)text_copy(copy, size, hands_conf()->alert_mail);
	to[0] = '\0';
	for (w = strtok_r(copy, " ,\t", &save); w != NULL && n < MAIL_TO_MAX;
	     w = strtok_r(NULL, " ,\t", &save)) {
		if (w[0] == '-' || len + strlen(w) + 3 > to_size)
			continue;
		len += (size_t)snprintf(to + len, to_size - len, "%s%s",
					n > 0 ? ", " : "", w);
		argv[n++] = w;
	}
	argv[n] = NULL;
	return n;
}

static void
start_mail(struct alert *a, const struct m_alert *q)
{
	const char *argv[4 + MAIL_TO_MAX] = {"sendmail", "-i", "--"};
	struct job_spec s = {.program = hands_conf()->sendmail_real,
			     .argv = argv,
			     .env = plain_env,
			     .timeout_s = MAIL_TIMEOUT_S};
	char copy[256], to[600];
	struct err e;

	(void)text_copy(a->name, sizeof a->name, "mail");
	if (recipients(copy, sizeof copy, argv + 3, to, sizeof to) == 0)
		return;
	if (geteuid() == 0) {
		s.as_owner = true;
		s.login = hands_conf()->user_judge;
		if (priv_lookup(s.login, &s.uid, &s.gid, &e) != 0) {
			fault(a, "mail: %s", e.text);
			return;
		}
	}
	s.stdin_fd = compose(q, to);
	if (s.stdin_fd < 0) {
		fault(a, "mail: %s", strerror(errno));
		return;
	}
	if (job_start(&s, on_end, a, &e) == 0)
		a->running++;
	else
		fault(a, "mail: %s", e.text);
	close(s.stdin_fd);
}

/* --- the hooks --- */

static bool
ours_alone(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & 022) == 0;
}

static int
by_name(const void *x, const void *y)
{
	return strcmp(x, y);
}

static void
find_hooks(struct alert *a)
{
	const char *dir = hands_conf()->hook_dir;
	struct dirent *d;
	struct stat st;
	DIR *p;

	if (dir[0] == '\0' || (p = opendir(dir)) == NULL)
		return;
	if (fstat(dirfd(p), &st) != 0 || !ours_alone(&st)) {
		fault(a, "hook_dir %s is not root's alone: no hook was run", dir);
		closedir(p);
		return;
	}
	while ((d = readdir(p)) != NULL) {
		size_t len = strlen(d->d_name);

		if (d->d_name[0] == '.' || d->d_name[len - 1] == '~' ||
		    fstatat(dirfd(p), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(st.st_mode) || (st.st_mode & 0100) == 0)
			continue;
		if (!ours_alone(&st))
			fault(a, "hook %.60s is not root's alone: not run", d->d_name);
		else if (a->count == HOOKS_MAX ||
			 (size_t)snprintf(a->hooks[a->count], sizeof a->hooks[0], "%s/%s",
					  dir, d->d_name) >= sizeof a->hooks[0])
			fault(a, "hook %.60s is one too many: not run", d->d_name);
		else
			a->count++;
	}
	closedir(p);
	qsort(a->hooks, (size_t)a->count, sizeof a->hooks[0], by_name);
}

static void
start_hook(struct alert *a)
{
	const char *argv[] = {a->hooks[a->next], NULL};
	const char *env[] = {plain_env[0], plain_env[1], a->subject, a->body, NULL};
	struct job_spec s = {.program = a->hooks[a->next],
			     .argv = argv,
			     .env = env,
			     .stdin_fd = a->event_fd,
			     .timeout_s = HOOK_TIMEOUT_S};
	struct err e;

	(void)text_copy(a->name, sizeof a->name, a->hooks[a->next]);
	a->next++;
	if (lseek(a->event_fd, 0, SEEK_SET) != 0)
		fault(a, "%s: %s", a->name, strerror(errno));
	else if (job_start(&s, on_end, a, &e) == 0)
		a->running++;
	else
		fault(a, "%s: %s", a->name, e.text);
}

/* One program after the other; when all have ended, the answer. */
static void
step(struct alert *a)
{
	if (a->running > 0)
		a->running--;
	while (a->running == 0 && a->next < a->count)
		start_hook(a);
	if (a->running > 0)
		return;
	if (a->faults[0] != '\0')
		log_warn("alert_incomplete asked=%llu text=\"%s\"",
			 (unsigned long long)a->asked, a->faults);
	hands_done(a->asked, a->faults[0] == '\0',
		   a->faults[0] == '\0' ? ALERT_TOLD
		   : a->told > 0        ? ALERT_PARTLY
					: ALERT_NOBODY,
		   a->faults);
	if (a->event_fd >= 0)
		close(a->event_fd);
	free(a->subject);
	free(a->body);
	free(a);
}

/* "NAME=text", each line of it safe; or all of it as one line. */
static char *
variable(const char *name, const char *text, bool one_line)
{
	char line[LINE_MAX_BYTES], *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	if (f == NULL)
		return NULL;
	fprintf(f, "%s=", name);
	if (one_line)
		fputs(text_safe(line, sizeof line, text), f);
	else
		write_body(f, text);
	if (fclose(f) != 0) {
		free(out);
		return NULL;
	}
	if (size > 0 && out[size - 1] == '\n')
		out[size - 1] = '\0';
	return out;
}

static int
event_file(const struct m_alert *q)
{
	FILE *f;
	int fd = memory_file(&f);

	if (fd < 0)
		return -1;
	fprintf(f, "%s\n", q->event);
	if (fclose(f) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void
verb_alert(struct msg *m)
{
	struct alert *a;
	struct m_alert q;
	struct err e;

	if (m_alert_get(m, &q, &e) != 0) {
		hands_done(0, false, -1, e.text);
		return;
	}
	a = calloc(1, sizeof *a);
	if (a == NULL || (a->event_fd = event_file(&q)) < 0) {
		hands_done(q.asked, false, -1, "out of memory");
		free(a);
		return;
	}
	a->asked = q.asked;
	a->subject = variable("MAILBRAKE_SUBJECT", q.subject, true);
	a->body = variable("MAILBRAKE_BODY", q.body, false);
	find_hooks(a);
	start_mail(a, &q);
	if (a->running == 0)
		step(a);
}
