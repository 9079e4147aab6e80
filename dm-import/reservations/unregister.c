/*
 * The end of an import, see pr_unregister: this host's keys go from the LUNs of one side. What would surprise:
 *
 * The key of a path that takes no command is preempted through one that does. A peer must see it go while the same
 * initiator is there as "leaving!", or it takes that for a fencing, and finishes it on the LUN that stays.
 */
#include "unregister.h"

#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "lun.h"
#include "move.h"
#include "pair.h"
#include "peers.h"

#include <string.h>

enum { LEAVE_TRIES = 3, INITIATORS_MAX = 64 };

/* One member that leaves. */
struct leaving {
	struct pr_pair pair;
	char initiators[INITIATORS_MAX][PR_INITIATOR_SIZE]; /* this host's */
	size_t initiator_count;
	uint64_t kept;	      /* a key that stays, */
	const char *kept_why; /* and why; NULL: none does */
};

static bool is_ours(const struct leaving *leaving, const char *initiator)
{
	for (size_t i = 0; i < leaving->initiator_count; i++)
		if (pr_same_initiator(leaving->initiators[i], initiator))
			return true;
	return false;
}

/* Of all disks of both LUNs, since a port that is registered may have no path that runs. */
static void look_at_initiators(struct leaving *leaving)
{
	const struct pr_pair *pair = &leaving->pair;

	for (int side = 0; side < 2; side++) {
		const char *wwid = lun_on(pair->member, side);
		const struct disk *disk;

		for (size_t nth = 0; (disk = inventory_lun_disk(&pair->work->now, wwid, nth)); nth++) {
			const char *initiator = disk->nexus.initiator;

			if (leaving->initiator_count < INITIATORS_MAX && initiator[0] && !is_ours(leaving, initiator))
				memcpy(leaving->initiators[leaving->initiator_count++], initiator, PR_INITIATOR_SIZE);
		}
	}
}

static bool tells_initiators(const struct pr_lun *lun)
{
	return lun->state.has_full_status && !lun->by_count;
}

/* Others than this host are registered, with this key or (0) with any. */
static bool has_peers(const struct leaving *leaving, uint64_t key)
{
	const struct pr_state *state = &leaving->pair.other.state;

	for (size_t i = 0; i < state->registration_count; i++)
		if ((!key || state->registrations[i].key == key) &&
		    !is_ours(leaving, state->registrations[i].nexus.initiator))
			return true;
	return false;
}

static bool has_path(const struct pr_lun *lun, const struct pr_registration *registration)
{
	for (size_t i = 0; i < lun->path_count; i++)
		if (pr_nexus_registered(&lun->paths[i].nexus, registration))
			return true;
	return false;
}

/* This host has registrations that none of its paths that run can take back. */
static bool has_unreachable(const struct leaving *leaving)
{
	const struct pr_lun *lun = &leaving->pair.other;

	for (size_t i = 0; i < lun->state.registration_count; i++)
		if (is_ours(leaving, lun->state.registrations[i].nexus.initiator) &&
		    !has_path(lun, &lun->state.registrations[i]))
			return true;
	return false;
}

static const struct pr_path *leaving_path(const struct pr_lun *lun)
{
	for (size_t i = 0; i < lun->path_count; i++)
		if (lun->paths[i].key == PR_KEY_LEAVING)
			return &lun->paths[i];
	return NULL;
}

/* NULL: nothing speaks against taking this key away. */
static const char *why_kept(const struct leaving *leaving, uint64_t key)
{
	const struct pr_pair *pair = &leaving->pair;

	if (!leaving_path(&pair->other))
		return "no path that is registered answers";
	if (key == PR_KEY_LEAVING)
		return "a path went offline while this host was leaving";
	if (has_peers(leaving, key))
		return "a peer uses the same key";
	if (has_peers(leaving, 0) && !pr_peers_see_leaving(pair, key))
		return "its initiator port has no other path, and peers would take its removal for a fencing";
	return NULL;
}

/* This host has the nth registration's key in one before it too. */
static bool is_repeated(const struct leaving *leaving, size_t nth)
{
	const struct pr_registration *all = leaving->pair.other.state.registrations;

	for (size_t i = 0; i < nth; i++)
		if (all[i].key == all[nth].key && is_ours(leaving, all[i].nexus.initiator))
			return true;
	return false;
}

