/*
 * held_list - the list of accounts none of whose mail goes, for who cannot ask judge
 *
 * Job:     its place, its form, and whether an account stands in it. Written by hands,
 *          at a stop by the parent; read by Exim (contrib/exim) and, when the daemon
 *          does not answer, by the wrapper.
 * Format:  lines "UID:\n" as Exim's lsearch reads them; "#" begins a remark. After a stop
 *          they are remarks, too ("#UID:"), and one says when that was: so long as a
 *          restart takes they still count for the wrapper.
 * Touches: that file.
 */
#ifndef MAILBRAKE_HELD_LIST_H
#define MAILBRAKE_HELD_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* The list's place: the setting brake_file with ".held" behind it. */
void held_list_path(char *path, size_t size, const char *brake_file);

/* The whole list anew, never half of it: len bytes of strings (msg.h), each a uid; others
 * are left out. */
int held_list_write(const char *path, const void *uids, size_t len, struct err *e);

/* Does the uid stand in the list? A list that is not there, or cannot be read, has none. */
bool held_list_has(const char *path, uint32_t uid, int64_t now_s);

/*
 * The daemon stops: nobody stands in it any more, but for HELD_AFTER_S. When that cannot be
 * written it is emptied where it is, which needs no room on the disk.
 */
#define HELD_AFTER_S 30
int held_list_stop(const char *path, int64_t now_s, struct err *e);

#endif
