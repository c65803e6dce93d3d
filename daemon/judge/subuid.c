/*
 * subuid - whose the uids of user namespaces are
 *
 * Job:     see subuid.h.
 * Touches: /etc/subuid.
 * Source:  subuid(5): login or uid, first, count, separated by colons.
 */
#include "subuid.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "text.h"
#include "xmem.h"

#define SUBUID_FILE "/etc/subuid"
#define SUBUID_BYTES_MAX (8u << 20)
#define LOOK_US (60 * 1000000LL)
#define FIRST_MIN 1000 /* nobody's range holds the system's own uids */

static int
by_first(const void *a, const void *b)
{
	const struct subuid_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static bool
parse_line(const char *line, size_t len, int64_t (*uid_of)(const char *),
	   struct subuid_range *out)
{
	char copy[128], *first, *count;
	int64_t a, n, owner;

	if (len == 0 || len >= sizeof copy || line[0] == '#')
		return false;
	memcpy(copy, line, len);
	copy[len] = '\0';
	first = strchr(copy, ':');
	count = first == NULL ? NULL : strchr(first + 1, ':');
	if (count == NULL)
		return false;
	*first++ = *count++ = '\0';
	if (!text_to_i64(first, FIRST_MIN, UINT32_MAX - 1, &a) ||
	    !text_to_i64(count, 1, UINT32_MAX - 1, &n) || a + n > (int64_t)UINT32_MAX ||
	    (!text_to_i64(copy, 1, UINT32_MAX - 1, &owner) &&
	     (owner = uid_of(copy)) <= 0))
		return false;
	*out = (struct subuid_range){(uint32_t)a, (uint32_t)n, (uint32_t)owner};
	return true;
}

struct subuid_range *
subuid_parse(const char *text, size_t len, int64_t (*uid_of)(const char *),
	     size_t *count_out, size_t *over_out)
{
	struct subuid_range *all = NULL, one;
	size_t room = 0, at = 0;

	*count_out = *over_out = 0;
	while (at < len) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end == NULL ? len - at : (size_t)(end - text) - at;

		if (parse_line(text + at, n, uid_of, &one)) {
			if (*count_out == SUBUID_MAX) {
				(*over_out)++;
			} else {
				if (*count_out == room) {
					room = room == 0 ? 64 : room * 2;
					all = xreallocarray(all, room, sizeof *all);
				}
				all[(*count_out)++] = one;
			}
		}
		at += n + 1;
	}
	if (*count_out > 1)
		qsort(all, *count_out, sizeof *all, by_first);
	return all;
}

uint32_t
subuid_find(const struct subuid_range *ranges, size_t count, uint32_t uid)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (ranges[mid].first <= uid)
			low = mid + 1;
		else
			high = mid;
	}
	if (low > 0 && uid - ranges[low - 1].first < ranges[low - 1].count)
		return ranges[low - 1].owner;
	return uid;
}

/* The logins there are, read in one go: a look-up reads all of passwd each time. */
static struct login {
	char name[33];
	uid_t uid;
} * logins;
static size_t login_count;

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct login *)a)->name, ((const struct login *)b)->name);
}

static void
read_logins(void)
{
	const struct passwd *pw;
	size_t room = 0;

	login_count = 0;
	setpwent();
	while ((pw = getpwent()) != NULL && login_count < 4 * SUBUID_MAX) {
		if (login_count == room) {
			room = room == 0 ? 256 : room * 2;
			logins = xreallocarray(logins, room, sizeof *logins);
		}
		if (!text_copy(logins[login_count].name, sizeof logins->name,
			       pw->pw_name))
			continue;
		logins[login_count++].uid = pw->pw_uid;
	}
	endpwent();
	if (login_count > 1)
		qsort(logins, login_count, sizeof *logins, by_name);
}

static int64_t
uid_of_login(const char *login)
{
	struct login key;
	const struct login *found;

	if (login_count == 0 || !text_copy(key.name, sizeof key.name, login))
		return -1;
	found = bsearch(&key, logins, login_count, sizeof *logins, by_name);
	return found == NULL ? -1 : (int64_t)found->uid;
}

static struct subuid_range *known;
static size_t known_count;

static void
read_again(void)
{
	static struct timespec changed;
	struct stat st;
	size_t over = 0;
	char *text;
	ssize_t n;
	int fd = open(SUBUID_FILE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) != 0 ||
	    (st.st_mtim.tv_sec == changed.tv_sec &&
	     st.st_mtim.tv_nsec == changed.tv_nsec)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	changed = st.st_mtim;
	text = malloc(SUBUID_BYTES_MAX); /* touched as far as the file is long */
	n = text == NULL ? -1 : read(fd, text, SUBUID_BYTES_MAX);
	close(fd);
	free(known);
	read_logins();
	known =
	    subuid_parse(text, n < 0 ? 0 : (size_t)n, uid_of_login, &known_count, &over);
	free(text);
	free(logins);
	logins = NULL;
	if (over > 0)
		log_warn("subuid ranges=%d left_out=%zu: their uids are accounts of "
			 "their own",
			 SUBUID_MAX, over);
}

uint32_t
subuid_account(uint32_t uid)
{
	static mono_t looked;
	mono_t now = clock_mono();
	uint32_t owner;

	if (looked.us == 0 || mono_diff_us(now, looked) > LOOK_US) {
		looked = now;
		read_again();
	}
	owner = subuid_find(known, known_count, uid);
	/* somebody real whose uid lies in another's range by an admin's mistake */
	return owner != uid && getpwuid(uid) != NULL ? uid : owner;
}
