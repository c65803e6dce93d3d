/*
 * dirs - the directories that inotify watches, as a tree by watch descriptor
 *
 * Job:     number -> (parent, name, inode) in about 20 bytes a directory: a million of
 *          them is 20 MB (inotifywait: 283 MB). A rename changes one node.
 * Touches: the heap.
 * Format:  pages of 4,096 numbers, made and freed as needed, each with its own bytes of
 *          names; watch descriptors only ever grow, so the range is wide and sparse.
 */
#ifndef MAILBRAKE_DIRS_H
#define MAILBRAKE_DIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIRS_DEPTH_MAX 8192   /* deeper directories have no path and are not entered */
#define DIRS_ROOT 0x80000000u /* a parent with this bit is the number of a root */

struct dirs;

struct dirs *dirs_new(void);
void dirs_free(struct dirs **d);

/* Set the node. parent: a number, or DIRS_ROOT | root number with name "". */
void dirs_set(struct dirs *d, uint32_t n, uint32_t parent, const char *name,
	      uint64_t ino);
/* Forget it; nothing happens when it is not there. */
void dirs_del(struct dirs *d, uint32_t n);
bool dirs_has(const struct dirs *d, uint32_t n);
/* Is ino the inode this node was set with (its low 32 bits)? */
bool dirs_same(const struct dirs *d, uint32_t n, uint64_t ino);
size_t dirs_count(const struct dirs *d);

/*
 * The path of n below its root, components joined by '/'. Borrowed until the next call;
 * NULL: a parent is missing, or deeper than DIRS_DEPTH_MAX. *root_out: the root's number.
 */
const char *dirs_path(struct dirs *d, uint32_t n, uint32_t *root_out);

#endif
