/*
 * child - what a child process does between fork and exec
 *
 * Job:     see child.h.
 * Privilege: the parent's, until exec_scan drops it for the scan process; the other
 *          roles drop theirs in their own main, after the places they need are open.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "err.h"
#include "keeper.h"
#include "log.h"
#include "paths.h"
#include "priv.h"

/*
 * Put fds[0..n-1] at 3, 4, ... and close everything above. They are moved out of the way
 * first, so that none is overwritten before it was moved.
 */
static void
place_fds(int *fds, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (fds[i] >= 0 && (fds[i] = fcntl(fds[i], F_DUPFD, 3 + n)) < 0)
			_exit(71);
	for (i = 0; i < n; i++) {
		if (fds[i] < 0)
			(void)close(3 + i);
		else if (dup2(fds[i], 3 + i) < 0)
			_exit(71);
	}
	(void)close_range((unsigned)(3 + n), ~0U, 0);
}

_Noreturn static void
exec_scan(const struct conf *c, bool trial, int n)
{
	char worker[512], rules[512], num[8][24];
	struct err e;
	const char *argv[28];
	int i = 0, dir, pipe_fd;

	if (paths_worker(worker, sizeof worker, c, &e) != 0 ||
	    paths_rules(rules, sizeof rules, c, &e) != 0)
		log_fatal(78, "start process=scan error=\"%s\"", e.text);
	keeper_start(c, &dir, &pipe_fd);
	if (priv_drop(c->user_scan, 0, &e) != 0)
		log_fatal(78, "start process=scan error=\"%s\"", e.text);
	(void)snprintf(num[0], sizeof num[0], "%d", n);
	(void)snprintf(num[1], sizeof num[1], "%lld", (long long)c->scan_cpu_ms);
	(void)snprintf(num[2], sizeof num[2], "%lld", (long long)c->scan_wall_ms);
	(void)snprintf(num[3], sizeof num[3], "%lld", (long long)c->scan_size_max);
	(void)snprintf(num[4], sizeof num[4], "%lld", (long long)c->suspicious_points);
	(void)snprintf(num[5], sizeof num[5], "%lld", (long long)c->malicious_points);
	argv[i++] = worker;
	argv[i++] = "--workers";
	argv[i++] = num[0];
	argv[i++] = "--link-fd";
	argv[i++] = "3";
	argv[i++] = "--cpu-ms";
	argv[i++] = num[1];
	argv[i++] = "--wall-ms";
	argv[i++] = num[2];
	argv[i++] = "--size-max";
	argv[i++] = num[3];
	argv[i++] = "--suspicious";
	argv[i++] = num[4];
	argv[i++] = "--malicious";
	argv[i++] = num[5];
	argv[i++] = "--rules";
	argv[i++] = rules;
	if (access(c->rules_local_dir, F_OK) == 0) {
		argv[i++] = "--rules";
		argv[i++] = c->rules_local_dir;
	}
	if (dir >= 0) {
		(void)snprintf(num[6], sizeof num[6], "%d", dir);
		(void)snprintf(num[7], sizeof num[7], "%d", pipe_fd);
		argv[i++] = "--compiled-fd";
		argv[i++] = num[6];
		argv[i++] = "--compiled-out";
		argv[i++] = num[7];
	}
	if (trial) {
		argv[i++] = "--tool";
		argv[i++] = "trial";
	}
	argv[i] = NULL;
	execv(worker, (char *const *)(uintptr_t)argv);
	log_fatal(71, "exec program=%s errno=%d", worker, errno);
}

_Noreturn static void
exec_role(const char *name)
{
	const char *argv[] = {"mailbraked", "-x", name, NULL};

	execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
	log_fatal(71, "exec role=%s errno=%d", name, errno);
}

void
child_run(const struct conf *c, enum role role, const char *name, bool trial, int *fds,
	  int n)
{
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	place_fds(fds, n);
	if (role == ROLE_SCANNER)
		exec_scan(c, trial, n);
	exec_role(name);
}
