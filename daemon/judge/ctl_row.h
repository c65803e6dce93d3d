/*
 * ctl_row - one admin's connection, and rows for it
 *
 * Job:     what the files that answer commands share.
 * Touches: the connection.
 */
#ifndef MAILBRAKE_CTL_ROW_H
#define MAILBRAKE_CTL_ROW_H

#include <jansson.h>

#include "held.h"
#include "msg.h"
#include "wire.h"

#define CTL_IDS_MAX \
	100000 /* held messages one `release USER` takes; more: say it again */

struct ctl {
	struct wire wire;
	char verb[16], who[33];
	bool ended, all_asked;
	uint64_t rows, failed, open_jobs, asked;
	char (*ids)[HELD_ID];
	struct choosing *choosing; /* ctl_choose.c: which ids are meant */
	size_t id_count, id_next;
	int step_timer;
	int64_t list_uid; /* a list that is sent in parts: of this account, -1 all, ... */
	char list_after[HELD_ID]; /* ... and how far it has come */
};

/* Send one row; the reference is taken. fd (or -1) is borrowed. */
void ctl_row(struct ctl *c, json_t *take_row);
void ctl_row_fd(struct ctl *c, json_t *take_row, int fd);

/* The answer is complete. exit_code of sysexits; text: why, or "". */
void ctl_end(struct ctl *c, int exit_code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A JSON string of foreign bytes, forced to UTF-8; null for NULL. */
json_t *ctl_text(const char *s);
json_t *ctl_num(uint64_t n);
/* A JSON array of the strings in a bytes field. */
json_t *ctl_list(const void *p, size_t len);

/* The end of a list: 0 when there were rows, else "nothing matched". */
void ctl_end_rows(struct ctl *c);
/* The account an argument names; -1: there is none, and the command was ended. */
int64_t ctl_account_arg(struct ctl *c, const char *name);
/* Its state in a word; "unknown" when it was never seen. Static. */
const char *ctl_state_of(int64_t uid);

/* Commands answered in files of their own. */
void ctl_accounts(struct ctl *c, struct strings *args);
void ctl_explain(struct ctl *c, struct strings *args);
void ctl_hold(struct ctl *c, struct strings *args);
void ctl_trust(struct ctl *c, struct strings *args);
void ctl_forget(struct ctl *c, struct strings *args);
void ctl_held(struct ctl *c, struct strings *args);
void ctl_show(struct ctl *c, struct strings *args);
void ctl_release(struct ctl *c, struct strings *args);
void ctl_discard(struct ctl *c, struct strings *args);
void ctl_status(struct ctl *c, struct strings *args);
void ctl_files(struct ctl *c, struct strings *args);
void ctl_set_aside(struct ctl *c, struct strings *args);
void ctl_put_back(struct ctl *c, struct strings *args);
void ctl_providers(struct ctl *c, struct strings *args);
void ctl_dossier(struct ctl *c, struct strings *args);
void ctl_notice(struct ctl *c, struct strings *args);
void ctl_forwards(struct ctl *c, struct strings *args);
void ctl_report(struct ctl *c, struct strings *args);
void ctl_top(struct ctl *c, struct strings *args);
/* The connection is gone: nobody waits for its set-aside any more. */
void ctl_files_forget(const struct ctl *c);
void ctl_report_forget(const struct ctl *c);

#endif
