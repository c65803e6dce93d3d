/*
 * doctor_system - what doctor asks the system: sendmail, rules, MTA, kernel, unit
 *
 * Job:     see doctor.h.
 * Touches: files named by the settings, /proc, a child mailbrake-scan.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor.h"
#include "mta_places.h"
#include "paths.h"
#include "priv.h"
#include "text.h"

#define WRAPPER_MARK "mailbrake-sendmail" /* a string inside the wrapper's program */

extern char **environ;

/* --- sendmail --- */

/* Does the program at path hold our mark? -1: cannot be read. */
static int
is_wrapper(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), found = 0;
	struct stat st;
	void *p;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > (64 << 20)) {
		close(fd);
		return -1;
	}
	p = st.st_size == 0
		? MAP_FAILED
		: mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return -1;
	found = memmem(p, (size_t)st.st_size, WRAPPER_MARK, strlen(WRAPPER_MARK)) != NULL;
	(void)munmap(p, (size_t)st.st_size);
	return found;
}

void
doctor_sendmail(struct doctor *d)
{
	const struct conf *c = doctor_conf(d);
	static const char *const doors[] = {"/usr/sbin/sendmail", "/usr/lib/sendmail"};
	struct stat real, door;
	size_t i;
	int n = 0;

	if (stat(c->sendmail_real, &real) != 0 || access(c->sendmail_real, X_OK) != 0)
		doctor_say(d, "sendmail", "bad",
			   "%s: %s (sendmail_real): held mail cannot be "
			   "released, passed mail not sent",
			   c->sendmail_real, strerror(errno));
	else if (is_wrapper(c->sendmail_real) == 1)
		doctor_say(d, "sendmail", "bad",
			   "%s is the wrapper itself (sendmail_real)", c->sendmail_real);
	else
		doctor_say(d, "sendmail", "ok", "the real one is %s", c->sendmail_real);
	for (i = 0; i < sizeof doors / sizeof doors[0]; i++) {
		if (stat(doors[i], &door) != 0)
			continue;
		n++;
		switch (is_wrapper(doors[i])) {
		case 1:
			if ((door.st_mode & 06000) != 0)
				doctor_say(d, "wrapper", "bad",
					   "%s has a set-id bit; it needs "
					   "none and must have none",
					   doors[i]);
			else
				doctor_say(d, "wrapper", "ok", "%s", doors[i]);
			break;
		case 0:
			doctor_say(d, "wrapper", "bad",
				   "%s is not mailbrake-sendmail: what is "
				   "sent through it is not checked; see INSTALL",
				   doors[i]);
			break;
		default:
			doctor_say(d, "wrapper", "skipped", "%s: %s", doors[i],
				   strerror(errno));
		}
	}
	if (n == 0)
		doctor_say(d, "wrapper", "bad", "there is no %s", doors[0]);
}

/* --- rules --- */

