/*
 * qfile - who handed in a message of Postfix's queue, from its queue file
 *
 * Job:     find the line pickup(8) puts above a message of sendmail(1):
 *          "Received: by HOST (NAME, from userid N)" / "id QUEUEID; DATE".
 * Touches: nothing.
 * Format:  postfix src/global/rec_type.h, src/global/record.c: a type byte, a length
 *          (seven bits a byte, the lowest first, the top bit: one more follows), data.
 *
 * A sender can write such a line too, but cannot know the queue id that its own message
 * will have: a line that does not carry it is not looked at.
 */
#ifndef MAILBRAKE_QFILE_H
#define MAILBRAKE_QFILE_H

#include <stddef.h>
#include <stdint.h>

#define QFILE_MAX (4 << 20) /* bytes that are read: an envelope of 50,000 recipients */

/*
 * The uid, from the first len bytes of the file of message id. OWNER_NONE: no such line
 * (it came by SMTP, by what Postfix notes in the envelope). OWNER_SOMEBODY: the bytes end
 * before it can be told. OWNER_TAKEN_OUT: it came by sendmail(1), and the line is not
 * there: a header check of the admin's takes it out, which no sender can.
 */
int64_t qfile_uid(const char *p, size_t len, const char *id);

#endif
