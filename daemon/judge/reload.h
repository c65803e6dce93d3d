/*
 * reload - new rules: tried in a process of their own, then in force
 *
 * Job:     hear what the trial says (READY of proc.c's P_TRIAL), keep and tell why
 *          a set was refused, answer `mailbrake rules reload`.
 * Touches: the link to the trial, the admin's connections that wait.
 *
 * The parent starts the trial and, when it ends well, the other set of workers; the old
 * set works on until the new one is ready, so no file waits for a reload.
 */
#ifndef MAILBRAKE_RELOAD_H
#define MAILBRAKE_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl_row.h"

/* The link to a trial that the parent has started. */
void reload_peer(int take_fd);
/* The trial has ended; wait status. */
void reload_ended(int status);
/* A new set is in force: for workers_on_rules. */
void reload_in_force(void);

/* `rules reload`: one row "asked" at once (the CLI then signals the parent), one with
 * what became of it. */
void reload_ctl(struct ctl *c, struct strings *args);
/* This connection is gone. */
void reload_forget(const struct ctl *c);

struct reload_state {
	uint64_t reloads, refused; /* since the start */
	char problem[512];         /* of the last trial, "" when it was good */
};
const struct reload_state *reload_state(void);

#endif