/* Run argv, its output and errors into buf (one line for people). Exit status, or -1. */
static int
run(char *const argv[], char *buf, size_t size)
{
	posix_spawn_file_actions_t fa;
	int fds[2], status = -1, r;
	size_t used = 0;
	ssize_t n;
	char junk[512];
	pid_t pid;

	buf[0] = '\0';
	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	if (posix_spawn_file_actions_init(&fa) != 0) {
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	(void)posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&fa, fds[1], 1);
	(void)posix_spawn_file_actions_adddup2(&fa, fds[1], 2);
	r = posix_spawn(&pid, argv[0], &fa, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&fa);
	close(fds[1]);
	while (r == 0 && (n = read(fds[0], junk, sizeof junk)) != 0) {
		size_t room = size - 1 - used;

		if (n < 0)
			break;
		memcpy(buf + used, junk, (size_t)n < room ? (size_t)n : room);
		used += (size_t)n < room ? (size_t)n : room;
		buf[used] = '\0';
	}
	close(fds[0]);
	if (r != 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* The last line of text that says something. */
static const char *
last_line(char *text)
{
	size_t n = strlen(text);
	char *nl;

	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	nl = strrchr(text, '\n');
	return nl == NULL ? text : nl + 1;
}

void
doctor_rules(struct doctor *d)
{
	const struct conf *c = doctor_conf(d);
	static char worker[4096], rules[4096], out[4096], a1[] = "--tool", a2[] = "check",
							  a3[] = "--rules";
	char local[256];
	char *argv[] = {worker, a1, a2, a3, rules, NULL, NULL, NULL};
	struct err e;
	int status;

	if (paths_worker(worker, sizeof worker, c, &e) != 0) {
		doctor_say(d, "worker", "bad", "%s: no file can be looked into", e.text);
		return;
	}
	doctor_say(d, "worker", "ok", "%s", worker);
	if (paths_rules(rules, sizeof rules, c, &e) != 0) {
		doctor_say(d, "rules", "bad", "%s", e.text);
		return;
	}
	(void)text_copy(local, sizeof local, c->rules_local_dir);
	if (access(local, R_OK) == 0) {
		argv[5] = a3;
		argv[6] = local;
	}
	status = run(argv, out, sizeof out);
	doctor_say(d, "rules", status == 0 ? "ok" : "bad", "%s: %s", rules,
		   last_line(out));
}

/* --- the mail system --- */

void
doctor_mta(struct doctor *d)
{
	const struct conf *c = doctor_conf(d);
	bool exim = mta_places_exim(), postfix = mta_places_postfix();
	const char *log = mta_places_log(c);

	if (strcmp(c->mta, "none") == 0)
		doctor_say(d, "mta", "warn",
			   "mta = none: what is queued already is not held");
	else if (!exim && !postfix)
		doctor_say(d, "mta", "warn", "neither Exim nor Postfix was found");
	else
		doctor_say(d, "mta", "ok", "%s%s%s", exim ? "Exim" : "",
			   exim && postfix ? " and " : "", postfix ? "Postfix" : "");
	if (strcmp(c->mta_log, "none") == 0) {
		doctor_say(d, "mta-log", "warn",
			   "mta_log = none: refusals and mail that goes "
			   "around the wrapper are not seen");
		return;
	}
	if (strncmp(log, "journal", 7) == 0) {
		doctor_say(d, "mta-log", "ok", "the systemd journal");
		return;
	}
	if (strcmp(log, "none") == 0)
		doctor_say(d, "mta-log", "warn",
			   "no log of the mail system was found (mta_log)");
	else if (access(log, R_OK) == 0)
		doctor_say(d, "mta-log", "ok", "%s", log);
	else
		doctor_say(d, "mta-log",
			   errno == EACCES && !priv_root() ? "skipped" : "bad", "%s: %s",
			   log, strerror(errno));
}

/* Connections straight to remote mail ports: counted by contrib/nftables. */
void
doctor_direct(struct doctor *d)
{
	static const char *const places[] = {"/usr/sbin/nft", "/sbin/nft"};
	static char nft[64], out[65536], a1[] = "list", a2[] = "table", a3[] = "inet",
					 a4[] = "mailbrake";
	char *argv[] = {nft, a1, a2, a3, a4, NULL};
	size_t i;

	for (i = 0; i < 2 && nft[0] == '\0'; i++)
		if (access(places[i], X_OK) == 0)
			(void)text_copy(nft, sizeof nft, places[i]);
	if (!priv_root())
		doctor_say(d, "direct-smtp", "skipped", "only root may ask the firewall");
	else if (nft[0] == '\0')
		doctor_say(d, "direct-smtp", "warn",
			   "there is no nft: connections of accounts straight to remote "
			   "mail ports are not seen");
	else if (run(argv, out, sizeof out) != 0)
		doctor_say(d, "direct-smtp", "warn",
			   "contrib/nftables is not loaded: connections of accounts "
			   "straight to remote mail ports are not seen");
	else
		doctor_say(d, "direct-smtp", "ok", "counted by nftables%s",
			   strstr(out, "reject") != NULL ? ", and refused" : "");
}

/* --- the kernel --- */

static void
check_fanotify(struct doctor *d)
{
	int fd;

	if (!priv_root()) {
		doctor_say(d, "fanotify", "skipped", "only root may ask");
		return;
	}
	fd =
	    fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_REPORT_DFID_NAME, O_RDONLY);
	if (fd >= 0)
		doctor_say(d, "fanotify", "ok", "available");
	else if ((fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY)) >= 0)
		doctor_say(d, "fanotify", "warn",
			   "without names (older than Linux 5.9): "
			   "inotify is used");
	else
		doctor_say(d, "fanotify", "warn", "%s: inotify is used", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void
check_inotify(struct doctor *d)
{
	char buf[32];
	int64_t max = -1;
	ssize_t n = -1;
	int fd = open("/proc/sys/fs/inotify/max_user_watches", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, buf, sizeof buf - 1);
		close(fd);
	}
	if (n > 0) {
		buf[n - (buf[n - 1] == '\n')] = '\0';
		(void)text_to_i64(buf, 0, INT64_MAX, &max);
	}
	if (max < 0)
		doctor_say(d, "inotify", "skipped", "/proc is not there");
	else
		doctor_say(
		    d, "inotify", max < 100000 ? "warn" : "ok",
		    "%lld directories can be watched (fs.inotify.max_user_watches%s)",
		    (long long)max,
		    max < 100000 ? "; more with " MB_DATADIR
				   "/sysctl/mailbrake-inotify.conf"
				 : "");
}

void
doctor_kernel(struct doctor *d)
{
	char template[512];
	long abi;
	int fd;

	check_fanotify(d);
	check_inotify(d);
	abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
		      LANDLOCK_CREATE_RULESET_VERSION);
	if (abi > 0)
		doctor_say(d, "landlock", "ok", "version %ld", abi);
	else
		doctor_say(d, "landlock", "warn",
			   "%s: workers rely on seccomp and their own uid alone",
			   strerror(errno));
	if (prctl(PR_GET_SECCOMP) >= 0)
		doctor_say(d, "seccomp", "ok", "available");
	else
		doctor_say(d, "seccomp", "bad", "%s: workers do not start",
			   strerror(errno));
	fd = memfd_create("doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd >= 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		doctor_say(d, "memfd", "ok", "available");
	else
		doctor_say(d, "memfd", "bad", "%s: messages cannot be handed over",
			   strerror(errno));
	if (fd >= 0)
		close(fd);
	(void)snprintf(template, sizeof template, "%s", doctor_conf(d)->state_dir);
	fd = open(template, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	else if (errno != ENOENT && errno != EACCES)
		doctor_say(d, "tmpfile", "warn",
			   "%s: the file system has no O_TMPFILE; named files are used",
			   template);
}

/* --- the unit --- */

/* The status lines of the running daemon: hands inherits them. */
void
doctor_unit(struct doctor *d)
{
	char path[512], line[256];
	int64_t pid = 0;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/mailbraked.pid", doctor_conf(d)->run_dir);
	f = fopen(path, "re");
	if (f == NULL || fgets(line, sizeof line, f) == NULL) {
		doctor_say(d, "unit", "skipped", "%s: %s", path, strerror(errno));
		if (f != NULL)
			(void)fclose(f);
		return;
	}
	(void)fclose(f);
	line[strcspn(line, "\n")] = '\0';
	(void)text_to_i64(line, 1, INT32_MAX, &pid);
	(void)snprintf(path, sizeof path, "/proc/%lld/status", (long long)pid);
	f = fopen(path, "re");
	if (f == NULL) {
		doctor_say(d, "unit", "skipped", "%s: %s", path, strerror(errno));
		return;
	}
	bool nnp = false, cut = false;
	while (fgets(line, sizeof line, f) != NULL) {
		nnp |= strncmp(line, "NoNewPrivs:\t1", 13) == 0;
		/* setuid and setgid (bits 6, 7) out of the bounding set */
		if (strncmp(line, "CapBnd:\t", 8) == 0)
			cut = (strtoull(line + 8, NULL, 16) & 0xc0) != 0xc0;
	}
	(void)fclose(f);
	if (nnp || cut)
		doctor_say(
		    d, "unit", "bad",
		    "mailbraked runs with %s: the mail system's set-id programs fail "
		    "and held mail cannot be released",
		    nnp ? "NoNewPrivileges" : "a cut capability bounding set");
	else
		doctor_say(d, "unit", "ok", "pid %lld may start the mail system",
			   (long long)pid);
}
