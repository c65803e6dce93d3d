/*
 * log - four voices, one line each
 *
 * Job:     `event key=value ...` lines to standard error (systemd's journal
 *          takes them from there) and, when asked, to syslog(3).
 *          log_info: done. log_warn: we go on. log_fatal: the operator's
 *          problem, exit. log_bug: ours, abort. Bytes of a peer never cause
 *          the last two.
 * Touches: standard error, syslog.
 */
#ifndef MAILBRAKE_LOG_H
#define MAILBRAKE_LOG_H

#include <stdbool.h>

/* name: the process ("judge"); borrowed, must outlive the process. */
void log_init(const char *name, bool to_syslog);
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_fatal(int exit_code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), noreturn));
void log_bug(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/*
 * At most one line per key and interval_s; what was left out is counted and said with the
 * next. For lines whose rate a stranger chooses. key: a string literal.
 */
void log_warn_rate(const char *key, int interval_s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
