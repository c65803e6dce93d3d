/*
 * tell - see tell.h
 *
 * Job:     an event of the log as a message, its strangers' words made safe.
 * Touches: judge's link.
 */
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "mt_scan.h"
#include "tell.h"
#include "text.h"
#include "whose.h"

/* One line of safe text: whatever stands in the log stays a text. */
static const char *
safe(char *dst, size_t size, struct slice s)
{
	return text_safe_n(dst, size, s.s == NULL ? "" : s.s, s.len);
}

/* The recipient's domain decides a provider: only what can be a domain is passed on. */
static const char *
domain(char *dst, size_t size, struct slice s)
{
	slice_copy(dst, size, s);
	if (s.len >= size ||
	    strspn(text_lower(dst), "abcdefghijklmnopqrstuvwxyz0123456789.-_") !=
		strlen(dst))
		dst[0] = '\0';
	return dst;
}

bool
tell_outcome(struct wire *judge, const struct mt_event *ev, unsigned more_flags)
{
	static char user[128], auth[256], id[32], sender[400], whole[400], rcpt[256],
	    orig[256], host[256], on[32], ip[64], text[2048], cwd[300];
	struct m_outcome m = {
	    .time_us = ev->time.us,
	    .kind = ev->kind,
	    .flags = more_flags | (ev->own ? OUTCOME_OWN : 0u) |
		     (ev->answered ? OUTCOME_ANSWERED : 0u) |
		     (ev->bounce ? OUTCOME_BOUNCE : 0u) |
		     (ev->local_client ? OUTCOME_LOCAL_CLIENT : 0u) |
		     (ev->local ? OUTCOME_LOCAL : 0u),
	    .port = (uint64_t)ev->port,
	    .code = ev->answered ? (uint64_t)ev->code : 0,
	    .rcpts = ev->rcpts,
	    .size = ev->size,
	};
	struct err e;

	m.uid = whose_event(ev, user, sizeof(user));
	m.user = user;
	m.auth = safe(auth, sizeof(auth), ev->auth);
	m.ip = safe(ip, sizeof(ip), ev->ip);
	m.queue_id = safe(id, sizeof(id), ev->queue_id);
	m.sender = safe(sender, sizeof(sender), ev->sender);
	m.rcpt = safe(whole, sizeof(whole), ev->rcpt);
	m.rcpt_domain = domain(rcpt, sizeof(rcpt), ev->rcpt_domain);
	m.orig_domain = domain(orig, sizeof(orig), ev->orig_domain);
	m.forwarded_as = safe(on, sizeof(on), ev->forwarded_as);
	m.host = ev->local ? "" : domain(host, sizeof(host), ev->host);
	m.enhanced = ev->answered ? ev->enhanced : "";
	m.text = safe(text, sizeof(text), ev->text);
	m.claimed_script =
	    safe(cwd, sizeof(cwd),
		 ev->claimed_script.s != NULL ? ev->claimed_script : ev->claimed_cwd);
	if (m_outcome_put(wire_out(), &m, &e) == 0 &&
	    wire_send(judge, wire_out(), &e) == 0)
		return true;
	log_warn_rate("not_told", 60, "outcome_not_told error=\"%s\"", e.text);
	return false;
}

void
tell_whose(struct wire *judge, struct msg *m)
{
	struct mt_event ev = {.uid = -1};
	char user[128], id[32];
	struct m_owner o = {.uid = -1};
	struct m_whose w;
	struct err e;

	if (m_whose_get(m, &w, &e) != 0)
		return;
	o.asked = w.asked;
	if (w.auth[0] != '\0') {
		ev.auth = (struct slice){w.auth, strlen(w.auth)};
		o.uid = whose_event(&ev, user, sizeof(user));
	} else if (text_copy(id, sizeof(id), w.queue_id)) {
		o.uid = whose_message(id);
	}
	if (m_owner_put(wire_out(), &o, &e) != 0 || wire_send(judge, wire_out(), &e) != 0)
		log_warn_rate("owner", 60, "owner_not_told error=\"%s\"", e.text);
}
