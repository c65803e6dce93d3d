/*
 * status - what works, for people and for monitoring
 *
 * Job:     the rows of `status`; --check: one line and the exit code a monitoring system
 *          takes; --metrics: every number of them.
 * Touches: the control socket, standard output.
 * Source:  monitoring-plugins.org/doc/guidelines.html (0 OK, 1 WARNING, 2 CRITICAL);
 *          prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "text.h"

enum health { HEALTH_OK, HEALTH_WARNING, HEALTH_CRITICAL };

#define PARTS_MAX 32

struct check {
	enum health worst;
	/* the lines of one metric must stand together, and each once */
	struct {
		char name[64];
		enum health health;
	} parts[PARTS_MAX];
	size_t part_count;
	char said[900]; /* of the parts that are not ok */
	char ok[128];
	bool metrics;
};

static enum health
health_of(const char *state)
{
	return strcmp(state, "off") == 0        ? HEALTH_CRITICAL
	       : strcmp(state, "degraded") == 0 ? HEALTH_WARNING
						: HEALTH_OK;
}

/* "mail-queue" -> "mail_queue": what may stand in the name of a metric. */
static const char *
metric_word(char *dst, size_t size, const char *word)
{
	size_t i;

	for (i = 0; word[i] != '\0' && i + 1 < size; i++)
		dst[i] = (word[i] >= 'a' && word[i] <= 'z') ||
				 (word[i] >= '0' && word[i] <= '9')
			     ? word[i]
			     : '_';
	dst[i] = '\0';
	return dst;
}

static void
put_metrics(struct check *k, const json_t *row, const char *part, enum health health)
{
	char a[64], b[64];
	const char *field;
	json_t *v;
	size_t i;

	metric_word(a, sizeof a, part);
	for (i = 0; i < k->part_count; i++)
		if (strcmp(k->parts[i].name, a) == 0)
			break;
	if (i < k->part_count || i == PARTS_MAX) {
		if (i < PARTS_MAX && health > k->parts[i].health)
			k->parts[i].health = health;
		return;
	}
	k->part_count++;
	(void)text_copy(k->parts[i].name, sizeof k->parts[i].name, a);
	k->parts[i].health = health;
	json_object_foreach((json_t *)(uintptr_t)row, field, v)
	{
		if (json_is_integer(v))
			printf("mailbrake_%s_%s %lld\n", a,
			       metric_word(b, sizeof b, field),
			       (long long)json_integer_value(v));
		else if (json_is_boolean(v))
			printf("mailbrake_%s_%s %d\n", a, metric_word(b, sizeof b, field),
			       json_is_true(v));
	}
}

static void
check_row(void *arg, const json_t *row, int fd)
{
	struct check *k = arg;
	const char *part, *state, *text;
	char safe[256], one[340];
	enum health h;

	(void)fd;
	if (row == NULL)
		return;
	part = json_string_value(json_object_get(row, "part"));
	state = json_string_value(json_object_get(row, "state"));
	text = json_string_value(json_object_get(row, "text"));
	if (part == NULL || state == NULL)
		return;
	h = health_of(state);
	if (k->metrics)
		put_metrics(k, row, part, h);
	if (h > k->worst)
		k->worst = h;
	text_safe(safe, sizeof safe, text == NULL ? "" : text);
	if (h != HEALTH_OK) {
		(void)snprintf(one, sizeof one, "%s%s: %s",
			       k->said[0] == '\0' ? "" : "; ", part, safe);
		if (strlen(k->said) + strlen(one) < sizeof k->said)
			memcpy(k->said + strlen(k->said), one, strlen(one) + 1);
	} else if (strcmp(part, "judge") == 0) {
		(void)text_copy(k->ok, sizeof k->ok, safe);
	}
}

int
cmd_status(struct cli *c, int argc, char **argv)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL"};
	static char status[] = "status";
	char *just[] = {status, NULL};
	struct check k = {.metrics = argc == 2 && strcmp(argv[1], "--metrics") == 0};
	size_t i;
	int code;

	if (argc == 1)
		return ctl_run(c, "status", argc, argv);
	if (!k.metrics && strcmp(argv[1], "--check") != 0)
		return cli_usage(c, "%s is not --check or --metrics", argv[1]);
	code = ctl_ask(c, "status", 1, just, check_row, &k);
	if (k.metrics) {
		for (i = 0; i < k.part_count; i++)
			printf("mailbrake_state{part=\"%s\"} %d\n", k.parts[i].name,
			       k.parts[i].health);
		printf("mailbrake_up %d\n", code == EX_OK);
		return code;
	}
	if (code != EX_OK) {
		printf("MAILBRAKE CRITICAL - the daemon does not answer\n");
		return HEALTH_CRITICAL;
	}
	printf("MAILBRAKE %s - %s\n", words[k.worst], k.said[0] != '\0' ? k.said : k.ok);
	return (int)k.worst;
}
