/*
 * sandbox - see sandbox.h
 *
 * Job:     close every door but the descriptor.
 * Touches: this process.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED \
	1 /* its shadow needs terabytes of address space and calls of its own \
	   */
#else
#define SANITIZED 0
#endif

static size_t
mapped_now(void)
{
	char buf[64];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof buf - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return (size_t)1 << 30;
	buf[n] = '\0';
	return (size_t)strtoull(buf, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static int
limit(int what, rlim_t most, const char *name, struct err *e)
{
	const struct rlimit l = {most, most};

	return setrlimit((__rlimit_resource_t)what, &l) == 0
		   ? 0
		   : err_sys(e, "sandbox: limit %s", name);
}

static int
limits(size_t memory_bytes, struct err *e)
{
	if (!SANITIZED && limit(RLIMIT_AS, mapped_now() + memory_bytes, "AS", e) != 0)
		return -1;
	if (limit(RLIMIT_NOFILE, 64, "NOFILE", e) != 0 ||
	    limit(RLIMIT_FSIZE, 0, "FSIZE", e) != 0 ||
	    limit(RLIMIT_CORE, 0, "CORE", e) != 0 ||
	    limit(RLIMIT_NPROC, 0, "NPROC", e) != 0)
		return -1;
	return 0;
}

/*
 * The stack grows page by page, and each page counts as address space: a worker at its
 * limit would die in a deep call instead of being told that there is no memory. So it
 * gets its stack now, at its full depth; the pages go back, the range stays.
 */
#define STACK_BYTES ((size_t)6 << 20) /* the deepest nests of PHP need less than 2 MB */

static __attribute__((noinline)) void
reach_down(void)
{
	volatile char deep[STACK_BYTES];
	const size_t page = 4096;
	size_t at;

	for (at = STACK_BYTES; at >= page; at -= page)
		deep[at - page] = 0;
	at = page - (uintptr_t)deep % page;
	(void)madvise((void *)((uintptr_t)deep + at), STACK_BYTES - 2 * page,
		      MADV_DONTNEED);
}

static int
stack(struct err *e)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_STACK, &l) != 0)
		return err_sys(e, "sandbox: limit STACK");
	if (l.rlim_cur < STACK_BYTES + ((size_t)1 << 20)) {
		l.rlim_cur = STACK_BYTES + ((size_t)1 << 20);
		if (l.rlim_max < l.rlim_cur || setrlimit(RLIMIT_STACK, &l) != 0)
			return err_set(e, ERR_SYS,
				       "sandbox: the stack limit is below %zu MB",
				       (STACK_BYTES >> 20) + 1);
	}
	reach_down();
	return 0;
}

/* All rights of the kernel's version handled, none granted. */
static int
landlock(struct err *e)
{
	static const struct landlock_ruleset_attr all = {
	    .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
	long fd = syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);

	if (fd < 0)
		return 0; /* ENOSYS, EOPNOTSUPP: seccomp closes the same doors */
	if (syscall(SYS_landlock_restrict_self, (int)fd, 0) != 0) {
		close((int)fd);
		return err_sys(e, "sandbox: landlock");
	}
	close((int)fd);
	return 0;
}

static int
add_calls(scmp_filter_ctx f)
{
	static const int calls[] = {
	    SCMP_SYS(recvmsg),      SCMP_SYS(sendmsg),         SCMP_SYS(poll),
	    SCMP_SYS(ppoll),        SCMP_SYS(pread64),         SCMP_SYS(read),
	    SCMP_SYS(lseek),        SCMP_SYS(fstat),           SCMP_SYS(close),
	    SCMP_SYS(brk),          SCMP_SYS(munmap),          SCMP_SYS(mremap),
	    SCMP_SYS(madvise),      SCMP_SYS(futex),           SCMP_SYS(clock_gettime),
	    SCMP_SYS(gettimeofday), SCMP_SYS(setitimer),       SCMP_SYS(timer_settime),
	    SCMP_SYS(getrandom),    SCMP_SYS(rt_sigreturn),    SCMP_SYS(rt_sigprocmask),
	    SCMP_SYS(rt_sigaction), SCMP_SYS(sigaltstack),     SCMP_SYS(getpid),
	    SCMP_SYS(gettid),       SCMP_SYS(restart_syscall), SCMP_SYS(exit),
	    SCMP_SYS(exit_group)};
	size_t i;
	int rc;

	for (i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if ((rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0)) != 0)
			return rc;
	/* memory, but never to run */
	rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* fstat is newfstatat(fd, "", .., AT_EMPTY_PATH) in newer C libraries */
	if (rc == 0)
		rc = seccomp_rule_add(
		    f, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
		    SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
	/* its own place at the disk: after everybody else's for background files */
	if (rc == 0)
		rc = seccomp_rule_add(
		    f, SCMP_ACT_ALLOW, SCMP_SYS(ioprio_set), 2,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)IOPRIO_WHO_PROCESS),
		    SCMP_A1(SCMP_CMP_EQ, 0));
	/* abort() and raise(): a signal to oneself */
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				      SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0);
	return rc;
}

static int
calls(struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (f == NULL)
		return err_set(e, ERR_SYS, "sandbox: seccomp: no memory");
	rc = add_calls(f);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc == 0 ? 0 : err_set(e, ERR_SYS, "sandbox: seccomp: %s", strerror(-rc));
}

int
sandbox_enter(size_t memory_bytes, struct err *e)
{
	if (!SANITIZED && stack(e) != 0)
		return -1;
	if (limits(memory_bytes, e) != 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_sys(e, "sandbox: no_new_privs");
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (landlock(e) != 0)
		return -1;
	return SANITIZED ? 0 : calls(e);
}
