/*
 * direct - who connects straight to remote mail ports
 *
 * Job:     the verb DIRECT: read the counters of contrib/nftables by nft(8).
 * Touches: a child nft, that only lists.
 * Source:  libnftables-json(5): {"nftables":[..,{"set":{"elem":[{"elem":{"val":UID,
 *          "counter":{"packets":N,..}}},..]}}]}.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "job.h"
#include "mtaq.h"
#include "verbs.h"

#define TIMEOUT_S 10
#define OUT_MAX (16 << 20) /* 65,536 elements are 8 MB */
#define ROW 40             /* "UID PACKETS" */

static const char *const programs[] = {"/usr/sbin/nft", "/sbin/nft", NULL};
static struct {
	bool running;
	uint64_t asked;
	int out_fd;
} direct;

/* "UID PACKETS" of each element, as many as a message holds. */
static void
add_elements(const json_t *list, struct m_tries *t, char *buf, size_t size)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		const json_t *elem = json_object_get(one, "elem");
		const json_t *val = json_object_get(elem, "val");
		const json_t *packets =
		    json_object_get(json_object_get(elem, "counter"), "packets");
		char row[ROW];

		if (!json_is_integer(val) || !json_is_integer(packets))
			continue;
		(void)snprintf(row, sizeof row, "%lld %lld",
			       (long long)json_integer_value(val),
			       (long long)json_integer_value(packets));
		if (!strings_add(buf, size, &t->tries_len, row)) {
			t->left_out = json_array_size(list) - i;
			return;
		}
	}
}

static void
tell(const char *out, size_t len)
{
	static char buf[MSG_MAX - 1024];
	struct m_tries t = {.asked = direct.asked, .ok = 1, .text = "", .tries = buf};
	json_t *all = json_loadb(out, len, 0, NULL), *one;
	size_t i;

	if (all == NULL) {
		t.ok = 0;
		t.text = "nft did not answer in JSON";
	}
	json_array_foreach(json_object_get(all, "nftables"), i, one) add_elements(
	    json_object_get(json_object_get(one, "set"), "elem"), &t, buf, sizeof buf);
	hands_tries(&t);
	json_decref(all);
}

static void
refuse(uint64_t asked, const char *why)
{
	struct m_tries t = {.asked = asked, .text = why, .tries = ""};

	hands_tries(&t);
}

static void
on_end(void *arg, const struct job_end *end)
{
	off_t size = lseek(direct.out_fd, 0, SEEK_END);
	char *out = size > 0 && size <= OUT_MAX ? malloc((size_t)size) : NULL;
	ssize_t n = out == NULL ? 0 : pread(direct.out_fd, out, (size_t)size, 0);

	(void)arg;
	direct.running = false;
	close(direct.out_fd);
	if (!end->ran || end->timed_out)
		refuse(direct.asked, end->timed_out ? "nft timed out" : end->text);
	else if (end->exit_code != 0 || n <= 0)
		refuse(direct.asked, "contrib/nftables is not loaded");
	else
		tell(out, (size_t)n);
	free(out);
}

void
verb_direct(struct msg *m)
{
	const char *argv[] = {NULL,   "-j",        "list",   "set",
			      "inet", "mailbrake", "by_uid", NULL};
	struct job_spec spec;
	struct m_direct d;
	struct err e;

	if (m_direct_get(m, &d, &e) != 0) {
		refuse(0, e.text);
		return;
	}
	argv[0] = mtaq_program(programs);
	if (argv[0] == NULL || direct.running) {
		refuse(d.asked, direct.running ? "it is being read" : "there is no nft");
		return;
	}
	direct.out_fd = memfd_create("nft", MFD_CLOEXEC);
	spec = job_plain(argv, TIMEOUT_S);
	spec.out_fd = direct.out_fd;
	if (direct.out_fd <= 0 || job_start(&spec, on_end, NULL, &e) != 0) {
		if (direct.out_fd >= 0)
			close(direct.out_fd);
		refuse(d.asked, "nft could not be started");
		return;
	}
	direct.running = true;
	direct.asked = d.asked;
}
