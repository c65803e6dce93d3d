/*
 * whose - the account behind an event, a login or a message
 *
 * Job:     see whose.h.
 * Touches: the account database; files that opener.c opens.
 */
#include "whose.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "msg.h"
#include "mt_scan.h"
#include "opener.h"
#include "owners.h"
#include "qfile.h"
#include "text.h"

#define LOGINS 1024 /* login names whose uid is remembered */

static struct owners *owners;
static struct login {
	char name[36];
	int64_t uid;
	mono_t at;
} login[LOGINS];

/* The uid of a login; -1 unknown. Asked of the system at most once a minute for one name.
 */
static int64_t
uid_of(const char *name)
{
	uint32_t h = 5381;
	struct login *l;
	struct passwd *pw;

	for (const char *p = name; *p != '\0'; p++)
		h = h * 33 + (unsigned char)*p;
	l = &login[h % LOGINS];
	if (strcmp(l->name, name) == 0 && l->name[0] != '\0' &&
	    mono_diff_us(loop_now(), l->at) < INT64_C(60000000))
		return l->uid;
	pw = getpwnam(name);
	if (text_copy(l->name, sizeof(l->name), name)) {
		l->uid = pw == NULL ? -1 : (int64_t)pw->pw_uid;
		l->at = loop_now();
	} else {
		l->name[0] = '\0';
	}
	return pw == NULL ? -1 : (int64_t)pw->pw_uid;
}

int64_t
whose_event(const struct mt_event *ev, char *user, size_t size)
{
	const char *owner;

	user[0] = '\0';
	if (ev->uid >= 0)
		return ev->uid;
	if (ev->user.s != NULL)
		return uid_of(slice_copy(user, size, ev->user));
	if (ev->auth.s == NULL)
		return -1;
	if (owners != NULL && (owner = owners_find(owners, ev->auth)) != NULL) {
		(void)text_copy(user, size, owner);
		return uid_of(user);
	}
	slice_copy(user, size, ev->auth);
	return uid_of(user);
}

int64_t
whose_message(const char *id)
{
	static char head[QFILE_MAX];
	int fd = opener_message(OPEN_QUEUE, id);
	size_t have = 0, want = 65536;
	int64_t uid = OWNER_SOMEBODY;
	ssize_t n;

	if (fd < 0) {
		log_warn_rate("message", 600, "queue_file id=\"%.20s\" error=\"%s\"", id,
			      strerror(errno));
		return OWNER_NONE;
	}
	/* an envelope is rarely longer than the first step */
	for (; uid == OWNER_SOMEBODY && want <= sizeof(head); want *= 8) {
		while (have < want &&
		       (n = pread(fd, head + have, want - have, (off_t)have)) > 0)
			have += (size_t)n;
		uid = qfile_uid(head, have, id);
		if (have < want)
			break;
	}
	close(fd);
	return uid;
}

void
whose_refresh(int places)
{
	static struct stat before; /* of the list that was read */
	enum opener_look look = OPENER_GONE;
	struct stat st;
	int fd = -1;

	if (owners == NULL)
		owners = owners_new();
	for (int i = 0; i < places && fd < 0 && look != OPENER_SAME; i++)
		if ((look = opener_look(OPEN_OWNERS + i, &before)) == OPENER_ASK)
			fd = opener_get(OPEN_OWNERS + i);
	if (fd < 0)
		return;
	/* judge reads the same list and says in status what is wrong with it */
	if (fstat(fd, &st) != 0 || !owners_believed(&st))
		close(fd);
	else if (owners_read(owners, fd))
		before = st;
}

void
whose_fini(void)
{
	owners_free(&owners);
}
