/*
 * bench_watch - figures of process watch for `make bench`
 *
 * Usage:   bench_watch ready BACKEND ROOT            ms until ready, CPU ms, RSS in kB
 *          bench_watch unchanged BACKEND ROOT        a walk: files, CPU ms, us a file
 *          bench_watch made BACKEND DIR N            files in just-made directories seen
 *          bench_watch stream BACKEND DIR N          files a second, close to judge, CPU us
 *          bench_watch close BACKEND DIR N           us from close() to judge: p50 p99
 *          bench_watch idle BACKEND ROOT SECONDS     wake-ups and CPU ms
 * Touches: the directory named, a child process.
 */
#include <limits.h>
#include <sys/times.h>

#include "watch_judge.h"

static struct wj j;

static long
proc_number(const char *file, const char *key)
{
	char path[64], line[256];
	long v = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/%s", j.pid, file);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			v = strtol(line + strlen(key), NULL, 10);
	if (f != NULL)
		fclose(f);
	return v;
}

/* user + system, in ms */
static long
cpu_ms(void)
{
	char path[64], buf[1024], *p;
	unsigned long u = 0, s = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", j.pid);
	f = fopen(path, "r");
	if (f == NULL || fgets(buf, sizeof buf, f) == NULL ||
	    (p = strrchr(buf, ')')) == NULL)
		return -1;
	fclose(f);
	sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &s);
	return (long)((u + s) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK));
}

static void
start(const char *backend, const char *root, int settle_ms)
{
	char conf[PATH_MAX + 256];

	snprintf(conf, sizeof conf,
		 "watch_roots = %s\nwatch_backend = %s\nsettle_ms = %d\nqueue_uid_max = "
		 "1000000\nuser_watch = %u\n",
		 root, backend, settle_ms, geteuid() == 0 ? 64002 : 0);
	wj_start(&j, conf, 0);
}

static int
ready(const char *backend, const char *root)
{
	mono_t begin = clock_mono();
	double ms;
	long cpu;

	start(backend, root, 200);
	while (!j.sight.ready)
		if (wj_pump(&j, 1, 0) < 0)
			return 1;
	ms = (double)mono_diff_us(clock_mono(), begin) / 1000;
	cpu = cpu_ms();
	printf("%.1f %ld %ld %llu %s\n", ms, cpu, proc_number("status", "VmRSS:"),
	       (unsigned long long)j.sight.dirs, j.backend);
	wj_stop(&j);
	return 0;
}

static void
one_file(const char *path, bool stamp)
{
	static char body[2048];
	FILE *f = fopen(path, "w");

	if (f == NULL)
		exit(1);
	if (stamp)
		fprintf(f, "T%lld ", (long long)clock_mono().us);
	else
		fprintf(f, "%s", path);
	fwrite(body, 1, sizeof body, f);
	fclose(f);
}

static int
made(const char *backend, const char *dir, long n)
{
	char p[PATH_MAX];
	long i, seen = 0;

	start(backend, dir, 50);
	wj_since(&j, clock_wall().us);
	wj_send_want(&j, 256);
	wj_ready(&j);
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/%ld", dir, i);
		mkdir(p, 0755);
		if (i % 2 != 0) {
			strcat(p, "/a");
			mkdir(p, 0755);
			strcat(p, "/b");
			mkdir(p, 0755);
		}
		strcat(p, "/f.php");
		one_file(p, false);
		if (i % 64 == 0)
			wj_pump(&j, 0, 0);
	}
	wj_pump(&j, 30000, 1000);
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, i % 2 ? "%s/%ld/a/b/f.php" : "%s/%ld/f.php", dir,
			 i);
		seen += wj_has(&j, p);
	}
	printf("%ld %ld %s\n", seen, n, j.backend);
	wj_stop(&j);
	return seen != n;
}

