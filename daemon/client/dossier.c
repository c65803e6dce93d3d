/*
 * dossier - the daemon's facts, and what the DNS says of us
 *
 * Job:     the verb dossier: the rows of the daemon, then for the addresses a provider
 *          refused and the senders' domains: PTR and back, SPF, DKIM, DMARC. What could
 *          not be looked up is said to be missing.
 * Touches: the daemon's socket, the resolver (not with --offline).
 * Source:  RFC 7208 3 and 4.5 (SPF), RFC 6376 3.6.2 (DKIM), RFC 7489 6.6.3 (DMARC), RFC
 *          1912 2.1 (PTR and address agree).
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "client.h"
#include "dns.h"
#include "text.h"

#define IPS_MAX 4
#define DOMAINS_MAX 6
#define FOUND_MAX 4

struct found {
	char text[FOUND_MAX][512];
	unsigned count;
};

struct dossier {
	struct table *table;
	struct dns *dns;
	char ip[IPS_MAX][INET6_ADDRSTRLEN];
	char domain[DOMAINS_MAX][254];
	unsigned ips, domains;
	bool silent;
};

static void
put(struct dossier *d, const char *kind, const char *name, const char *value,
    const char *text)
{
	char buf[2][2048];
	json_t *row = json_pack(
	    "{s:s, s:n, s:s, s:o, s:s}", "kind", kind, "t", "name",
	    text_utf8(buf[0], sizeof(buf[0]), name, strlen(name)), "value",
	    value == NULL
		? json_null()
		: json_string(text_utf8(buf[1], sizeof(buf[1]), value, strlen(value))),
	    "text", text);

	table_row(d->table, row);
	json_decref(row);
}

static void
add_ip(struct dossier *d, const char *ip)
{
	unsigned char bin[16];

	if (inet_pton(strchr(ip, ':') != NULL ? AF_INET6 : AF_INET, ip, bin) != 1)
		return;
	for (unsigned i = 0; i < d->ips; i++)
		if (strcmp(d->ip[i], ip) == 0)
			return;
	if (d->ips < IPS_MAX)
		(void)text_copy(d->ip[d->ips++], sizeof(d->ip[0]), ip);
}

static void
add_domain(struct dossier *d, const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= sizeof(d->domain[0]) || strchr(name, '.') == NULL ||
	    strspn(name,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") !=
		n)
		return;
	for (unsigned i = 0; i < d->domains; i++)
		if (strcasecmp(d->domain[i], name) == 0)
			return;
	if (d->domains < DOMAINS_MAX)
		(void)text_copy(d->domain[d->domains++], sizeof(d->domain[0]), name);
}

/* The IPv4 addresses that a refusal names: ours as the provider sees it. */
static void
ips_of_text(struct dossier *d, const char *s)
{
	while (*(s += strcspn(s, "0123456789")) != '\0') {
		size_t n = strspn(s, "0123456789.");
		char ip[INET6_ADDRSTRLEN];

		if (n >= 7 && n < 16) {
			memcpy(ip, s, n);
			ip[n] = '\0';
			while (n > 0 && ip[n - 1] == '.')
				ip[--n] = '\0';
			add_ip(d, ip);
		}
		s += strspn(s, "0123456789.");
	}
}

/* Addresses of this machine that are not only its own network's. */
static void
ips_of_machine(struct dossier *d)
{
	struct ifaddrs *list;
	char ip[INET6_ADDRSTRLEN];

	if (getifaddrs(&list) != 0)
		return;
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		const struct sockaddr_in *a = (const void *)i->ifa_addr;
		uint32_t v;

		if (a == NULL || a->sin_family != AF_INET)
			continue;
		v = ntohl(a->sin_addr.s_addr);
		if (v >> 24 == 127 || v >> 24 == 10 || v >> 20 == 0xac1 ||
		    v >> 16 == 0xc0a8)
			continue;
		if (inet_ntop(AF_INET, &a->sin_addr, ip, sizeof(ip)) != NULL)
			add_ip(d, ip);
	}
	freeifaddrs(list);
}

static void
on_row(void *arg, const json_t *row, int fd)
{
	struct dossier *d = arg;
	const char *kind, *s;

	(void)fd;
	if (row == NULL)
		return;
	table_row(d->table, row);
	kind = json_string_value(json_object_get(row, "kind"));
	if (kind == NULL || strcmp(kind, "refusal") != 0)
		return;
	if ((s = json_string_value(json_object_get(row, "text"))) != NULL)
		ips_of_text(d, s);
	if ((s = json_string_value(json_object_get(row, "domain"))) != NULL)
		add_domain(d, s);
}

/* --- what is asked ---------------------------------------------------------------------
 */

static void
on_found(void *arg, const char *text, size_t len)
{
	struct found *f = arg;
	size_t n = len < sizeof(f->text[0]) - 1 ? len : sizeof(f->text[0]) - 1;

	if (f->count == FOUND_MAX)
		return;
	memcpy(f->text[f->count], text, n);
	f->text[f->count++][n] = '\0';
}

/* Only the TXT records that begin so. */
static void
keep(struct found *f, const char *begin)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < f->count; i++)
		if (strncasecmp(f->text[i], begin, strlen(begin)) == 0) {
			if (kept != i)
				memcpy(f->text[kept], f->text[i], sizeof(f->text[0]));
			kept++;
		}
	f->count = kept;
}

