/*
 * fuzz_argv - any command line through sendmail_args_read
 *
 * Job:     cut the input at its NULs into words; the answer must be one of the
 *          two, the same on a second reading, and a word beside another duty's
 *          must not turn it into a message.
 * Touches: nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sendmail_args.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[65] = {NULL};
	struct sendmail_args a, b;
	size_t at, len;
	int argc = 0, i;

	for (at = 0; at < size && argc < 64; at += len + 1, argc++) {
		len = strnlen((const char *)data + at, size - at);
		argv[argc] = malloc(len + 1); /* exact size: ASan sees one byte too far */
		if (argv[argc] == NULL)
			abort();
		memcpy(argv[argc], data + at, len);
		argv[argc][len] = '\0';
	}
	if (argc > 0) {
		a = sendmail_args_read(argc, argv);
		b = sendmail_args_read(argc, argv);
		if (a.message != b.message || a.dot_ends != b.dot_ends)
			abort();
		/* words after a duty that was recognised cannot take it back */
		for (i = argc; !a.message && i < 64; i = 64) {
			char extra[] = "-bm";

			argv[argc] = extra;
			b = sendmail_args_read(argc + 1, argv);
			argv[argc] = NULL;
			if (b.message && strcmp(argv[argc - 1], "-b") != 0 &&
			    argv[argc - 1][strlen(argv[argc - 1]) - 1] != 'b')
				abort();
		}
	}
	for (i = 0; i < argc; i++)
		free(argv[i]);
	return 0;
}
