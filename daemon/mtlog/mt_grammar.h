/*
 * mt_grammar - one line of one MTA's log
 *
 * Job:     the two grammars. They know one line only; mtlog.c joins lines.
 * Touches: nothing.
 *
 * Every field is taken by its position among the MTA's own words, from the left, and
 * reading stops where the first text begins that a stranger may have written freely. What
 * a Subject, a HELO name, a message-id or a reply contains can therefore not become a
 * field.
 */
#ifndef MAILBRAKE_MT_GRAMMAR_H
#define MAILBRAKE_MT_GRAMMAR_H

#include "mt_scan.h"

enum mt_line {
	MT_NOTHING, /* a line of the MTA that says nothing we need */
	MT_EVENT,   /* ev is filled */
	MT_CWD,     /* Exim: ev->claimed_cwd of the process pid */
	MT_PART, /* Postfix: one of several lines about queue_id; what it says is in ev */
	MT_FOREIGN, /* another program's line */
	MT_DAMAGED, /* looks like the MTA's, but is not of its form */
};

/* *pid_out: of the writing process, 0 when the log does not tell. */
enum mt_line exim_line(struct stamp_base *b, const char *line, size_t len,
		       struct mt_event *ev, uint64_t *pid_out);
enum mt_line postfix_line(struct stamp_base *b, const char *line, size_t len,
			  struct mt_event *ev, uint64_t *pid_out);

/* A Postfix program's text without the syslog header (the journal has its own). */
enum mt_line postfix_text(struct slice ident, struct slice text, struct mt_event *ev);

#endif