static int
stream(const char *backend, const char *dir, long n)
{
	char p[PATH_MAX];
	mono_t begin;
	double s;
	long i, cpu;
	pid_t pid;

	start(backend, dir, 0);
	wj_since(&j, clock_wall().us + 3600000000);
	wj_send_want(&j, 256);
	wj_ready(&j);
	cpu = cpu_ms();
	begin = clock_mono();
	pid = fork();
	if (pid == 0) {
		for (i = 0; i < n; i++) {
			snprintf(p, sizeof p, "%s/d%ld", dir, i / 1000);
			if (i % 1000 == 0)
				mkdir(p, 0755);
			snprintf(p, sizeof p, "%s/d%ld/f%ld.php", dir, i / 1000, i);
			one_file(p, false);
		}
		_exit(0);
	}
	while ((long)j.count < n && mono_diff_us(clock_mono(), begin) < 120000000)
		wj_pump(&j, 50, 0);
	s = (double)mono_diff_us(clock_mono(), begin) / 1e6;
	waitpid(pid, NULL, 0);
	printf("%.0f %.2f %zu %s\n", (double)j.count / s,
	       (double)(cpu_ms() - cpu) * 1000 / (double)n, j.count, j.backend);
	wj_stop(&j);
	return (long)j.count != n;
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int
close_to_judge(const char *backend, const char *dir, long n)
{
	char p[PATH_MAX];
	pid_t pid;
	long i;

	start(backend, dir, 0);
	wj_since(&j, clock_wall().us + 3600000000);
	wj_send_want(&j, 256);
	wj_ready(&j);
	pid = fork();
	if (pid == 0) {
		for (i = 0; i < n; i++) {
			usleep(2000); /* 500 a second */
			snprintf(p, sizeof p, "%s/l%ld.php", dir, i);
			one_file(p, true);
		}
		_exit(0);
	}
	while (waitpid(pid, NULL, WNOHANG) == 0)
		wj_pump(&j, 20, 0);
	wj_pump(&j, 300, 0);
	if (j.delay_count == 0)
		return 1;
	qsort(j.delays, j.delay_count, sizeof j.delays[0], by_size);
	printf("%lld %lld %zu %s\n", (long long)j.delays[j.delay_count / 2],
	       (long long)j.delays[j.delay_count * 99 / 100], j.delay_count, j.backend);
	wj_stop(&j);
	return 0;
}

static int
idle(const char *backend, const char *root, long seconds)
{
	long wakes, cpu;

	start(backend, root, 200);
	wj_since(&j, clock_wall().us + 3600000000);
	wj_send_want(&j, 256);
	wj_ready(&j);
	wj_pump(&j, 3000, 1000);
	wakes = proc_number("status", "voluntary_ctxt_switches:");
	cpu = cpu_ms();
	wj_pump(&j, (int)seconds * 1000, 0);
	printf("%ld %ld %ld %s\n",
	       proc_number("status", "voluntary_ctxt_switches:") - wakes, cpu_ms() - cpu,
	       proc_number("status", "VmRSS:"), j.backend);
	wj_stop(&j);
	return 0;
}

/* A whole walk of an unchanged tree, watch's part: every file is known to judge. */
static int
unchanged(const char *backend, const char *root)
{
	uint64_t files = UINT64_MAX;
	long cpu;

	start(backend, root, 200);
	j.sated = true;
	wj_ready(&j);
	cpu = cpu_ms();
	wj_send_want(&j, 256);
	while (j.found_files != files) {
		files = j.found_files;
		wj_pump(&j, 1000, 0);
	}
	cpu = cpu_ms() - cpu;
	printf("%llu %ld %.2f %s\n", (unsigned long long)files, cpu,
	       (double)cpu * 1000 / (double)(files == 0 ? 1 : files), j.backend);
	wj_stop(&j);
	return 0;
}

int
main(int argc, char **argv)
{
	long n = argc > 4 ? strtol(argv[4], NULL, 10) : 0;

	if (argc < 4)
		return 64;
	if (strcmp(argv[1], "ready") == 0)
		return ready(argv[2], argv[3]);
	if (strcmp(argv[1], "made") == 0)
		return made(argv[2], argv[3], n);
	if (strcmp(argv[1], "stream") == 0)
		return stream(argv[2], argv[3], n);
	if (strcmp(argv[1], "close") == 0)
		return close_to_judge(argv[2], argv[3], n);
	if (strcmp(argv[1], "unchanged") == 0)
		return unchanged(argv[2], argv[3]);
	if (strcmp(argv[1], "idle") == 0)
		return idle(argv[2], argv[3], n);
	return 64;
}
