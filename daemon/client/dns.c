/*
 * dns - names looked up, one after the other, within a time
 *
 * Job:     see dns.h.
 * Touches: the network, by c-ares.
 * Source:  c-ares 1.18 manual: ares_query(3), ares_process(3), ares_timeout(3).
 */
#include "dns.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "xmem.h"

#define TRY_MS 1500
#define TRIES 2
#define SILENT_MAX 2 /* then nobody is there */

struct dns {
	ares_channel channel;
	mono_t until;
	unsigned silent;
};

struct ask {
	dns_fn fn;
	void *arg;
	bool done;
	enum dns_end end;
};

int
dns_open(struct dns **out, struct err *e)
{
	struct ares_options o = {.timeout = TRY_MS, .tries = TRIES};
	struct dns *d = xcalloc(1, sizeof(*d));
	int rc = ares_library_init(ARES_LIB_INIT_ALL);

	if (rc == ARES_SUCCESS &&
	    (rc = ares_init_options(&d->channel, &o,
				    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES)) != ARES_SUCCESS)
		ares_library_cleanup();
	if (rc != ARES_SUCCESS) {
		free(d);
		return err_set(e, ERR_SYS, "resolver: %s", ares_strerror(rc));
	}
	d->until = mono_after_ms(clock_mono(), DNS_TOTAL_MS);
	*out = d;
	return 0;
}

void
dns_close(struct dns **dp)
{
	struct dns *d = *dp;

	*dp = NULL;
	if (d == NULL)
		return;
	ares_destroy(d->channel);
	ares_library_cleanup();
	free(d);
}

static enum dns_end
end_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return DNS_FOUND;
	case ARES_ENODATA:
	case ARES_ENOTFOUND:
	case ARES_EBADNAME:
	case ARES_EBADRESP:
	case ARES_EFORMERR:
		return DNS_NONE;
	default:
		return DNS_SILENT;
	}
}

/* Until the answer is there, or the time is over. */
static enum dns_end
run(struct dns *d, struct ask *a)
{
	while (!a->done) {
		ares_socket_t sock[ARES_GETSOCK_MAXNUM];
		int mask = ares_getsock(d->channel, sock, ARES_GETSOCK_MAXNUM);
		struct pollfd p[ARES_GETSOCK_MAXNUM];
		nfds_t n = 0;
		int any;

		if (mono_diff_us(clock_mono(), d->until) >= 0) {
			ares_cancel(d->channel);
			break;
		}
		for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
			bool r = ARES_GETSOCK_READABLE((unsigned)mask, i) != 0;
			bool w = ARES_GETSOCK_WRITABLE((unsigned)mask, i) != 0;

			if (r || w)
				p[n++] =
				    (struct pollfd){.fd = sock[i],
						    .events = (short)((r ? POLLIN : 0) |
								      (w ? POLLOUT : 0))};
		}
		any = poll(p, n, 100);
		for (nfds_t i = 0; any > 0 && i < n; i++)
			if (p[i].revents != 0)
				ares_process_fd(
				    d->channel,
				    (p[i].revents & ~POLLOUT) != 0 ? p[i].fd
								   : ARES_SOCKET_BAD,
				    (p[i].revents & POLLOUT) != 0 ? p[i].fd
								  : ARES_SOCKET_BAD);
		if (any <= 0)
			ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	}
	d->silent = a->end == DNS_SILENT ? d->silent + 1 : 0;
	return a->end;
}

static bool
hopeless(const struct dns *d)
{
	return d->silent >= SILENT_MAX || mono_diff_us(clock_mono(), d->until) >= 0;
}

static void
on_txt(void *arg, int status, int timeouts, unsigned char *buf, int len)
{
	struct ask *a = arg;
	struct ares_txt_ext *list = NULL;
	char text[4096];
	size_t n = 0;

	(void)timeouts;
	a->done = true;
	if (status == ARES_SUCCESS)
		status = ares_parse_txt_reply_ext(buf, len, &list);
	a->end = end_of(status);
	for (const struct ares_txt_ext *t = list; t != NULL; t = t->next) {
		size_t more = t->length < sizeof(text) - n ? t->length : sizeof(text) - n;

		memcpy(text + n, t->txt, more);
		n += more;
		if (t->next != NULL && !t->next->record_start)
			continue;
		a->fn(a->arg, text, n);
		n = 0;
	}
	if (list != NULL)
		ares_free_data(list);
}

enum dns_end
dns_txt(struct dns *d, const char *name, dns_fn fn, void *arg)
{
	struct ask a = {.fn = fn, .arg = arg, .end = DNS_SILENT};

	if (hopeless(d))
		return DNS_SILENT;
	ares_query(d->channel, name, ns_c_in, ns_t_txt, on_txt, &a);
	return run(d, &a);
}

static void
on_host(void *arg, int status, int timeouts, struct hostent *h)
{
	struct ask *a = arg;

	(void)timeouts;
	a->done = true;
	a->end = end_of(status);
	if (a->end != DNS_FOUND || h == NULL)
		return;
	a->fn(a->arg, h->h_name, strlen(h->h_name));
	for (char **p = h->h_aliases; p != NULL && *p != NULL; p++)
		if (strcmp(*p, h->h_name) != 0 && strstr(*p, ".arpa") == NULL)
			a->fn(a->arg, *p, strlen(*p));
}

enum dns_end
dns_ptr(struct dns *d, const char *ip, dns_fn fn, void *arg)
{
	struct ask a = {.fn = fn, .arg = arg, .end = DNS_SILENT};
	unsigned char bin[16];
	int family = strchr(ip, ':') != NULL ? AF_INET6 : AF_INET;

	if (hopeless(d))
		return DNS_SILENT;
	if (inet_pton(family, ip, bin) != 1)
		return DNS_NONE;
	ares_gethostbyaddr(d->channel, bin, family == AF_INET6 ? 16 : 4, family, on_host,
			   &a);
	return run(d, &a);
}

static void
on_addr(void *arg, int status, int timeouts, struct ares_addrinfo *r)
{
	struct ask *a = arg;
	char text[INET6_ADDRSTRLEN];

	(void)timeouts;
	a->done = true;
	a->end = end_of(status);
	if (r == NULL)
		return;
	for (const struct ares_addrinfo_node *n = r->nodes; n != NULL; n = n->ai_next) {
		const void *bin =
		    n->ai_family == AF_INET
			? (const void *)&(
			      (const struct sockaddr_in *)(const void *)n->ai_addr)
			      ->sin_addr
			: (const void *)&(
			      (const struct sockaddr_in6 *)(const void *)n->ai_addr)
			      ->sin6_addr;

		if (inet_ntop(n->ai_family, bin, text, sizeof(text)) != NULL)
			a->fn(a->arg, text, strlen(text));
	}
	ares_freeaddrinfo(r);
}

enum dns_end
dns_addr(struct dns *d, const char *name, dns_fn fn, void *arg)
{
	const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC,
						  .ai_flags = ARES_AI_NOSORT};
	struct ask a = {.fn = fn, .arg = arg, .end = DNS_SILENT};

	if (hopeless(d))
		return DNS_SILENT;
	ares_getaddrinfo(d->channel, name, NULL, &hints, on_addr, &a);
	return run(d, &a);
}
