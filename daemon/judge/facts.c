/*
 * facts - gather what policy_decide needs to know
 *
 * Job:     an account's record, a script, a message -> struct facts; changes nothing.
 * Touches: nothing.
 */
#include "acct.h"

#define AT_ONE_S 7200 /* so long engine_refusals counts */
/*
 * Old files that may begin to write to strangers within 24 hours. A sender picks the name
 * it claims, and every site has thousands of old files.
 */
#define OLD_NAMES 8

#include <string.h>

int64_t
facts_evidence(const struct engine *e, const struct acct *a,
	       const struct finding **worst_out)
{
	int64_t worst = 0;

	if (worst_out != NULL)
		*worst_out = NULL;
	for (uint32_t i = 0; i < a->finding_count; i++) {
		const struct finding *f = &a->findings[i];

		if (e->now_s - f->t_s > e->conf.evidence_ttl_s ||
		    f->trust_until_s > e->now_s)
			continue;
		if (f->points > worst) {
			worst = f->points;
			if (worst_out != NULL)
				*worst_out = f;
		}
	}
	return worst;
}

bool
facts_in_wave(const struct acct *a, const struct script *s, int64_t now_s, int64_t wall)
{
	if (a->wave_to_s != 0 && now_s - a->wave_to_s < SETTLING_S &&
	    (s->fresh_s == 0 ||
	     (s->fresh_s >= a->wave_from_s - 3600 && s->fresh_s <= a->wave_to_s + 3600)))
		return true;
	if (a->births < WAVE_SCRIPTS || wall - a->births_wall_s >= SETTLING_S)
		return false;
	return s->born_wall_s == 0 || (s->born_wall_s > a->births_wall_s - 7200 &&
				       s->born_wall_s < a->births_wall_s + 7200);
}

static bool
hidden_place(const char *path)
{
	static const char *const places[] = {"/uploads/", "/cache/", "/tmp/",
					     "/images/",  "/img/",   "/."};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (strstr(path, places[i]) != NULL)
			return true;
	return false;
}

/* The account put or changed a file lately: mail that names no script may be its. */
static bool
fresh_file_lately(const struct engine *e, const struct acct *a)
{
	for (unsigned i = 0; i < ACCT_FRESH; i++)
		if (a->fresh_files[i].t_s != 0 &&
		    e->now_s - a->fresh_files[i].t_s < e->conf.young_script_s)
			return true;
	return false;
}

/* The standing of a script that sends to strangers for the first time. */
static enum standing
first_standing(const struct engine *e, const struct acct *a, const struct script *s)
{
	int64_t young = e->conf.young_script_s;
	bool early =
	    e->now_s - (a->learn_from_s > e->start_s ? a->learn_from_s : e->start_s) <
	    e->conf.learning_time_s;
	bool fresh = s->fresh_s != 0 && e->now_s - s->fresh_s < young;
	bool known_age = s->born_wall_s != 0;
	bool is_young = known_age && e->wall_s - s->born_wall_s < young;

	if (script_login(s)) /* people come and go; its pace is judged from the first */
		return STAND_DORMANT;
	if (early && e->conf.blind)
		return STAND_DORMANT;
	if (fresh || is_young)
		return early && script_entry_point(s->name) && !hidden_place(s->name)
			   ? STAND_BLIND
			   : STAND_NEW;
	if (known_age)
		return STAND_DORMANT;
	if (s->name[0] == '\0' && fresh_file_lately(e, a))
		return STAND_NEW;
	/* it wrote to the owner long ago, so it was not put there today */
	if (s->name[0] != '\0' && e->now_s - s->first_s >= e->conf.learning_time_s)
		return STAND_DORMANT;
	if (early && script_entry_point(s->name) && !hidden_place(s->name))
		return STAND_DORMANT;
	/* the account itself was silent until lately, and nothing was ever told of it */
	early = early || (!a->eyes && s->name[0] != '\0' &&
			  e->now_s - a->first_s < e->conf.learning_time_s);
	return early ? STAND_BLIND : STAND_NEW;
}

/* One more old file than may begin on one day: it counts as new. */
static bool
crowd_standing(const struct engine *e, const struct acct *a, const struct script *s)
{
	int64_t from = a->learn_from_s > e->start_s ? a->learn_from_s : e->start_s;
	bool early = e->now_s - from < e->conf.learning_time_s;

	if (s->stranger_s != 0)
		return s->crowded;
	if (script_login(s) || (early && e->conf.blind) ||
	    first_standing(e, a, s) != STAND_DORMANT)
		return false;
	return slide_get(&a->old_names, e->now_s, 86400) >= OLD_NAMES;
}

