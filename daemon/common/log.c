/*
 * log - four voices, one line each
 *
 * Job:     see log.h.
 * Touches: standard error, syslog.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "clock.h"

static const char *log_name = "mailbrake";
static bool log_syslog;

void
log_init(const char *name, bool to_syslog)
{
	log_name = name;
	log_syslog = to_syslog;
	if (to_syslog)
		openlog("mailbrake", LOG_NDELAY | LOG_PID, LOG_DAEMON);
}

static void
emit(int priority, const char *word, const char *fmt, va_list ap)
{
	char body[1024], line[1152];
	ssize_t ignored;
	int n;

	(void)vsnprintf(body, sizeof body, fmt, ap);
	n = snprintf(line, sizeof line, "%s[%d]: %s%s\n", log_name, (int)getpid(), word,
		     body);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof line)
		n = (int)sizeof line - 1;
	/* one write, so that lines of several processes do not mix; a full pipe loses the
	 * line */
	ignored = write(STDERR_FILENO, line, (size_t)n);
	(void)ignored;
	if (log_syslog)
		syslog(priority, "%s: %s%s", log_name, word, body);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_INFO, "", fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_WARNING, "warning ", fmt, ap);
	va_end(ap);
}

void
log_fatal(int exit_code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_ERR, "fatal ", fmt, ap);
	va_end(ap);
	_exit(exit_code);
}

void
log_bug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_CRIT, "bug ", fmt, ap);
	va_end(ap);
	abort();
}

void
log_warn_rate(const char *key, int interval_s, const char *fmt, ...)
{
	static struct {
		const char *key;
		mono_t last;
		unsigned left_out;
	} seen[32];
	char body[1024];
	mono_t now = clock_mono();
	va_list ap;
	size_t i;

	for (i = 0; i < sizeof seen / sizeof seen[0] - 1; i++)
		if (seen[i].key == NULL || strcmp(seen[i].key, key) == 0)
			break;
	if (seen[i].key != NULL && strcmp(seen[i].key, key) == 0 &&
	    mono_diff_us(now, seen[i].last) < (int64_t)interval_s * 1000000) {
		seen[i].left_out++;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(body, sizeof body, fmt, ap);
	va_end(ap);
	if (seen[i].left_out > 0)
		log_warn("%s left_out=%u", body, seen[i].left_out);
	else
		log_warn("%s", body);
	seen[i].key = key;
	seen[i].last = now;
	seen[i].left_out = 0;
}
