/*
 * brakes_list - the list of braked domains
 *
 * Job:     the domains of each provider, those seen at its MX too; the whole list to
 *          hands.
 * Touches: the link to hands.
 */
#include "brakes_int.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "alert.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "text.h"
#include "xmem.h"

#define RETRY_MAX_MS 300000

static struct learned {
	char domain[128];
	int provider;
} * learned;
static unsigned learned_count;

void
brakes_list_init(void)
{
	learned = xcalloc(BRAKES_LEARNED, sizeof(*learned));
}

void
brakes_list_learn(const char *domain, int provider)
{
	/* hands would leave out what no MTA's list can name: its mail is not held */
	if (provider_find(brakes.table, NULL, domain) >= 0 || !text_is_domain(domain) ||
	    strlen(domain) >= sizeof(learned->domain))
		return;
	for (unsigned i = 0; i < learned_count; i++)
		if (strcmp(learned[i].domain, domain) == 0) {
			learned[i].provider = provider;
			return;
		}
	if (learned_count == BRAKES_LEARNED) {
		/* those beyond it are not held; their refusals still count */
		alert_degraded(
		    "learned-domains",
		    "More than %d domains were seen at the mail servers of big "
		    "providers: mail to further ones is not held while their "
		    "provider is braked (the last one: %s).",
		    BRAKES_LEARNED, domain);
		return;
	}
	(void)text_copy(learned[learned_count].domain, sizeof(learned->domain), domain);
	learned[learned_count++].provider = provider;
	if (brake_holds(&brakes.desk[provider].brake))
		brakes.list_changed = brakes.keep_changed = true;
}

void
brakes_list_write(FILE *f, int provider)
{
	for (unsigned i = 0; i < learned_count; i++)
		if (learned[i].provider == provider)
			fprintf(f, "+ %s %s\n", provider_name(brakes.table, provider),
				learned[i].domain);
}

int
brakes_list_provider(const char *domain)
{
	int id = provider_find(brakes.table, NULL, domain);

	for (unsigned i = 0; id < 0 && i < learned_count; i++)
		if (strcmp(learned[i].domain, domain) == 0)
			id = learned[i].provider;
	return id;
}

/* Braked, and a smarthost sends its mail meanwhile. A probe goes the straight way. */
bool
brakes_relayed(int provider)
{
	const char *at = NULL;
	char name[64];
	bool any = false;

	if (hub.conf.brake_smarthost[0] == '\0' ||
	    brakes.desk[provider].brake.state != BRAKE_BRAKED)
		return false;
	while (conf_list_next(hub.conf.brake_smarthost_for, &at, name, sizeof(name))) {
		any = true;
		if (strcmp(name, provider_name(brakes.table, provider)) == 0)
			return true;
	}
	return !any;
}

bool
brakes_by_smarthost(const struct m_outcome *o)
{
	const char *host = hub.conf.brake_smarthost;
	size_t n = strcspn(host, ":");

	return n > 0 && ((strncasecmp(o->host, host, n) == 0 && o->host[n] == '\0') ||
			 (strncmp(o->ip, host, n) == 0 && o->ip[n] == '\0'));
}

static bool
put_domain(int provider, const char *domain, char *buf, size_t *len)
{
	char entry[260];

	snprintf(entry, sizeof(entry), "%s%s", brakes_relayed(provider) ? ">" : "",
		 domain);
	return strings_add(buf, BRAKES_LIST_BYTES, len, entry);
}

static bool
put_domains(int provider, char *buf, size_t *len)
{
	const char *d;
	bool fits = true;

	for (unsigned i = 0; (d = provider_domain(brakes.table, provider, i)) != NULL;
	     i++)
		fits &= put_domain(provider, d, buf, len);
	for (unsigned i = 0; i < learned_count; i++)
		if (learned[i].provider == provider)
			fits &= put_domain(provider, learned[i].domain, buf, len);
	return fits;
}

/* How long until the next try, the failures in a row so far: 2 s, 4 s, up to 5 minutes.
 */
static int64_t
retry_ms(unsigned fails)
{
	int64_t ms = fails < 8 ? 1000LL << fails : RETRY_MAX_MS;

	return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

/* What the MTA has is not what it should have: also a list that should be empty, and
 * keeps mail waiting until it bounces. */
static void
push_failed(void)
{
	brakes.count.failed++;
	brakes.count.failing++;
	brakes.list_changed = true;
	brakes.retry_at = mono_after_ms(loop_now(), retry_ms(brakes.count.failing));
}

void
brakes_push(void)
{
	static char buf[BRAKES_LIST_BYTES];
	struct m_brake m = {.asked = hub_asked(ASKED_BRAKE), .domains = buf};
	struct err e;
	size_t len = 0;
	bool fits = true, off;

	brakes.list_changed = false;
	if (brakes.table == NULL || strcmp(hub.conf.mta, "none") == 0)
		return;
	/* switched off, or only observing: the MTA's list must be empty, not as it was */
	off = strcmp(hub.conf.mode, "observe") == 0 || !hub.conf.provider_brake;
	for (unsigned i = 0; !off && i < provider_count(brakes.table); i++)
		if (brake_holds(&brakes.desk[i].brake))
			fits &= put_domains((int)i, buf, &len);
	fits &= off || brakes_wait_put(buf, sizeof(buf), &len);
	if (!fits)
		alert_degraded("brake-list", "The list of braked domains is full: some "
					     "domains are not held back.");
	m.domains_len = len;
	brakes.count.pushes++;
	brakes.pushed = m.asked;
	if (m_brake_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.hands, wire_out(), &e) != 0) {
		log_warn_rate("brake", 60, "brake_not_told error=\"%s\"", e.text);
		push_failed();
	}
}

void
brakes_done(uint64_t asked, bool ok, const char *text)
{
	if (ok) {
		if (asked == brakes.pushed)
			brakes.count.failing = 0;
		return;
	}
	log_warn("brake_failed text=\"%s\"", text);
	if (asked == brakes.pushed)
		push_failed();
	else
		brakes.count.failed++; /* a delivery, or a list with a newer one behind */
	alert_degraded(
	    "brake",
	    "The mail system could not be told which providers are braked; mail may wait "
	    "or leave that should not: %s",
	    text);
}