/* Since it changed: by its age where that is told, else since the change was noticed. */
static int64_t
changed_for(const struct engine *e, const struct script *s)
{
	int64_t noticed = e->now_s - s->changed_s;

	if (s->born_wall_s != 0 && e->wall_s - s->born_wall_s > noticed)
		return e->wall_s - s->born_wall_s;
	return noticed;
}

enum standing
facts_standing(const struct engine *e, const struct acct *a, const struct script *s)
{
	if (s->stranger_s == 0)
		return crowd_standing(e, a, s) ? STAND_NEW : first_standing(e, a, s);
	if (s->crowded && e->now_s - s->stranger_s < e->conf.learning_time_s)
		return STAND_NEW;
	/* new or blind for want of an age: told later, it was old at its first stranger
	 */
	if ((s->standing == STAND_NEW || s->standing == STAND_BLIND) && s->fresh_s == 0 &&
	    s->born_wall_s != 0 &&
	    e->wall_s - (e->now_s - s->stranger_s) - s->born_wall_s >=
		e->conf.young_script_s)
		return STAND_DORMANT;
	if (s->standing == STAND_NEW &&
	    e->now_s - s->stranger_s < e->conf.learning_time_s)
		return STAND_NEW;
	if (s->changed_s != 0 && changed_for(e, s) < e->conf.young_script_s)
		return STAND_CHANGED;
	if (e->now_s - s->stranger_s >= e->conf.learning_time_s)
		return STAND_KNOWN;
	return s->standing;
}

static void
gather_old(const struct engine *e, const struct acct *a, const struct judged *j,
	   struct facts *f)
{
	int64_t now = e->now_s;
	bool old = f->standing == STAND_DORMANT && !f->login;
	uint32_t add = old && !j->msg.own ? j->msg.rcpts - j->msg.met - j->exposed : 0;

	f->old_names = slide_get(&a->old_names, now, 86400);
	f->old_24h = slide_get(&a->old_24h, now, 86400) +
		     (old && f->usual[3] == 0 ? j->exposed : 0);
	f->old_told_1m = slide_get(&a->old_told_1m, now, 60) + add;
	f->old_told_1h = slide_get(&a->old_told_1h, now, 3600) + add;
	f->old_told_24h = slide_get(&a->old_told_24h, now, 86400) + add;
}

static void
gather_logins(const struct engine *e, const struct acct *a, const struct judged *j,
	      struct facts *f)
{
	uint32_t add = j->msg.own ? 0 : j->msg.rcpts - j->msg.met;
	uint32_t one = j->exposed > 0;

	for (unsigned w = 0; w < SCRIPT_WINDOWS && j->script->login != NULL; w++) {
		f->login_msgs[w] = script_login_msgs(j->script, w, e->now_s) + one;
		f->login_msgs_usual[w] = j->script->login->usual[w];
	}
	f->login_all[0] = slide_get(&a->login_1h, e->now_s, 3600) + add;
	f->login_all[1] = slide_get(&a->login_24h, e->now_s, 86400) + add;
	for (uint32_t i = 0; i < a->script_count; i++) {
		if (!script_login(a->scripts[i]))
			continue;
		f->login_usual[0] += a->scripts[i]->usual[2];
		f->login_usual[1] += a->scripts[i]->usual[3];
	}
}

static void
gather_new(const struct engine *e, const struct acct *a, const struct judged *j,
	   struct facts *f)
{
	int64_t now = e->now_s;
	bool unproven = f->standing == STAND_NEW || f->standing == STAND_BLIND;
	uint32_t add = unproven ? j->exposed : 0;
	uint32_t unmet = j->msg.rcpts - j->msg.met;
	uint32_t one = unproven && !j->msg.own && unmet > 0;

