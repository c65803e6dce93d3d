/*
 * t - the whole unit-test framework
 *
 * Job:     count what was checked, say where it failed, exit 1 then.
 * Touches: standard output.
 */
#ifndef MAILBRAKE_T_H
#define MAILBRAKE_T_H

#include <stdio.h>
#include <string.h>

static unsigned t_checked, t_failed;

#define T_CHECK(cond, ...) \
	do { \
		t_checked++; \
		if (!(cond)) { \
			t_failed++; \
			printf("%s:%d: %s: ", __FILE__, __LINE__, #cond); \
			printf("" __VA_ARGS__); \
			printf("\n"); \
		} \
	} while (0)

#define T_EQ(a, b) \
	do { \
		long long t_a = (long long)(a), t_b = (long long)(b); \
		t_checked++; \
		if (t_a != t_b) { \
			t_failed++; \
			printf("%s:%d: %s is %lld, wanted %lld\n", __FILE__, __LINE__, \
			       #a, t_a, t_b); \
		} \
	} while (0)

#define T_STR(a, b) \
	do { \
		const char *t_a = (a), *t_b = (b); \
		t_checked++; \
		if (strcmp(t_a, t_b) != 0) { \
			t_failed++; \
			printf("%s:%d: %s is \"%s\", wanted \"%s\"\n", __FILE__, \
			       __LINE__, #a, t_a, t_b); \
		} \
	} while (0)

/* End of main(): prints one line; a program that checked nothing has failed. */
#define T_DONE() \
	(printf("%u checks, %u failed\n", t_checked, t_failed), \
	 t_failed != 0 || t_checked == 0 ? 1 : 0)

#endif
