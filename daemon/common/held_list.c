/*
 * held_list - see held_list.h
 *
 * Job:     the list's place and form.
 * Touches: the list, to read or empty it.
 */
#include "held_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "text.h"

void
held_list_path(char *path, size_t size, const char *brake_file)
{
	(void)snprintf(path, size, "%s.held", brake_file);
}

bool
held_list_has(const char *path, uint32_t uid)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int64_t n;
	bool has = false;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return false;
	while (!has && (len = getline(&line, &size, f)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (len == 0 || line[len - 1] != ':')
			continue;
		line[len - 1] = '\0';
		has = text_to_i64(line, 1, UINT32_MAX - 1, &n) && n == uid;
	}
	free(line);
	fclose(f);
	return has;
}

int
held_list_empty(const char *path, struct err *e)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "%s", path);
	return close(fd);
}
