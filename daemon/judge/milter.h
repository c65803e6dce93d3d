/*
 * milter - the filter protocol of Sendmail, as far as a question about mail needs it
 *
 * Job:     take the packets of one connection apart and say when the MTA waits for a
 *          word about a message; make the packets of the answers.
 * Touches: nothing.
 * Format:  a packet is four bytes of length (big endian), a command byte, its data
 *          (sendmail's include/libmilter/mfdef.h; postfix src/milter/milter8.c).
 *          libmilter itself answers from threads of its own, which a process that
 *          decides in one loop cannot use.
 *
 * We ask for no connection, HELO, header or body, and for sender and recipients without
 * an answer each: one message is one question, at its end.
 */
#ifndef MAILBRAKE_MILTER_H
#define MAILBRAKE_MILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MILTER_MAX 65536 /* bytes of one packet we read */
#define MILTER_OUT 128   /* bytes of an answer's room */
#define MILTER_TO 10     /* recipients remembered; of more none are */
#define MILTER_TO_LEN 256

struct milter {
	bool open; /* versions were exchanged */
	char id[64], sender[320], auth[320];
	uint64_t rcpts;
	char to[MILTER_TO][MILTER_TO_LEN]; /* the first of rcpts, "" too long */
};

enum milter_word {
	MILTER_GO_ON, /* nothing is to be said */
	MILTER_SAY,   /* out holds the answer */
	MILTER_ASK, /* the message is whole: milter_pass or milter_hold, then milter_next
		     */
	MILTER_BYE, /* the MTA is done with this connection */
	MILTER_WRONG, /* not this protocol, or not what we agreed on */
};

/* Bytes of a whole packet at the start of p; 0: more are needed; -1: it is too long. */
int64_t milter_whole(const char *p, size_t len);

/* Take one whole packet. *out_len: bytes of the answer for MILTER_SAY. */
enum milter_word milter_packet(struct milter *m, const char *p, size_t len,
			       char out[MILTER_OUT], size_t *out_len);

/* The two words about a whole message; bytes of the answer. */
size_t milter_pass(char out[MILTER_OUT]);
size_t milter_hold(char out[MILTER_OUT]);

/* Forget the message; the connection stays. */
void milter_next(struct milter *m);

#endif
