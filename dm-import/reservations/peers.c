/*
 * See peers.h. What would surprise: what was seen more than SEEN_FOR_US ago is not acted upon; PR_KEY_LEAVING stays
 * for longer than that.
 */
#include "peers.h"

#include "dm-import/core/work.h"
#include "lun.h"
#include "pair.h"

#include <string.h>

enum { SEEN_FOR_US = 3000000 };

bool pr_view_has_key(const struct pr_view *view, uint64_t key)
{
	for (size_t i = 0; i < view->key_count; i++)
		if (view->keys[i] == key)
			return true;
	return false;
}

static int preempt(struct pr_pair *pair, uint64_t key, struct error *err)
{
	const struct pr_path *mine = pr_lun_registered_path(&pair->other);
	struct error why = { 0 };
	int result;

	if (!mine)
		return 0;
	pair->preempted = true;
	result = pr_pair_preempt(pair, mine, PR_PREEMPT_AND_ABORT, key, &why);
	if (result < 0 && why.code == ERR_PR_UNSUPPORTED) /* some arrays know only the other one */
		result = pr_pair_preempt(pair, mine, PR_PREEMPT, key, &why);
	if (result == 0 || why.code == ERR_PR_CONFLICT) /* another peer was first */
		return 0;
	*err = why;
	return -1;
}

/* One of the initiators that have this key on the kept LUN has the new one (0: any) on the LUN that it is gone from. */
static bool took_another_key(const struct pr_lun *gone, const struct pr_lun *kept, uint64_t key, uint64_t new_key)
{
	for (size_t k = 0; k < kept->state.registration_count; k++) {
		const struct pr_registration *found = &kept->state.registrations[k];

		if (found->key != key)
			continue;
		for (size_t g = 0; g < gone->state.registration_count; g++) {
			const struct pr_registration *now = &gone->state.registrations[g];

			if ((!new_key || now->key == new_key) &&
			    pr_same_initiator(now->nexus.initiator, found->nexus.initiator))
				return true;
		}
	}
	return false;
}

/* Somebody leaves the LUN that the key is gone from, and that it is not its host cannot be told by initiators. */
static bool may_be_leaving(const struct pr_lun *gone, const struct pr_lun *kept, uint64_t key)
{
	size_t prefix;

	if (!pr_lun_has_key(gone, PR_KEY_LEAVING))
		return false;
	for (size_t k = 0; k < kept->state.registration_count; k++)
		for (size_t g = 0; g < gone->state.registration_count; g++) {
			const struct pr_registration *found = &kept->state.registrations[k];
			const struct pr_registration *leaving = &gone->state.registrations[g];

			prefix = strcspn(found->nexus.initiator, ":") + 1;
			if (found->key == key && leaving->key == PR_KEY_LEAVING &&
			    strncmp(found->nexus.initiator, leaving->nexus.initiator, prefix) == 0)
				return false;
		}
	return true;
}

/* By its TransportID; where there is none, as it was before this look, which may have exchanged it by now. */
static bool is_own(const struct pr_pair *pair, uint64_t key)
{
	const struct pr_view *view = &pair->member->pr.views[other_side(pair->live_side)];

	return pr_lun_is_own(&pair->other, key) || (pair->other.by_count && key == view->own_key);
}

int pr_peers_mirror(struct pr_pair *pair, struct error *err)
{
	const struct host_port *host = &pair->work->engine->ports->host;
	const struct member_pr *pr = &pair->member->pr;
	const struct pr_view *live = &pr->views[pair->live_side], *other = &pr->views[other_side(pair->live_side)];

	if (!pr->seen_us || host->now_us(host->ctx) - pr->seen_us > SEEN_FOR_US)
		return 0;
	for (size_t i = 0; i < live->key_count; i++) {
		uint64_t key = live->keys[i];

		if (!pr_view_has_key(other, key) || pr_lun_has_key(&pair->live, key) ||
		    !pr_lun_has_key(&pair->other, key) || is_own(pair, key) ||
		    took_another_key(&pair->live, &pair->other, key, 0) ||
		    may_be_leaving(&pair->live, &pair->other, key))
			continue;
		if (preempt(pair, key, err) < 0)
			return -1;
		work_log(pair->work, 2, NULL, "%s: a peer's key was preempted, and is now on %s too",
			 pair->member->name, pair->other.wwid);
	}
	return 0;
}

/* Behind it the key is gone from the LUN that is the other one here and the live one there. */
bool pr_peers_see_leaving(const struct pr_pair *pair, uint64_t key)
{
	return took_another_key(&pair->other, &pair->live, key, PR_KEY_LEAVING) ||
	       may_be_leaving(&pair->other, &pair->live, key);
}
