/*
 * See move.h. What would surprise:
 *
 * A host is fenced when its keys, once on both LUNs, are gone from one that is still reserved. Then they must go from
 * the other one too, whichever side the application is on: a fenced node is never revived. The node does so itself, and
 * each peer does it for those that it saw fall (a hung node does nothing for itself).
 *
 * A key that its own host takes away looks the same. So it is exchanged for PR_KEY_LEAVING first (leave.c), for
 * longer than two looks of a peer are apart; and what a peer saw longer ago than that it does not act upon
 * (peers.c).
 */
#include "move.h"

#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "guard.h"
#include "lun.h"
#include "pair.h"
#include "peers.h"

#include "base/cleanup.h"

#include <stddef.h>
#include <string.h>

enum {
	PR_POLL_MS = 500,
	FULL_READ_US = 10000000, /* paths come and go without a change of generation */
	WATCH_PATHS_MAX = 4,	 /* each is an open file, for as long as the import lasts */
	PATHS_POLL_US = 500000,	 /* when they are known to: events come in crowds */
	POLLS_APART_US = 100000, /* and so do calls of pr_move_poll then */
	BACK_OFF_US = 30000000,	 /* a LUN that does not answer takes seconds to say so */
};

/* --- one pair ------------------------------------------------------------------------------------------------- */

static int refuse_strangers(const struct pr_pair *pair, struct error *err)
{
	char text[PR_KEY_SIZE];

	if (pair->live_side == SIDE_DESTINATION)
		return 0;
	for (size_t i = 0; i < pair->other.state.key_count; i++) {
		uint64_t key = pair->other.state.keys[i];

		if (pr_lun_has_key(&pair->live, key) || pr_lun_is_own(&pair->other, key) || key == PR_KEY_LEAVING)
			continue;
		pr_key_format(key, text);
		return error_set(err, ERR_DESTINATION_RESERVED, pair->other.wwid, "(%s)", text);
	}
	return 0;
}

static void note(const struct pr_lun *lun, struct pr_view *ret)
{
	const struct pr_state *state = &lun->state;
	uint64_t own_key = pr_lun_own_key(lun);

	ret->known = state->has_capabilities || state->has_full_status || state->generation || state->key_count;
	ret->generation = state->generation;
	ret->holder_key = state->reserved ? state->reservation_key : 0;
	ret->scope_type = state->reserved ? (uint8_t)(state->scope << 4 | state->type) : 0;
	ret->key_count = 0;
	for (size_t i = 0; i < state->key_count && ret->key_count < PR_KEYS_MAX; i++)
		if (!pr_view_has_key(ret, state->keys[i]))
			ret->keys[ret->key_count++] = state->keys[i];
	if (own_key)
		ret->own_key = own_key;
	ret->paths = lun->path_count;
	ret->own_paths = 0;
	for (size_t i = 0; i < lun->path_count; i++)
		ret->own_paths += lun->paths[i].key != 0;
	ret->holder = pr_lun_holder(lun) != NULL;
}

/* One watch a LUN, kept: a look then costs one command. Of many paths some, as far apart in their order as can be. */
static void keep_watch(struct pr_pair *pair, const struct pr_lun *lun, struct pr_view *view)
{
	const struct scsi_port *scsi = &pair->work->engine->ports->scsi;
	size_t count = lun->path_count < WATCH_PATHS_MAX ? lun->path_count : WATCH_PATHS_MAX;
	const char *disks[WATCH_PATHS_MAX];

	scsi->pr_watch_free(view->watch);
	view->watch = NULL;
	for (size_t i = 0; i < count; i++)
		disks[i] = lun->paths[i * lun->path_count / count].disk;
	if (count > 0 && view->known)
		scsi->pr_watch_prepare(scsi->ctx, disks, count, &view->watch, NULL);
}

