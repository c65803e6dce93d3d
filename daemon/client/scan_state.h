/*
 * scan_state - how far a scan came, on disk
 *
 * Job:     write and read the file of `mailbrake scan --resume FILE`.
 * Touches: that file, and FILE.new beside it.
 * Format:  text, a word and its value a line:
 *            mailbrake-scan 1
 *            rules VERSION
 *            root PATH           each, in order
 *            at N PATH           the last file of the walk before which all were looked
 *                                at, below root N (from 0); absent: none yet
 *            files N, bytes N, malicious N, suspicious N, unscanned N
 *          In a path every byte that is not printable ASCII, and %, is %XX.
 */
#ifndef MAILBRAKE_SCAN_STATE_H
#define MAILBRAKE_SCAN_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "scan_progress.h"
#include "scan_walk.h"

struct scan_state {
	const char *rules_version; /* borrowed */
	char **roots;              /* borrowed, NULL-terminated */
	bool begun;                /* at_root and at are set */
	size_t at_root;
	char at[WALK_PATH];
	struct scan_count count;
};

/*
 * Fill *s from the file; rules_version and roots are set by the caller and compared.
 * Returns 1; 0 when there is no such file; -1: ERR_INPUT when it is of another scan
 * (other paths, other rules) or no such file at all, ERR_SYS.
 */
int scan_state_read(struct scan_state *s, const char *path, struct err *e);

/* Write the file whole in the place of the old one, on disk when it returns 0. ERR_SYS.
 */
int scan_state_write(const struct scan_state *s, const char *path, struct err *e);

#endif
