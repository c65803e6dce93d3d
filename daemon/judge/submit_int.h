/*
 * submit_int - what the files of submit share
 *
 * Job:     one wrapper's message, from its connection to its answer: submit.c takes it,
 *          submit_judge.c gathers what is known of it and has the engine judge it,
 *          submit_hold.c holds it.
 * Touches: nothing; declarations.
 */
#ifndef MAILBRAKE_SUBMIT_INT_H
#define MAILBRAKE_SUBMIT_INT_H

#include "account.h"
#include "held.h"
#include "room.h"
#include "submit.h"
#include "wire.h"
#include "workers.h"

#define RCPTS_MAX 100 /* whose addresses are looked at */

/*
 * It waits for three answers: its head by a worker (have_head), its account's fresh files
 * (hurried), the age of the file it names (looked_up). When all are there, or their time
 * is over, it is decided; then it is answered and gone, or held first (holding).
 */
struct client {
	struct client *next, **prev;
	struct seat seat;
	struct wire wire;
	uid_t uid;
	gid_t gid;
	pid_t pid;
	mono_t due; /* files are not waited for any longer */
	mono_t
	    head_due; /* nor is its head, when workers are there: its wrapper gives up */
	bool submitted, have_head, hurried, looked_up, holding, gone;
	bool nobody_reads;   /* no worker was there to read it */
	const char *refusal; /* to be told when its message has come */
	char login[33];
	uint64_t size, token, hurry, look;
	int64_t changed_us; /* of the file looked at, -1 not this account's */
	char *looked;       /* its path */
	int body;           /* the sealed memfd */
	char *cwd, *argv, *env, *script;
	size_t argv_len, env_len;
	struct job *job;
	/* what the worker told */
	bool head_ok;
	uint64_t rcpts, nowhere, subject_hash, body_hash;
	char from[320], subject[512], message_id[320], header_script[512];
	char *domains;
	size_t domains_len;
	uint64_t rcpt_hashes[RCPTS_MAX];
	size_t rcpt_hash_count;
	/* the answer */
	struct answer answer;
	bool own; /* judged as the account's own mail: nothing was counted */
	struct held_head held;
	struct err held_err;
	int held_result;
};

/* Tell the wrapper; true: it was told. */
bool submit_answer(struct client *c, enum submit_answer a, const char *text);
/* Tell it no, and why; *c is gone. */
void submit_refuse(struct client *c, const char *text);
void submit_free(struct client *c);

/* The file it names, by its wrapper's word or its header's. */
void submit_look_up(struct client *c, const char *path);
/* A worker's word on its head, and watch's on the account's fresh files. */
void submit_on_head(struct job *j, const struct m_verdict *v, const struct m_head *h);
void submit_on_hurried(void *arg);
/* Decide with what is known; or only when all is. *c may be gone. */
void submit_decide(struct client *c);
void submit_maybe_decide(struct client *c);

/* Hold it; it is answered when that is on the disk. */
void submit_hold(struct client *c);
/* Was this very message held already? Its wrapper asks again. */
bool submit_remembered(uint32_t uid, uint64_t token);

#endif