static void note_pair(struct pr_pair *pair)
{
	const struct host_port *host = &pair->work->engine->ports->host;
	struct member_pr *pr = &pair->member->pr;

	note(&pair->live, &pr->views[pair->live_side]);
	note(&pair->other, &pr->views[other_side(pair->live_side)]);
	keep_watch(pair, &pair->live, &pr->views[pair->live_side]);
	keep_watch(pair, &pair->other, &pr->views[other_side(pair->live_side)]);
	pr->seen_us = host->now_us(host->ctx);
	pr->full_read_us = pr->seen_us + FULL_READ_US;
	pair->noted = true;
}

/* What the view was made of is as it was: one command. */
static bool view_holds(const struct engine *engine, const struct pr_view *view)
{
	const struct scsi_port *scsi = &engine->ports->scsi;
	uint32_t generation;
	uint64_t key;
	uint8_t scope_type;

	if (!view->watch)
		return !view->known && view->paths == 0;
	if (scsi->pr_watch_read(view->watch, &generation, &key, &scope_type) != 0)
		return false;
	return pr_view_is(view, generation, key, scope_type);
}

/* The live LUN only where somebody changed it, and last: this host may have been fenced meanwhile. */
static int read_what_changed(struct pr_pair *pair, struct error *err)
{
	struct pr_view live = { 0 };
	bool holds;

	if (!pair->changed)
		return 0;
	if (pr_pair_read_other(pair, err) < 0)
		return -1;
	note(&pair->live, &live);
	keep_watch(pair, &pair->live, &live);
	holds = view_holds(pair->work->engine, &live);
	pair->work->engine->ports->scsi.pr_watch_free(live.watch);
	return holds ? 0 : pr_pair_read(pair, err);
}

/* Was one of this host's registrations taken away on a LUN that still is guarded against it? */
static bool fenced_on(const struct pr_pair *pair, const struct pr_lun *lun)
{
	bool guarded = lun->state.reserved ||
		       (lun == &pair->live && pair->live_side == SIDE_SOURCE && pair->member->pr.lifted);

	return pair->member->pr.registered && lun->path_count > 0 && guarded && !pr_lun_registered(lun) &&
	       (lun == &pair->live || pr_lun_has_peers(lun));
}

static int stay_fenced(struct pr_pair *pair, struct error *err)
{
	bool news = !pair->member->pr.fenced;

	pair->member->pr.fenced = true;
	if (pr_pair_drop_keys(pair, err) < 0 || pr_pair_drop_live_keys(pair, err) < 0 ||
	    (pair->changed && pr_pair_read(pair, err) < 0))
		return -1;
	note_pair(pair);
	if (news)
		work_log(pair->work, 1, NULL, "%s: this host was fenced; its keys are on neither LUN any more",
			 pair->member->name);
	return error_set(err, ERR_PR_FENCED, pair->member->name, "%s", "");
}

static int verify_paths(struct pr_pair *pair, struct error *err)
{
	if (pair->other.by_count && pr_lun_registered_path(&pair->other))
		return 0;
	for (size_t i = 0; i < pair->other.path_count; i++)
		if (!pair->other.paths[i].key)
			return error_set(err, ERR_PR_FAILED, pair->other.paths[i].disk,
					 "the path is not registered although the LUN accepted the command");
	return 0;
}

static int follow_live(struct pr_pair *pair, struct error *err)
{
	if (pr_pair_check_capable(pair, err) < 0 || pr_pair_register_live(pair, err) < 0 ||
	    pr_pair_register(pair, err) < 0 || pr_peers_mirror(pair, err) < 0)
		return -1;
	if (pair->preempted && pr_pair_read(pair, err) < 0)
		return -1;
	if (pr_pair_move_reservation(pair, err) < 0 || read_what_changed(pair, err) < 0)
		return -1;
	pair->member->pr.registered = true;
	pair->member->pr.fenced = false;
	return verify_paths(pair, err);
}

