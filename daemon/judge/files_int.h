/*
 * files_int - between the parts of files.h
 *
 * Job:     files.c takes what watch sends; files_look.c has asked for some of it;
 *          files_keep.c keeps what was found.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_FILES_INT_H
#define MAILBRAKE_FILES_INT_H

#include "clock.h"
#include "files.h"

/* The version of the rules as a number the store can keep. */
uint64_t files_rules_hash(void);

/* Keep what was found in the file, and that other findings of it are gone. f->path is
 * whole. */
void files_keep_verdict(const struct m_file *f, const struct m_verdict *v, wall_t now);
/*
 * May this one be set aside by itself? Only what would be run: its name says so, or it is
 * a program and executable. Outsiders can have the text of a mailer written into a mail,
 * a log or a cached page of their victim's, and it shall not go for that.
 */
bool files_may_go(const char *path, const char *type, uint64_t mode);
/* Tell the engine, as far as the account's mail can depend on it. */
void files_tell_engine(const struct m_file *f, const struct m_verdict *v, wall_t now);

/*
 * What watch sent is the answer to a files_look or files_changed: give it to who asked.
 * take_fd: -1 when the file is gone. false: nobody asked for this one, take_fd is still
 * the caller's.
 */
bool files_look_answer(uint64_t asked, uint64_t dev, uint64_t ino, int64_t changed_us,
		       int take_fd);
/* FOUND: tell watch which of these files are to be sent. In parts, so that who sends
 * mail meanwhile does not wait for a large directory. */
void files_found(struct msg *m);
/* Watch is gone: forget what it asked. */
void files_found_drop(void);

/* Watch is gone: nobody gets an answer any more. */
void files_look_drop(void);

#endif
