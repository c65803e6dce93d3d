/*
 * sums - published checksums of packages, from local lists
 *
 * Job:     read *.sums, say whether a file that lies where a package has one is that
 *          one.
 * Touches: the lists, before the sandbox is closed.
 * Format:  a line a file: 64 hex digits of its SHA-256, two blanks, its path in the
 *          package; lines that begin with # are comments. contrib/make-sums writes them.
 *
 * All versions that are listed count as published. A path of one component ("index.php")
 * is left out: it would speak of every directory.
 */
#ifndef MAILBRAKE_SUMS_H
#define MAILBRAKE_SUMS_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define SUMS_MAX 1000000 /* files in all lists, 24 bytes each */

struct sums;

/* Never NULL. */
struct sums *sums_new(void);
void sums_free(struct sums **s);
/* Add the list in text. ERR_INPUT: a line is no such line (it is named), or SUMS_MAX. */
int sums_add(struct sums *s, const char *text, size_t len, struct err *e);
/* After the last list, before sums_changed. */
void sums_sort(struct sums *s);
size_t sums_count(const struct sums *s);

/* Does path end like a file of a package (longest such end), and is none of its published
 * contents this one? sha256: 64 hex digits. */
bool sums_changed(const struct sums *s, const char *path, const char *sha256);

#endif
