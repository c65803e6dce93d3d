/*
 * mailhead - what a message says of itself, and whom it addresses
 *
 * Job:     recipients by sendmail's own rules (arguments, and the header with
 *          -t), their domains, the fields judgement reads, hashes of subject
 *          and body.
 * Touches: GMime, on a buffer.
 * Source:  sendmail(1) of Postfix 3.7, Exim's "command line options", RFC 5322.
 */
#ifndef MAILBRAKE_MAILHEAD_H
#define MAILBRAKE_MAILHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"

#define MAILHEAD_BYTES_MAX (1u << 20)  /* of header that are looked at */
#define MAILHEAD_BODY_MAX (256u << 10) /* of body that go into the hash */
#define MAILHEAD_DOMAINS_MAX \
	100                    /* distinct ones named; further ones are only counted \
				*/
#define MAILHEAD_RCPTS_MAX 100 /* addresses hashed; of a message with more none is */

enum mail_bulk {                            /* bits of mail_head.bulk */
		 MAIL_BULK_PRECEDENCE = 1,  /* Precedence: bulk, list or junk */
		 MAIL_BULK_UNSUBSCRIBE = 2, /* List-Unsubscribe */
		 MAIL_BULK_LIST_ID = 4,
		 MAIL_BULK_AUTO = 8, /* Auto-Submitted other than "no" */
};

struct mail_head {
	bool ok; /* false: reason says why it could not be read; counts are a lower bound
		  */
	const char *reason; /* static */
	uint64_t rcpts; /* addresses, each time it is named; where MTAs read a different
			   number of them, the largest */
	uint64_t rcpts_nowhere; /* of them, those whose domain is not told below */
	uint64_t domain_count;
	char from[320], subject[512], message_id[320], claimed_script[512];
	unsigned bulk; /* enum mail_bulk */
	/*
	 * subject_hash: FNV-1a of the subject with digits and case folded away, 0 if
	 * there is none. body_hash: 64-bit simhash over 3-word shingles of the normalised
	 * text (lower case; tags, addresses, links, numbers left out), 0 for fewer than 8
	 * words. Letters that differ in a name or a code are a few bits apart: nearly
	 * equal is a Hamming distance of at most 6.
	 */
	uint64_t subject_hash, body_hash;
	char domains[16384]; /* terminated strings, each a distinct lower-case domain */
	size_t domains_len;
	/* address_hash of each address, as many as rcpts; 0 when one of them is written
	 * so that an MTA might read another address in it. The key is set beforehand. */
	unsigned char rcpt_key[ADDRESS_KEY];
	uint64_t rcpt_hashes[MAILHEAD_RCPTS_MAX];
	size_t rcpt_hash_count;
	bool rcpts_unclear;
};

/* Start GMime; once a process, before the sandbox. */
void mail_head_start(void);

/*
 * Fill *h from the first len bytes of a message and the argument vector it was handed to
 * sendmail with (terminated strings, argv[0] first).
 */
void mail_head_read(struct mail_head *h, const void *data, size_t len, const void *argv,
		    size_t argv_len);

#endif
