/*
 * priv - become less
 *
 * Job:     see priv.h.
 * Touches: uid, gid, groups, capabilities, no_new_privs of this process.
 * Source:  capabilities(7): P'(permitted) of a setuid() away from 0 is empty
 *          unless PR_SET_KEEPCAPS; libcap-ng does the steps in the right order.
 */
#include "priv.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "text.h"

bool
priv_root(void)
{
	return geteuid() == 0;
}

int
priv_lookup(const char *user, uid_t *uid_out, gid_t *gid_out, struct err *e)
{
	const struct passwd *pw = getpwnam(user);
	int64_t n;

	if (pw != NULL) {
		*uid_out = pw->pw_uid;
		*gid_out = pw->pw_gid;
		return 0;
	}
	if (text_to_i64(user, 1, 4294967293, &n)) {
		*uid_out = (uid_t)n;
		*gid_out = (gid_t)n;
		return 0;
	}
	return err_set(
	    e, ERR_INPUT,
	    "there is no account %s; make it: useradd --system --no-create-home "
	    "--shell /usr/sbin/nologin %s",
	    user, user);
}

int
priv_group(const char *group, gid_t *gid_out, struct err *e)
{
	const struct group *gr = getgrnam(group);
	int64_t n;

	if (gr != NULL) {
		*gid_out = gr->gr_gid;
		return 0;
	}
	if (text_to_i64(group, 0, 4294967293, &n)) {
		*gid_out = (gid_t)n;
		return 0;
	}
	return err_set(e, ERR_INPUT,
		       "there is no group %s; make it: groupadd --system %s", group,
		       group);
}

static void
set_caps(uint64_t caps, capng_type_t types)
{
	unsigned i;

	for (i = 0; i < 64 && i <= CAP_LAST_CAP; i++)
		if ((caps >> i & 1) != 0)
			(void)capng_update(CAPNG_ADD, types, i);
}

int
priv_drop(const char *user, uint64_t caps, struct err *e)
{
	return priv_drop_group(user, NULL, caps, e);
}

int
priv_drop_group(const char *user, const char *group, uint64_t caps, struct err *e)
{
	const struct rlimit none = {0, 0};
	uid_t uid = 0;
	gid_t gid = 0, extra;
	int r, flags = CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING;
	struct err ignored;

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (!priv_root()) {
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		return 0;
	}
	if (priv_lookup(user, &uid, &gid, e) != 0)
		return -1;
	if (uid == 0)
		return err_set(e, ERR_INPUT,
			       "account %s is root: it must be one without power", user);
	capng_clear(CAPNG_SELECT_BOTH);
	set_caps(caps, CAPNG_EFFECTIVE | CAPNG_PERMITTED);
	if (group != NULL && priv_group(group, &extra, &ignored) == 0) {
		if (setgroups(1, &extra) != 0)
			return err_sys(e, "group %s", group);
		flags = CAPNG_CLEAR_BOUNDING;
	}
	r = capng_change_id((int)uid, (int)gid, (capng_flags_t)flags);
	if (r != 0)
		return err_sys(e, "becoming %s (step %d)", user, r);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_sys(e, "no_new_privs");
	/* change of uid clears it */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (setuid(0) == 0 || geteuid() != uid)
		return err_set(e, ERR_SYS, "could become root again after becoming %s",
			       user);
	return 0;
}

int
priv_trim(uint64_t caps, struct err *e)
{
	if (!priv_root())
		return 0;
	capng_clear(CAPNG_SELECT_CAPS);
	set_caps(caps, CAPNG_EFFECTIVE | CAPNG_PERMITTED);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return err_sys(e, "cutting capabilities");
	return 0;
}
