/*
 * holds - the list of accounts none of whose mail goes
 *
 * Job:     the verb HOLDS. When the daemon is stopped the parent ends the list, after
 *          hands: it may be dead, or hung.
 * Touches: the list of held_list.h, which Exim reads, and the wrapper without judge.
 *
 * To freeze takes a program's time for each message; this is one file for all of them,
 * so that nothing leaves while the freezing goes on.
 */
#include "held_list.h"
#include "mtaq.h"
#include "verbs.h"

void
verb_holds(struct msg *m)
{
	const struct mtaq *mta = mtaq_find(hands_conf()->mta);
	char path[sizeof hands_conf()->brake_file + 16];
	struct m_holds h;
	struct err e;
	bool ok;

	if (m_holds_get(m, &h, &e) != 0) {
		hands_done(0, false, -1, e.text);
		return;
	}
	held_list_path(path, sizeof path, hands_conf()->brake_file);
	ok = held_list_write(path, h.uids, h.uids_len, &e) == 0;
	if (ok && h.freed != 0 && mta != NULL && mta->holds_uids)
		queue_kick(); /* what waited only because of the list */
	hands_done(h.asked, ok, ok ? 0 : -1, ok ? "" : e.text);
}
