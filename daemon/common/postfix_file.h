/*
 * postfix_file - where a message of Postfix's queue lies
 *
 * Job:     the path of a queue file from its id.
 * Touches: asks whether files are there.
 * Source:  postfix src/global/mail_queue.c; hash_queue_names and hash_queue_depth of
 *          postconf(5): QUEUE/ID, QUEUE/I/ID or QUEUE/I/D/ID with the id's first letters.
 */
#ifndef MAILBRAKE_POSTFIX_FILE_H
#define MAILBRAKE_POSTFIX_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* An id has no other letters, so it can be a file's name; never "ALL". */
bool postfix_id_ok(const char *id);

/* The path of message id in queue ("hold") below dir; false: it is not there. */
bool postfix_file(char *dst, size_t size, const char *dir, const char *queue,
		  const char *id);

#endif
