/*
 * test_alert - what is forgotten of a full table of incidents
 *
 * Job:     unit test of daemon/judge/alert.c with a real store and no hands.
 * Touches: a temporary directory.
 */
#include "alert.h"

#include <stdlib.h>
#include <unistd.h>

#include "hub.h"
#include "t.h"

#define INCIDENTS 2000

static void
files(uint64_t from, uint64_t count)
{
	const struct m_verdict v = {
	    .verdict = VERDICT_MALICIOUS, .score = 100, .sha256 = "", .findings = ""};

	for (uint64_t i = from; i < from + count; i++)
		alert_file(i, "/home/x/x.php", &v);
}

int
main(void)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char dir[] = "/tmp/mailbrake-test-alert-XXXXXX", p[sizeof dir + 32];
	const struct store_incident told = {
	    .key = "file:1", .text = "", .t_told = wall_from_s(1767225600), .count = 1};
	struct err e;

	if (mkdtemp(dir) == NULL || store_open(&hub.store, dir, &e) != 0)
		return 1;
	hub.hands.link.fd = -1;
	T_EQ(store_incident_put(hub.store, &told, &e), 0);
	alert_restore();
	/* alert_hour_max = 0: all of them wait for another hour */
	files(4000000, INCIDENTS - 2);
	alert_degraded("test", "a trouble of the brake");
	T_EQ(hub.count.alerts_left_out, INCIDENTS - 2);
	/* the told one goes first; who waits is forgotten only for want of such */
	files(5000000, 1);
	T_EQ(alert_state().forgotten, 0);
	files(5000001, 1);
	T_EQ(alert_state().forgotten, 1);
	T_EQ(hub.count.alerts_left_out, INCIDENTS); /* it was counted when it waited */
	/* however many a tenant makes, the brake's own trouble stays */
	files(6000000, INCIDENTS + 10);
	T_EQ(alert_state().forgotten, INCIDENTS + 11);
	alert_degraded("test", "a trouble of the brake");
	T_EQ(alert_state().forgotten, INCIDENTS + 11);
	store_close(&hub.store);
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(p, sizeof p, "%s/" STORE_FILE "%s", dir, tails[i]);
		(void)unlink(p);
	}
	T_EQ(rmdir(dir), 0);
	return T_DONE();
}