/*
 * At the first look of this process the other LUN may lack keys because the host was fenced and has registered again
 * since, after a reboot for instance; or because a peer just fenced it there. In the latter case the peers will have
 * taken them off the live LUN too a moment later.
 */
static int look_again(struct pr_pair *pair, struct error *err)
{
	const struct host_port *host = &pair->work->engine->ports->host;

	if (pair->member->pr.seen_us || pair->member->pr.fenced || !pr_lun_registered(&pair->live) ||
	    !fenced_on(pair, &pair->other))
		return 0;
	host->sleep_ms(host->ctx, PR_LEAVING_MS);
	return pr_pair_load(pair->work, err) < 0 ? -1 : pr_pair_read(pair, err);
}

/*
 * This host's keys are, or are no more, on a path of the live LUN. Those of the sessions before a reboot are on it
 * still where the array tells sessions apart: such a host is not fenced, and not registered either until somebody does
 * so.
 */
static int settle_keys(struct pr_pair *pair, struct error *err)
{
	struct member_pr *pr = &pair->member->pr;

	if (pr_lun_registered_path(&pair->live))
		return pair->other.path_count > 0 ? follow_live(pair, err) : 0;
	pr->registered = pr->fenced = false;
	if ((pair->live.state.reserved ? pr_pair_drop_keys(pair, err) : pr_pair_set_keys(pair, 0, err)) < 0)
		return -1;
	return pair->changed ? pr_pair_read(pair, err) : 0;
}

static int sync_pair(struct pr_pair *pair, struct error *err)
{
	struct member_pr *pr = &pair->member->pr;

	if (pr_pair_read(pair, err) < 0 || look_again(pair, err) < 0)
		return -1;
	if (pair->live.path_count == 0) /* its array is gone: nothing is known, nothing is changed */
		return 0;
	if (fenced_on(pair, &pair->live) || (pr->seen_us && !pr->fenced && fenced_on(pair, &pair->other)))
		return stay_fenced(pair, err);
	if (settle_keys(pair, err) < 0)
		return -1;
	if (fenced_on(pair, &pair->live)) /* meanwhile; what was registered comes off again */
		return stay_fenced(pair, err);
	note_pair(pair);
	if (pair->other.path_count == 0)
		return 0;
	return refuse_strangers(pair, err) < 0 ? -1 : pr_pair_check_reserved(pair, err);
}

int pr_move_sync(struct work *work, enum side live, struct error *err)
{
	int result = 0;

	if (!work->now.disks && pr_pair_load(work, err) < 0)
		return -1;
	for (size_t i = 0; i < work->import->member_count; i++) {
		CLEANUP_PR_PAIR struct pr_pair pair = { .work = work,
							.member = &work->import->members[i],
							.live_side = live };
		struct error why = { 0 };

		if (sync_pair(&pair, &why) == 0)
			continue;
		if (result == 0 && err)
			*err = why;
		result = -1;
	}
	return result;
}

/* What cannot be moved closes no way back; then there is nothing that the guard could compare with either. */
static void move_back(struct work *work, struct member *member)
{
	const struct scsi_port *scsi = &work->engine->ports->scsi;
	CLEANUP_PR_PAIR struct pr_pair pair = { .work = work, .member = member, .live_side = SIDE_DESTINATION };
	struct pr_view *view = &member->pr.views[SIDE_DESTINATION];
	struct error why = { 0 };

	member->pr.lifted = PR_NONE;
	if (sync_pair(&pair, &why) < 0)
		work_log(work, 1, &why, "%s: the switch back goes on nevertheless", member->name);
	if (pair.noted)
		return;
	scsi->pr_watch_free(view->watch);
	view->watch = NULL;
}

int pr_move_before_switch(struct work *work, struct error *err)
{
	struct error why = { 0 };

	if (work->to == SIDE_DESTINATION)
		return pr_move_sync(work, SIDE_SOURCE, err);
	if (!work->now.disks && pr_pair_load(work, &why) < 0)
		work_log(work, 1, &why, "the switch back goes on without having read the reservations");
	for (size_t i = 0; i < work->import->member_count; i++)
		move_back(work, &work->import->members[i]);
	return 0;
}