static bool
asked(struct dossier *d, enum dns_end end)
{
	d->silent |= end == DNS_SILENT;
	return end != DNS_SILENT;
}

static void
look_ptr(struct dossier *d, const char *ip)
{
	struct found names = {0};
	bool back = false;
	char name[80];

	snprintf(name, sizeof(name), "PTR %s", ip);
	if (!asked(d, dns_ptr(d->dns, ip, on_found, &names)))
		return;
	if (names.count == 0) {
		put(d, "missing", name, NULL, "no name points back to this address");
		return;
	}
	for (unsigned i = 0; i < names.count && !back; i++) {
		struct found addr = {0};

		if (!asked(d, dns_addr(d->dns, names.text[i], on_found, &addr)))
			return;
		for (unsigned k = 0; k < addr.count; k++)
			back |= strcmp(addr.text[k], ip) == 0;
	}
	put(d, back ? "dns" : "missing", name, names.text[0],
	    back ? "the name has this address"
		 : "the name does not have this address: providers refuse that");
}

static void
look_spf(struct dossier *d, const char *domain)
{
	struct found f = {0};
	char name[280];

	snprintf(name, sizeof(name), "SPF %s", domain);
	if (!asked(d, dns_txt(d->dns, domain, on_found, &f)))
		return;
	keep(&f, "v=spf1");
	if (f.count == 1)
		put(d, "dns", name, f.text[0], "one record");
	else
		put(d, "missing", name, NULL,
		    f.count == 0
			? "there is no record"
			: "more than one record: none of them counts (RFC 7208)");
}

static void
look_dmarc(struct dossier *d, const char *domain)
{
	char at[280], name[280];

	snprintf(name, sizeof(name), "DMARC %s", domain);
	/* the domain itself, then those above it, down to two labels */
	for (const char *p = domain; p != NULL && strchr(p, '.') != NULL;
	     p = strchr(p, '.') + 1) {
		struct found f = {0};

		snprintf(at, sizeof(at), "_dmarc.%s", p);
		if (!asked(d, dns_txt(d->dns, at, on_found, &f)))
			return;
		keep(&f, "v=DMARC1");
		if (f.count == 1) {
			put(d, "dns", name, f.text[0], at);
			return;
		}
	}
	put(d, "missing", name, NULL, "there is no record");
}

/* Selectors are in each message's signature only: those that panels use are tried. */
static void
look_dkim(struct dossier *d, const char *domain, const char *selectors)
{
	const char *at = NULL;
	char selector[64], name[330], full[280], text[400];
	unsigned found = 0;

	snprintf(name, sizeof(name), "DKIM %s", domain);
	while (conf_list_next(selectors, &at, selector, sizeof(selector))) {
		struct found f = {0};

		snprintf(full, sizeof(full), "%.63s._domainkey.%.200s", selector, domain);
		if (!asked(d, dns_txt(d->dns, full, on_found, &f)))
			return;
		for (unsigned i = 0; i < f.count; i++)
			if (strstr(f.text[i], "p=") != NULL) {
				put(d, "dns", name, f.text[i], full);
				found++;
				break;
			}
	}
	snprintf(text, sizeof(text), "no key at the selectors %.300s", selectors);
	if (found == 0)
		put(d, "missing", name, NULL, text);
}

static void
look(struct dossier *d, const char *selectors)
{
	struct err e;

	if (d->ips == 0)
		ips_of_machine(d);
	if (dns_open(&d->dns, &e) != 0) {
		put(d, "missing", "DNS", NULL, e.text);
		return;
	}
	for (unsigned i = 0; i < d->ips && !d->silent; i++)
		look_ptr(d, d->ip[i]);
	for (unsigned i = 0; i < d->domains && !d->silent; i++) {
		look_spf(d, d->domain[i]);
		look_dkim(d, d->domain[i], selectors);
		look_dmarc(d, d->domain[i]);
	}
	dns_close(&d->dns);
	if (d->silent)
		put(d, "missing", "DNS", NULL,
		    "offline: no resolver answers; PTR, SPF, DKIM and DMARC are not all "
		    "looked up");
	if (d->ips == 0)
		put(d, "missing", "PTR", NULL, "no address of ours is known");
	if (d->domains == 0)
		put(d, "missing", "SPF, DKIM, DMARC", NULL,
		    "no sender's domain is known: no refusal of its mail was seen");
}

int
cmd_dossier(struct cli *c, int argc, char **argv)
{
	struct dossier d = {0};
	bool offline = false;
	int code, n = 0;
	char *arg[3] = {argv[0], NULL, NULL};

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--offline") == 0)
			offline = true;
		else if (++n == 1)
			arg[1] = argv[i];
	if (n != 1)
		return cli_usage(c, "one provider or account is needed");
	d.table = table_new(c, "dossier");
	code = ctl_ask(c, "dossier", 2, arg, on_row, &d);
	if (code == EX_OK && offline)
		put(&d, "missing", "DNS", NULL,
		    "asked not to look: PTR, SPF, DKIM and DMARC");
	else if (code == EX_OK)
		look(&d, c->conf.dkim_selectors);
	table_free(&d.table);
	return code;
}