	/* another script of the account may be anybody's */
	f->excused = f->standing == STAND_BLIND && j->exposed > 0 &&
		     j->msg.met + j->msg.ours >= j->msg.rcpts;
	if (f->excused)
		add = one = 0;
	f->new_1m = volume_get(&a->fresh, now, VOL_1M) + add;
	f->new_10m = volume_get(&a->fresh, now, VOL_10M) + add;
	f->new_1h = volume_get(&a->fresh, now, VOL_1H) + add;
	f->new_24h = volume_get(&a->fresh, now, VOL_24H) + add;
	f->new_7d = volume_get(&a->fresh, now, VOL_7D) + add;
	add = one > 0 ? unmet : 0;
	f->new_all_1m = volume_get(&a->fresh_all, now, VOL_1M) + add;
	f->new_all_1h = volume_get(&a->fresh_all, now, VOL_1H) + add;
	f->new_all_24h = volume_get(&a->fresh_all, now, VOL_24H) + add;
	f->new_names = slide_get(&a->names_24h, now, 86400) + (j->script->msgs == 0);
	f->new_wave = facts_in_wave(a, j->script, now, e->wall_s);
	f->settling = f->standing == STAND_NEW && (f->settling || f->new_wave);
	f->new_msgs = slide_get(&a->new_msgs, now, WEEK_S) + one;
	f->new_equal = slide_get(&a->new_equal, now, WEEK_S) + (one && j->msg.equal_body);
	f->new_subject =
	    slide_get(&a->new_subject, now, WEEK_S) + (one && j->msg.equal_subject);
	/* mail that names no script is many things: one of them cannot speak for another
	 */
	f->new_own = j->script->name[0] == '\0' && a->eyes
			 ? 0
			 : j->script->own_msgs - j->script->own_before;
	/* what it told the owner before says nothing of what it sends now */
	if (j->script->stranger_s == 0)
		f->new_own = 0;
	f->new_own_of = j->script->stranger_msgs + one;
	if (f->settling && f->new_own * 5 <= f->new_own_of) {
		f->new_own = slide_get(&a->new_own, now, WEEK_S);
		f->new_own_of = f->new_msgs;
	}
	f->new_multi =
	    (a->multi_s != 0 && now - a->multi_s < WEEK_S) || (one != 0 && unmet > 2);
	add = (unproven || f->standing == STAND_DORMANT) && !f->login ? j->msg.met : 0;
	f->again_1h = slide_get(&a->again_1h, now, 3600) + add;
	f->again_24h = slide_get(&a->again_24h, now, 86400) + add;
}

static void
gather_script(const struct engine *e, const struct acct *a, const struct judged *j,
	      struct facts *f)
{
	const struct script *s = j->script;
	const struct finding *own = acct_finding(a, s->name);
	int64_t now = e->now_s;
	uint32_t bulk = j->msg.bulk ? j->exposed + (j->exposed > 0 && j->msg.second) : 0;

	f->standing = facts_standing(e, a, s);
	f->claimed = j->s->script_is_claim;
	f->login = script_login(s);
	f->crowded = crowd_standing(e, a, s);
	f->script_age_s = s->born_wall_s == 0 ? -1 : e->wall_s - s->born_wall_s;
	if (own != NULL && now - own->t_s <= e->conf.evidence_ttl_s &&
	    own->trust_until_s <= now)
		f->script_points = own->points;
	f->frequent = script_frequent(s);
	f->in_slot = script_in_slot(s, e->wall_s);
	f->at_slot = script_at_slot(s, e->wall_s);
	f->novel_1h = script_subjects_alike(s)
			  ? script_novel(s, now) + (j->exposed > 0 && j->msg.new_subject)
			  : 0;
	f->usual_novel_1h = s->usual_novel_1h;
	f->rare_days = script_weekdays(s) <= 3;
	f->subjects_differ =
	    s->stranger_msgs >= 10 && s->subject_msgs < s->stranger_msgs / 5;
	f->few_days = s->active_days <= 3;
	f->bulk_habit = s->equal_msgs >= 20 && script_weekdays(s) >= 4;
	f->owner_only = s->stranger_msgs < 5 && s->own_msgs >= 5;
	f->own_24h = slide_get(&s->own_24h, now, 86400);
	f->bulk_usual = script_bulk_usual(s);
	f->no_body = j->s->body_hash == 0;
	f->no_hashes = j->s->body_hash == 0 && j->s->subject_hash == 0;
	f->new_text = j->s->body_hash != 0
			  ? !j->msg.equal_body
			  : j->s->subject_hash != 0 && !j->msg.equal_subject;
	f->seen_hours = s->active_hours >= 3 && s->stranger_msgs >= 5;
	for (unsigned w = 0; w < SCRIPT_WINDOWS; w++) {
		f->exposed[w] = script_exposed(s, w, now) + j->exposed;
		f->usual[w] = s->usual[w];
	}
	f->bulk_1h = hour_get(&s->bulk_1h, now) + bulk;
	f->bulk_24h = slide_get(&s->bulk_24h, now, 86400) + bulk;
	f->off_24h = slide_get(&s->off_24h, now, 86400) + (f->in_slot ? 0 : bulk);
	f->bursty = script_bursty(s);
	f->changed_for_s = s->changed_s == 0 ? -1 : changed_for(e, s);
	f->strangers_1h =
	    hour_get(&s->strangers_1h, now) + (j->msg.own ? 0 : j->msg.rcpts);
	f->usual_strangers_1h = s->usual_strangers_1h;
	f->msg_met = j->msg.met;
	for (unsigned w = 0; w < SCRIPT_WINDOWS; w++)
		f->due[w] = script_due(s, w, now) + j->msg.due;
	f->batches = script_batches(s);
	f->usual_due_1h = s->usual_due_1h;
	f->met_24h = slide_get(&s->met_24h, now, 86400) + j->msg.met;
	f->usual_bulk_1h = s->usual_bulk_1h;
	f->usual_bulk_24h = s->usual_bulk_24h;
	if ((f->bursty || f->bulk_usual) && f->usual_bulk_1h < s->usual[2])
		f->usual_bulk_1h = s->usual[2];
	if ((f->bursty || f->bulk_usual) && f->usual_bulk_24h < s->usual[3])
		f->usual_bulk_24h = s->usual[3];
	f->trusted_script = s->trust_until_s > now;
	f->own = j->msg.own;
	f->msg_exposed = j->exposed;
	f->msg_rcpts = j->msg.rcpts;
}

