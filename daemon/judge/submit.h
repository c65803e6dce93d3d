/*
 * submit - one message's way from the wrapper to its answer
 *
 * Job:     take SUBMIT from any local user, prove who it is by the kernel's
 *          word, have the message read by a worker and the account's fresh
 *          files looked at, ask the engine, hold, answer.
 * Touches: its clients' connections, held mail (through held.h), the store.
 * Limits:  submit_uid_max of one account: more are refused, never let through unseen, but
 *          for those that say nothing when they are many; SUBMIT_CLIENTS at once: beyond,
 *          one of the account with the most makes place (room.h).
 */
#ifndef MAILBRAKE_SUBMIT_H
#define MAILBRAKE_SUBMIT_H

#include <stdint.h>

#define SUBMIT_CLIENTS 2000

/* Accept wrappers on the listening socket. */
void submit_listen(int listen_fd);

/* A message found on the disk that was held before a restart, with its wrapper's token.
 */
void submit_remember(uint32_t uid, uint64_t token);

unsigned submit_waiting(void);

#endif
