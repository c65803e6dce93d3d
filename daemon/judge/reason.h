/*
 * reason - why an account's mail passes or waits: one word, one sentence each
 *
 * Job:     the closed list of reasons; decisions, JSON, log lines and the manual use the
 *          word, people read the sentence.
 * Touches: nothing.
 * Source:  daemon/judge/DECISIONS, one paragraph per reason.
 */
#ifndef MAILBRAKE_REASON_H
#define MAILBRAKE_REASON_H

/*
 * REASON(symbol, word, what it says, what would have had to be different)
 */
#define REASON_TABLE(R) \
	R(OK, "ok", "nothing against it", "") \
	R(OWN, "own", "all recipients are the account's own", "") \
	R(TRUSTED, "trusted", "an admin trusts it", "") \
	R(WORD_HELD, "word-held", "an admin holds the account", \
	  "an admin says release, trust or forget") \
	R(HELD, "held", "the account is held", \
	  "an admin says release or trust, the hold expires, or what caused it is gone " \
	  "and its held mail was released or discarded") \
	R(FLAGGED_SCRIPT, "flagged-script", \
	  "the script that sends was found to be a mailer", \
	  "the file is gone or scans clean, or an admin trusts the script") \
	R(WEAK_SCRIPT, "weak-script", \
	  "a script with a weak finding sends its first mail to outside recipients", \
	  "the file scans clean, or the script had sent before it was found") \
	R(EVIDENCE_NEW, "evidence-new-script", \
	  "the account has a flagged file and mail comes from a script never seen " \
	  "sending", \
	  "the flagged file is gone or trusted") \
	R(EVIDENCE_VOLUME, "evidence-volume", \
	  "the account has a malicious file and wrote to more than unknown_rcpt_max " \
	  "outside recipients", \
	  "the flagged file is gone or trusted, or fewer outside recipients") \
	R(NEW_SCRIPTS, "new-script", \
	  "scripts new to this account wrote to more outside recipients than allowed", \
	  "fewer recipients outside the account's own domains, a copy of each message " \
	  "to the owner, or an admin trusts the script") \
	R(CHANGED_SCRIPT, "changed-script", \
	  "a script was changed and now sends more than its usual hour", \
	  "no more mail than before the change, or an admin trusts the script") \
	R(ABOVE_USUAL, "above-usual", "a known script sends far above its own history", \
	  "mail of the usual kind, at the usual time, in the usual amount") \
	R(HARD_CAP, "hard-cap", \
	  "the account addressed more recipients in an hour than any may", \
	  "hard_cap_h is higher, or an admin trusts the account") \
	R(REFUSALS, "refusals", "too large a share of the account's mail is refused", \
	  "fewer permanent refusals; temporary ones (greylisting) do not count") \
	R(EVIDENCE_ALONE, "evidence", \
	  "the account has a flagged file, but no suspicious mail yet", \
	  "the file is gone or trusted") \
	R(UNREADABLE, "unreadable", \
	  "the message could not be read, so nobody knows whom it addresses", \
	  "a message that the mail parser can read within its time and memory") \
	R(EXPIRED, "expired", "the hold ended by its time; nobody reviewed it", "") \
	R(CLEARED, "cleared", \
	  "what caused the hold is gone and its mail was released or discarded", "") \
	R(WORD_RELEASED, "word-released", "an admin released the account", "") \
	R(WORD_TRUSTED, "word-trusted", "an admin trusts the account", "") \
	R(WORD_ENDED, "word-ended", "the admin's hold or trust ended or was taken back", \
	  "") \
	R(NEW_OWNER, "new-owner", "the uid belongs to another user now", "") \
	R(NO_ROOM, "no-room", \
	  "more than 20,000 accounts: the others are only limited by hard_cap_h", \
	  "fewer accounts on this server send mail")

enum reason {
#define REASON_ENUM(sym, word, says, differs) REASON_##sym,
	REASON_TABLE(REASON_ENUM)
#undef REASON_ENUM
	    REASON_COUNT
};

/* The word ("new-script"); "unknown" for a number that is none. Static. */
const char *reason_word(enum reason r);
/* The sentence. Static. */
const char *reason_says(enum reason r);
/* What would have had to be different; "" when nothing was held. Static. */
const char *reason_differs(enum reason r);
/* The reason of a word; REASON_COUNT when there is none. */
enum reason reason_of_word(const char *word);

#endif