/* What one provider says of it, when that is worse than what all say. */
static void
gather_at_one(const struct engine *e, const struct acct *a, struct facts *f)
{
	uint32_t low = wilson_low_ppm(a->at_one_refused, a->at_one_answered);

	if (a->at_one_s == 0 || e->now_s - a->at_one_s > AT_ONE_S ||
	    a->at_one_answered < e->conf.refusal_min || low <= f->refused_low_ppm)
		return;
	f->refused = a->at_one_refused;
	f->answered = a->at_one_answered;
	f->refused_low_ppm = low;
}

void
facts_people(const struct acct *a, struct judged *j, int64_t now_s)
{
	const struct submission *s = j->s;
	struct people_count n = {0};
	struct script_msg *m = &j->msg;

	m->told = s->rcpts > 0 && s->rcpt_hash_count == s->rcpts;
	/* what is due is one buyer's own, not a text that goes around */
	if (m->own || !m->told || script_login(j->script) || m->equal_body ||
	    m->rcpts > 2)
		return;
	people_look(&a->buyers, a->salt, j->script->key, s->rcpt_hashes, m->rcpts, now_s,
		    &n);
	m->due = n.due;
	m->ours = n.ours;
}

void
facts_gather(const struct engine *e, const struct acct *a, const struct judged *j,
	     struct facts *f)
{
	int64_t now = e->now_s;
	uint32_t strangers = j != NULL && !j->msg.own ? j->msg.rcpts : 0;
	int64_t from = a->learn_from_s > e->start_s ? a->learn_from_s : e->start_s;
	int64_t learning = e->conf.learning_time_s;

	*f = (struct facts){
	    .state = a->state, .state_reason = a->reason, .script_age_s = -1};
	f->word = a->word != WORD_NONE && a->word_until_s > now ? a->word : WORD_NONE;
	f->evidence_points = facts_evidence(e, a, NULL);
	f->eyes = a->eyes;
	f->watched_for_s = now - from;
	f->offended = a->released_s != 0 && now - a->released_s < OFFENDED_S;
	f->settling = now - a->first_s < SETTLING_S ||
		      (a->wave_to_s != 0 && now - a->wave_to_s < SETTLING_S);
	for (unsigned w = 0; w < VOL_WINDOWS; w++)
		f->rcpts[w] = volume_get(&a->rcpts, now, (enum vol_window)w) + strangers;
	f->msgs_24h = slide_get(&a->msgs_24h, now, 86400) + (j != NULL);
	f->evidence_exposed = a->evidence_exposed;
	if (j != NULL && !script_login(j->script))
		f->evidence_exposed += j->exposed;
	f->refused = slide_get(&a->refused_7d, now, WEEK_S);
	f->answered = f->refused + slide_get(&a->sent_7d, now, WEEK_S);
	f->refused_low_ppm = wilson_low_ppm(f->refused, f->answered);
	gather_at_one(e, a, f);
	f->trusted_ceiling = a->ceiling_trust_s > now;
	for (unsigned r = 0; r < RULE_COUNT; r++)
		f->trusted_rule[r] = a->rule_trust_s[r] > now;
	if (j != NULL) {
		gather_script(e, a, j, f);
		gather_new(e, a, j, f);
		gather_old(e, a, j, f);
		if (f->login)
			gather_logins(e, a, j, f);
		/* a weekly newsletter's first one may come a little after a week */
		if (f->standing == STAND_DORMANT)
			learning += 86400;
	}
	f->learning = f->watched_for_s < learning && !f->offended;
}

int64_t
engine_points(const struct engine *e, uint32_t uid, const char *path)
{
	const struct acct *a = acct_find(e, uid);
	const struct finding *f = a == NULL ? NULL : acct_finding(a, path);

	if (f == NULL || e->now_s - f->t_s > e->conf.evidence_ttl_s ||
	    f->trust_until_s > e->now_s)
		return 0;
	return f->points;
}
