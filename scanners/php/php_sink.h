/*
 * php_sink.h - what the files of php_sink share
 *
 * Job:     counting a place once; the sinks by subject.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PHP_SINK_H
#define MAILBRAKE_PHP_SINK_H

#include "php_int.h"

/* The first time this place is met? */
bool php_first(struct node *n);
/* Request data in this argument? Counted once, marked; true the first time. an: the
 * argument's node, or NULL. */
bool php_tainted(struct php *p, struct node *an, const struct val *v, const char *sink,
		 unsigned arg, int64_t *fact);
/* Request data goes to what nothing names: counted once for the call n. */
void php_given(struct php *p, struct node *n, uint32_t given);
/* file_put_contents, fwrite, fputs, copy, rename */
void php_write_sink(struct php *p, struct node *n, unsigned w, struct val *a,
		    struct node **an, unsigned argc);
/* move_uploaded_file */
void php_upload_sink(struct php *p, struct node *n, struct val *a, struct node **an,
		     unsigned argc);
/* mail() and its like: recipient, subject, body, headers, parameters. */
void php_mail_sink(struct php *p, struct node *n, unsigned w, struct val *a,
		   struct node **an, unsigned argc, bool hidden);
/* error_log(text, 1, address, headers) */
void php_log_sink(struct php *p, struct node *n, struct val *a, struct node **an,
		  unsigned argc);
/* A method of what may be a letter or a mailer; once: the call is met for the first time. */
void php_mail_method(struct php *p, struct node *n, const struct node *name,
		     struct val *a, struct node **an, unsigned argc, bool once);
/* What is posted to an address: curl_setopt and others. n: what is marked as counted. */
void php_post_sink(struct php *p, struct node *n, unsigned w, struct val *a,
		   struct node **an, unsigned argc);
/* Functions that call back; others are passed over. */
void php_callback_sink(struct php *p, struct node *n, unsigned w, struct val *a,
		       struct node **an, unsigned argc);
/* 'assert' among the arguments, or one level down in an array of them. */
void php_named_sinks(struct php *p, const struct val *a, unsigned argc);

#endif