bool pr_move_concerns(const struct import *import)
{
	for (size_t i = 0; i < import->member_count; i++) {
		const struct member_pr *pr = &import->members[i].pr;

		if (pr->registered || pr->fenced || pr->views[SIDE_SOURCE].key_count ||
		    pr->views[SIDE_DESTINATION].key_count)
			return true;
	}
	return false;
}

/* --- the source's reservation ------------------------------------------------------------------------------------ */

static int lift(struct pr_pair *pair, struct error *err)
{
	const struct pr_path *holder = pr_lun_holder(&pair->other);
	enum pr_type type = pair->other.state.type;

	if (!pair->other.state.reserved)
		return 0;
	if (!holder)
		return error_set(err, ERR_PR_NOT_HOLDER, pair->other.wwid, "%s", "");
	if (pr_pair_release(pair, err) < 0)
		return -1;
	pair->member->pr.lifted = type;
	return 0;
}

static int restore(struct pr_pair *pair, struct error *err)
{
	enum pr_type type = pair->member->pr.lifted;

	if (!pair->other.state.reserved) {
		pair->live.state.type = type;
		if (pr_pair_reserve(pair, pr_lun_holder(&pair->live), err) < 0)
			return -1;
	}
	pair->member->pr.lifted = PR_NONE;
	return 0;
}

/* Here the source is the other LUN, wherever the application is. */
int pr_move_lift(struct work *work, bool lifted, struct error *err)
{
	int result = 0;

	if (pr_pair_load(work, err) < 0)
		return -1;
	for (size_t i = 0; i < work->import->member_count && result >= 0; i++) {
		CLEANUP_PR_PAIR struct pr_pair pair = {
			.work = work,
			.member = &work->import->members[i],
			.live_side = SIDE_DESTINATION,
		};

		if (lifted == (pair.member->pr.lifted != PR_NONE))
			continue;
		if (pr_pair_read(&pair, err) < 0 || (lifted ? lift(&pair, err) : restore(&pair, err)) < 0)
			result = -1;
		else if (lifted == (pair.member->pr.lifted != PR_NONE))
			result = 1;
	}
	/* what was done to the members before the one that failed is recorded too */
	return import_save(work->engine, work->import, JOURNAL_RESERVATION, result < 0 ? NULL : err) < 0 ? -1 : result;
}

void pr_move_put_back(struct work *work)
{
	for (size_t i = 0; i < work->import->member_count; i++) {
		CLEANUP_PR_PAIR struct pr_pair pair = {
			.work = work,
			.member = &work->import->members[i],
			.live_side = SIDE_DESTINATION,
		};
		struct error err = { 0 };

		if (pair.member->pr.lifted && (pr_pair_read(&pair, &err) < 0 || restore(&pair, &err) < 0))
			work_log(work, 1, &err, "%s: the source's reservation is not restored", pair.member->name);
	}
}

/* --- looking after it ------------------------------------------------------------------------------------------ */

static bool is_watched(const struct import *import)
{
	return (import->state == IMPORT_PREPARED || import->state == IMPORT_ON_DESTINATION) &&
	       import->doing == DOING_NOTHING;
}

static enum side live_side(const struct member *member)
{
	return member->exchanged ? SIDE_DESTINATION : SIDE_SOURCE;
}

static bool takes_part(const struct member *member)
{
	return member->pr.registered || member->pr.fenced;
}

/* This host may register at any time, unless the LUN knows no reservations: arrays do not learn that meanwhile. */
static bool may_take_part(const struct member *member)
{
	return !member->pr.seen_us || member->pr.views[live_side(member)].known;
}