/* What is not "leaving!" by now is preempted. Whichever of its paths holds a reservation, this host keeps it. */
static int preempt_left(struct leaving *leaving, struct error *err)
{
	struct pr_pair *pair = &leaving->pair;
	const struct pr_lun *lun = &pair->other;

	for (size_t i = 0; i < lun->state.registration_count; i++) {
		const struct pr_registration *left = &lun->state.registrations[i];
		const char *why;

		if (!is_ours(leaving, left->nexus.initiator) ||
		    (left->key == PR_KEY_LEAVING ? has_path(lun, left) : is_repeated(leaving, i)))
			continue;
		why = why_kept(leaving, left->key);
		if (why) {
			leaving->kept = left->key;
			leaving->kept_why = why;
		} else if (pr_pair_preempt(pair, leaving_path(lun), PR_PREEMPT, left->key, err) < 0) {
			return -1;
		}
	}
	return 0;
}

/* The first step: "leaving!" for peers to see. Without peers there is nobody to tell. */
static int exchange_keys(struct leaving *leaving, struct error *err)
{
	struct pr_pair *pair = &leaving->pair;
	int result;

	leaving->kept_why = NULL;
	if (pr_pair_read(pair, err) < 0)
		return -1;
	if (!tells_initiators(&pair->other))
		return pr_lun_has_peers(&pair->other) ? pr_pair_set_keys(pair, PR_KEY_LEAVING, err) : 0;
	if (pair->other.state.registration_count)
		look_at_initiators(leaving);
	if (!has_peers(leaving, 0) && !has_unreachable(leaving))
		return 0;
	result = pr_pair_set_keys(pair, PR_KEY_LEAVING, err);
	if (result == 0 && !has_unreachable(leaving))
		return 0;
	if (pr_pair_read(pair, err) < 0 || preempt_left(leaving, err) < 0)
		return -1;
	return result;
}

/* The second: they go. Of a reservation on the source nothing is left for anybody. */
static int drop_keys(struct leaving *leaving, struct error *err)
{
	struct pr_pair *pair = &leaving->pair;

	if (pr_pair_read(pair, err) < 0)
		return -1;
	return pair->live_side == SIDE_DESTINATION ? pr_pair_set_keys(pair, 0, err) : pr_pair_drop_keys(pair, err);
}

/* True when peers have to be given time to see it. */
static bool leave(struct work *work, struct member *member, enum side side,
		  int (*step)(struct leaving *leaving, struct error *err))
{
	struct leaving leaving = { .pair = { .work = work, .member = member, .live_side = other_side(side) } };
	int tries = LEAVE_TRIES;
	struct error err = { 0 };
	char key[PR_KEY_SIZE];
	bool wait;

	while (step(&leaving, &err) < 0 && --tries > 0)
		;
	pr_key_format(leaving.kept, key);
	if (tries == 0)
		work_log(work, 1, &err, "%s: this host's registration may be left on %s", member->name,
			 lun_on(member, side));
	else if (leaving.kept_why)
		work_log(work, 1, NULL, "%s: this host's key %s of paths that do not answer is left on %s: %s",
			 member->name, key, lun_on(member, side), leaving.kept_why);
	wait = leaving.pair.changed && (tries == 0 || !tells_initiators(&leaving.pair.other) || has_peers(&leaving, 0));
	pr_pair_free(&leaving.pair);
	return wait;
}

/* Both steps go over all members, so that a group waits once. */
void pr_unregister(struct work *work, enum side side)
{
	const struct host_port *host = &work->engine->ports->host;
	const struct import *import = work->import;
	struct error err = { 0 };
	bool wait = false;

	if (pr_pair_load(work, &err) < 0)
		work_log(work, 1, &err, "this host's registrations may be left");
	if (side == SIDE_DESTINATION)
		pr_move_put_back(work);
	for (size_t i = 0; i < import->member_count; i++)
		import->members[i].pr.registered = false; /* what goes now was not taken */
	for (size_t i = 0; i < import->member_count; i++)
		wait = leave(work, &import->members[i], side, exchange_keys) || wait;
	if (wait)
		host->sleep_ms(host->ctx, PR_LEAVING_MS);
	for (size_t i = 0; i < import->member_count; i++)
		leave(work, &import->members[i], side, drop_keys);
}
