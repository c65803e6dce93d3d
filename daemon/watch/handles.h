/*
 * handles - directories by the kernel's own handle (fanotify's numbers)
 *
 * Job:     (file system, handle) -> number, with what was found out about the directory.
 *          A handle names a directory whatever it is called and wherever it is moved.
 * Touches: the heap.
 * Limits:  numbers that nobody holds are forgotten, the oldest first, beyond
 *          HANDLES_IDLE.
 */
#ifndef MAILBRAKE_HANDLES_H
#define MAILBRAKE_HANDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HANDLES_IDLE 16384 /* about 120 bytes each */
#define HANDLE_LEN_MAX 128 /* MAX_HANDLE_SZ, open_by_handle_at(2) */

struct handle {
	struct handle *hash_next, *older, *newer; /* the last two while nobody holds it */
	uint32_t number, refs;
	uint32_t fs; /* the backend's number of the file system */
	uint32_t
	    checked;   /* when `inside` was found out; the backend's count of renames */
	bool inside;   /* below a root, and not left out */
	uint8_t mount; /* by which mount it is inside */
	uint8_t len;
	int type;
	unsigned char bytes[];
};

struct handles;

struct handles *handles_new(void);
void handles_free(struct handles **h);
/* The directory, made when it is new (refs 0, checked 0). Borrowed; it may be forgotten
 * at the next handles_get when nobody holds it. NULL: len is over HANDLE_LEN_MAX. */
struct handle *handles_get(struct handles *h, uint32_t fs, int type,
			   const unsigned char *bytes, size_t len);
/* By number; NULL: forgotten. */
struct handle *handles_at(const struct handles *h, uint32_t number);
void handles_hold(struct handles *h, uint32_t number);
void handles_release(struct handles *h, uint32_t number);
size_t handles_count(const struct handles *h);

#endif
