/*
 * err - what went wrong, by whose fault
 *
 * Job:     carry one failure from where it is known to where it is told.
 * Touches: nothing; a struct err is the caller's, on its stack.
 */
#ifndef MAILBRAKE_ERR_H
#define MAILBRAKE_ERR_H

enum err_code {
	ERR_NONE,
	ERR_INPUT,  /* the giver's fault: bytes, a setting, an argument */
	ERR_DENIED, /* may not ask for this */
	ERR_AGAIN,  /* not now: full, busy, timed out */
	ERR_SYS,    /* the system refused; the text holds strerror */
	ERR_STORE,  /* the database refused */
};

struct err {
	enum err_code code;
	char text[320];
};

/* Fill *e (which may be NULL) and return -1, so that one writes `return err_set(...)`. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with ERR_SYS and ": strerror(errno)" at the end. errno is kept. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