unsigned pr_move_poll_every_ms(const struct engine *engine)
{
	unsigned every_ms = 0;

	for (size_t i = 0; i < engine->import_count; i++)
		for (size_t m = 0; is_watched(engine->imports[i]) && m < engine->imports[i]->member_count; m++) {
			if (takes_part(&engine->imports[i]->members[m]))
				return PR_POLL_MS;
			if (may_take_part(&engine->imports[i]->members[m]))
				every_ms = FULL_READ_US / 1000;
		}
	return every_ms;
}

static bool is_quiet(const struct engine *engine, const struct member *member)
{
	for (int side = 0; side < 2; side++) {
		const struct pr_view *view = &member->pr.views[side];

		if ((view->known || takes_part(member)) && !view_holds(engine, view))
			return false;
	}
	return true;
}

/* Is anything different that a report tells? */
static bool is_news(const struct member_pr *before, const struct member_pr *now)
{
	return before->registered != now->registered || before->fenced != now->fenced ||
	       before->lifted != now->lifted ||
	       memcmp(&before->views[0], &now->views[0], offsetof(struct pr_view, watch)) != 0 ||
	       memcmp(&before->views[1], &now->views[1], offsetof(struct pr_view, watch)) != 0;
}

static bool is_full_read_due(const struct member_pr *pr, uint64_t now_us)
{
	return now_us + (pr->paths_changed ? FULL_READ_US - PATHS_POLL_US : 0) >= pr->full_read_us;
}

static bool poll_member(struct work *work, struct member *member, uint64_t now_us)
{
	CLEANUP_PR_PAIR struct pr_pair pair = {
		.work = work,
		.member = member,
		.live_side = live_side(member),
	};
	struct member_pr *pr = &member->pr, before = *pr;
	struct error err = { 0 };
	bool full;

	if (now_us < pr->not_before_us ||
	    (!takes_part(member) && (!may_take_part(member) || now_us < pr->full_read_us)))
		return false;
	full = takes_part(member) && is_full_read_due(pr, now_us); /* nothing of ours: the generation tells it all */
	if (pr->seen_us && !full && now_us < pr->seen_us + POLLS_APART_US)
		return false;
	if (pr->seen_us && !full && is_quiet(work->engine, member)) {
		pr->seen_us = now_us;
		if (!takes_part(member))
			pr->full_read_us = now_us + FULL_READ_US;
		return false;
	}
	work->to = pair.live_side;
	pr->full_read_us = now_us + FULL_READ_US;
	pr->paths_changed = false;
	if (((!work->now.disks && pr_pair_load(work, &err) < 0) || sync_pair(&pair, &err) < 0) &&
	    err.code == ERR_SCSI_FAILED)
		pr->not_before_us = now_us + BACK_OFF_US;
	if (err.code != ERR_NONE && err.code != pr->last_failure)
		work_log(work, 1, &err, "%s: its reservations", member->name);
	pr->last_failure = err.code;
	if (pr->registered != before.registered || pr->fenced != before.fenced)
		import_save(work->engine, work->import, JOURNAL_RESERVATION, NULL);
	return is_news(&before, pr);
}

bool pr_move_poll(struct engine *engine, const struct observer *observer)
{
	const struct host_port *host = &engine->ports->host;
	uint64_t now_us = host->now_us(host->ctx);
	bool news = false;

	for (size_t i = 0; i < engine->import_count; i++) {
		struct work work = { .engine = engine, .import = engine->imports[i], .observer = observer };

		for (size_t m = 0; is_watched(work.import) && m < work.import->member_count; m++)
			news = poll_member(&work, &work.import->members[m], now_us) || news;
		inventory_free(&work.now);
	}
	return news;
}

void pr_move_paths_changed(struct engine *engine)
{
	for (size_t i = 0; i < engine->import_count; i++)
		for (size_t m = 0; m < engine->imports[i]->member_count; m++)
			engine->imports[i]->members[m].pr.paths_changed = true;
}
