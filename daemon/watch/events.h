/*
 * events - read the kernel's event buffers
 *
 * Job:     one event after the other out of what read(2) gave, every length checked.
 * Touches: nothing.
 * Format:  inotify(7), fanotify(7) (metadata, then FAN_EVENT_INFO_TYPE_DFID_NAME records:
 *          file system id, directory handle, name).
 */
#ifndef MAILBRAKE_EVENTS_H
#define MAILBRAKE_EVENTS_H

#include <stddef.h>
#include <stdint.h>

struct ino_event {
	int wd;
	uint32_t mask;
	const char *name; /* "" when the event is about the directory itself */
};

/* The event at *at, which moves behind it. 1: there is one; 0: end of the buffer; -1: the
 * bytes are no event. name is borrowed from buf. */
int ino_next(const void *buf, size_t len, size_t *at, struct ino_event *out);

struct fan_event {
	uint64_t mask;
	int pid;
	uint64_t fsid;
	int handle_type;
	uint32_t handle_len;
	const unsigned char *handle; /* NULL: the event has no directory and name */
	const char *name;
};

/* The same for fanotify with FAN_REPORT_DFID_NAME. An event of another metadata version
 * is -1. handle and name are borrowed from buf. */
int fan_next(const void *buf, size_t len, size_t *at, struct fan_event *out);

#endif
