/*
 * See pr_move.h. What would surprise:
 *
 * A host is fenced when its keys, once on both LUNs, are gone from one that is still reserved. Then they must go from
 * the other one too, whichever side the application is on: a fenced node is never revived. The node does so itself, and
 * each peer does it for those that it saw fall (a hung node does nothing for itself).
 *
 * A key that its own host takes away looks the same. So it is exchanged for LEAVING first, for longer than two looks of
 * a peer are apart; and what a peer saw more than SEEN_FOR_US ago it does not act upon.
 */
#include "pr_move.h"

#include "pr_guard.h"
#include "pr_lun.h"

#include "base/cleanup.h"

#include <stddef.h>
#include <string.h>

/* "leaving!": a registration on its way out. */
#define LEAVING UINT64_C(0x6c656176696e6721)

enum {
	LEAVING_MS = 4000,
	LEAVE_TRIES = 3,
	SEEN_FOR_US = 3000000,
	FULL_LOOK_US = 10000000, /* paths come and go without a change of generation */
	BACK_OFF_US = 30000000,	 /* a LUN that does not answer takes seconds to say so */
};

struct pair {
	struct work *work;
	struct member *member;
	enum side live_side;
	struct pr_lun live, other;
	bool changed;  /* one of the LUNs, by us */
	bool released; /* the other LUN's reservation, by us */
	bool noted;    /* the member's views are of now */
};

static void pair_free(struct pair *pair)
{
	pr_lun_free(&pair->live);
	pr_lun_free(&pair->other);
}
#define CLEANUP_PAIR __attribute__((cleanup(pair_free)))

static int send(struct pair *pair, const struct pr_path *path, const struct pr_request *request, struct error *err)
{
	const struct scsi_port *scsi = &pair->work->engine->ports->scsi;

	pair->changed = true;
	return scsi->pr_out(scsi->ctx, path->disk, request, err);
}

/* --- keys ------------------------------------------------------------------------------------------------- */

static uint64_t any_own_key(const struct pr_lun *lun)
{
	for (size_t i = 0; i < lun->state.key_count; i++)
		if (pr_lun_is_own(lun, lun->state.keys[i]))
			return lun->state.keys[i];
	return 0;
}

/* The nth registered path, of one initiator port or ("") of any; counted round. NULL when there is none. */
static const struct pr_path *nth_registered(const struct pr_lun *lun, const char *initiator, size_t nth)
{
	size_t count = 0;

	for (size_t i = 0; i < lun->path_count; i++)
		count += lun->paths[i].key && (!*initiator || strcmp(lun->paths[i].nexus.initiator, initiator) == 0);
	if (count == 0)
		return NULL;
	nth %= count;
	for (size_t i = 0; i < lun->path_count; i++) {
		const struct pr_path *path = &lun->paths[i];

		if (path->key && (!*initiator || strcmp(path->nexus.initiator, initiator) == 0) && nth-- == 0)
			return path;
	}
	return NULL;
}

/* A path of the live LUN that the other LUN's path stands for: of the same initiator port, else any. */
static const struct pr_path *counterpart(const struct pair *pair, size_t index)
{
	const char *initiator = pair->other.paths[index].nexus.initiator;
	const struct pr_path *found;
	size_t nth = 0;

	for (size_t i = 0; i < index; i++)
		nth += strcmp(pair->other.paths[i].nexus.initiator, initiator) == 0;
	found = nth_registered(&pair->live, initiator, nth);
	return found ? found : nth_registered(&pair->live, "", index);
}

/* With ALL_TG_PT one command speaks for all paths of its initiator port. */
static void note_registered(struct pair *pair, size_t index, const struct pr_request *request)
{
	struct pr_lun *other = &pair->other;

	for (size_t i = 0; i < other->path_count; i++)
		if (i == index || (request->all_target_ports &&
				   strcmp(other->paths[i].nexus.initiator, other->paths[index].nexus.initiator) == 0))
			other->paths[i].key = request->service_action_key;
}

/* Paths came since the last look, or there was none. */
static bool has_new_paths(const struct pair *pair, enum side side)
{
	const struct pr_view *view = &pair->member->pr.views[side];
	const struct pr_lun *lun = side == pair->live_side ? &pair->live : &pair->other;

	return !view->known || lun->path_count > view->paths;
}

static int register_paths(struct pair *pair, struct error *err)
{
	bool by_count = pair->other.by_count;
	bool all =
		by_count && (!pr_lun_registered_path(&pair->other) || has_new_paths(pair, other_side(pair->live_side)));

	for (size_t i = 0; i < pair->other.path_count; i++) {
		const struct pr_path *model = counterpart(pair, i);
		struct pr_request request = {
			.action = PR_REGISTER_AND_IGNORE,
			.service_action_key = model ? model->key : any_own_key(&pair->live),
			.aptpl = pair->live.state.aptpl_active && pair->other.state.aptpl_capable,
			.all_target_ports = model && model->all_target_ports && pair->other.state.all_tg_pt_capable,
		};

		if (by_count ? !all : pair->other.paths[i].key == request.service_action_key)
			continue;
		if (send(pair, &pair->other.paths[i], &request, err) < 0)
			return -1;
		note_registered(pair, i, &request);
	}
	return 0;
}

/*
 * Paths of the destination that came when the application was on it already get their neighbours' key; unless one of
 * this host's registrations was lost meanwhile: that is no time to renew any.
 */
static int register_new_live_paths(struct pair *pair, struct error *err)
{
	const struct pr_view *view = &pair->member->pr.views[pair->live_side];
	struct pr_lun *live = &pair->live;
	size_t registered = 0;

	for (size_t i = 0; i < live->path_count; i++)
		registered += live->paths[i].key != 0;
	if (pair->live_side == SIDE_SOURCE || !has_new_paths(pair, pair->live_side) || registered == live->path_count ||
	    registered < view->own_paths)
		return 0;
	for (size_t i = 0; i < live->path_count; i++) {
		const struct pr_path *model = nth_registered(live, live->paths[i].nexus.initiator, 0);
		struct pr_request request = { .action = PR_REGISTER_AND_IGNORE, .aptpl = live->state.aptpl_active };

		model = model ? model : pr_lun_registered_path(live);
		request.service_action_key = model->key;
		request.all_target_ports = model->all_target_ports;
		if ((live->by_count || !live->paths[i].key) && send(pair, &live->paths[i], &request, err) < 0)
			return -1;
	}
	return 0;
}

/* Where only the number is known, a key goes from all paths: to take none from a path that has none does no harm. */
static bool may_have_key(const struct pr_lun *lun, const struct pr_path *path)
{
	return path->key || (lun->by_count && (pr_lun_registered_path(lun) || pr_lun_has_key(lun, LEAVING)));
}

static int set_own_keys(struct pair *pair, uint64_t key, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < pair->other.path_count; i++) {
		const struct pr_request request = {
			.action = PR_REGISTER_AND_IGNORE,
			.service_action_key = key,
			.aptpl = pair->other.state.aptpl_active,
		};

		if (!may_have_key(&pair->other, &pair->other.paths[i]))
			continue;
		if (send(pair, &pair->other.paths[i], &request, err) < 0)
			result = -1;
	}
	return result;
}

/* --- the reservation ---------------------------------------------------------------------------------------- */

static bool only_the_holder_writes(enum pr_type type)
{
	return type == PR_WE || type == PR_EA;
}

static int release_other(struct pair *pair, struct error *err)
{
	const struct pr_path *mine = pr_lun_holder(&pair->other);
	const struct pr_request request = { .action = PR_RELEASE, .type = pair->other.state.type, .key = mine->key };

	if (send(pair, mine, &request, err) < 0)
		return -1;
	pair->other.state.reserved = false;
	pair->other.state.type = PR_NONE;
	pair->released = true;
	return 0;
}

static int reserve_other(struct pair *pair, const struct pr_path *holder, struct error *err)
{
	const struct pr_path *path = holder ? nth_registered(&pair->other, holder->nexus.initiator, 0) : NULL;
	struct pr_request request = { .action = PR_RESERVE, .type = pair->live.state.type };

	path = path ? path : pr_lun_registered_path(&pair->other);
	if (!path)
		return 0;
	request.key = path->key;
	if (send(pair, path, &request, err) < 0)
		return -1;
	pair->other.state.reserved = true;
	pair->other.state.type = request.type;
	return 0;
}

/*
 * A holder that unregisters takes the reservation along, and a LUN that nobody reserved is open to fenced nodes. So it
 * is left to all registrants, for a peer to make of it what it was.
 */
static int hand_over(struct pair *pair, struct error *err)
{
	const struct pr_path *mine = pr_lun_holder(&pair->other);
	enum pr_type type = pair->other.state.type;
	bool exclusive = type == PR_EA || type == PR_EA_RO;
	struct pr_request request = { .action = PR_RESERVE, .type = exclusive ? PR_EA_AR : PR_WE_AR };

	if (!mine || pr_type_is_all_registrants(type) || !pr_lun_has_peers(&pair->other) ||
	    (pair->other.state.type_mask && !(pair->other.state.type_mask & 1u << request.type)))
		return 0;
	request.key = mine->key;
	return release_other(pair, err) < 0 ? -1 : send(pair, mine, &request, err);
}

static int drop_own_keys(struct pair *pair, struct error *err)
{
	struct error why = { 0 };

	if (hand_over(pair, &why) < 0)
		work_log(pair->work, 1, &why, "%s: its reservation goes with this host's keys", pair->other.wwid);
	return set_own_keys(pair, 0, err);
}

/*
 * With all-registrants types nobody sees which host lifted the source's reservation for the array, so what one host
 * lifts no other puts back, nor takes it for the end of the destination's. The way back puts it back.
 */
static bool may_be_lifted(const struct pair *pair)
{
	const struct pr_state *source = pair->live_side == SIDE_SOURCE ? &pair->live.state : &pair->other.state;
	const struct pr_state *destination = pair->live_side == SIDE_SOURCE ? &pair->other.state : &pair->live.state;

	return !source->reserved && pr_type_is_all_registrants(destination->type);
}

static bool goes_back(const struct pair *pair)
{
	return pair->work->to == SIDE_SOURCE && pair->live_side == SIDE_DESTINATION;
}

/*
 * The holder's host reserves. On the way back any registered host does where the type lets all of them write: the
 * source's reservation may have been lifted, and a source that nobody reserved is open to fenced nodes.
 */
static int move_reservation(struct pair *pair, struct error *err)
{
	const struct pr_path *holder = pr_lun_holder(&pair->live);
	const struct pr_state *live = &pair->live.state, *other = &pair->other.state;
	bool may_reserve = holder || (goes_back(pair) && live->reserved && !only_the_holder_writes(live->type));

	if (pair->member->pr.lifted || (may_be_lifted(pair) && !goes_back(pair)))
		return 0;
	if (other->reserved && pr_lun_holder(&pair->other) &&
	    (!live->reserved || other->type != live->type || (!holder && only_the_holder_writes(other->type))) &&
	    release_other(pair, err) < 0)
		return -1;
	if (live->reserved && !other->reserved && may_reserve)
		return reserve_other(pair, holder, err);
	return 0;
}

/* A source whose reservation is lifted by a peer closes no way: this host may write to the destination all the same. */
static bool is_lifted(const struct pair *pair)
{
	return pair->member->pr.lifted ||
	       (pair->live_side == SIDE_SOURCE && !pair->live.state.reserved &&
		!only_the_holder_writes(pair->other.state.type) && pr_lun_registered_path(&pair->other));
}

static int check_reserved(const struct pair *pair, struct error *err)
{
	const struct pr_state *live = &pair->live.state, *other = &pair->other.state;

	if (is_lifted(pair) || (live->reserved == other->reserved && live->type == other->type))
		return 0;
	return error_set(err, ERR_PR_NOT_RESERVED, pair->other.wwid, "(%s instead of %s)",
			 other->reserved ? pr_type_name(other->type) : "no reservation",
			 live->reserved ? pr_type_name(live->type) : "none");
}

/* --- peers ---------------------------------------------------------------------------------------------------- */

static bool has_key(const struct pr_view *view, uint64_t key)
{
	for (size_t i = 0; i < view->key_count; i++)
		if (view->keys[i] == key)
			return true;
	return false;
}

static int preempt(struct pair *pair, uint64_t key, struct error *err)
{
	const struct pr_path *mine = pr_lun_registered_path(&pair->other);
	struct pr_request request = {
		.action = PR_PREEMPT_AND_ABORT,
		.type = pair->other.state.reserved ? pair->other.state.type : PR_WE_RO,
		.service_action_key = key,
	};
	struct error why = { 0 };

	if (!mine)
		return 0;
	request.key = mine->key;
	if (send(pair, mine, &request, &why) == 0 || why.code == ERR_PR_CONFLICT) /* another peer was first */
		return 0;
	*err = why;
	return -1;
}

/* The length of an initiator's name without the session of iSCSI, which differs from array to array. */
static size_t host_name_length(const char *initiator)
{
	const char *session = strstr(initiator, ",i,0x");

	return session ? (size_t)(session - initiator) : strlen(initiator);
}

/* One of the initiators that have this key on the other LUN is registered on the live one: with another key by now. */
static bool took_another_key(const struct pair *pair, uint64_t key)
{
	const struct pr_state *live = &pair->live.state, *other = &pair->other.state;

	for (size_t o = 0; o < other->registration_count; o++) {
		const char *initiator = other->registrations[o].nexus.initiator;
		size_t length = host_name_length(initiator);

		if (other->registrations[o].key != key || length == 0)
			continue;
		for (size_t l = 0; l < live->registration_count; l++)
			if (host_name_length(live->registrations[l].nexus.initiator) == length &&
			    memcmp(live->registrations[l].nexus.initiator, initiator, length) == 0)
				return true;
	}
	return false;
}

/* Peers that were on both LUNs a moment ago and are gone from the live one were fenced. */
static int mirror_fenced_peers(struct pair *pair, struct error *err)
{
	const struct host_port *host = &pair->work->engine->ports->host;
	const struct member_pr *pr = &pair->member->pr;
	const struct pr_view *live = &pr->views[pair->live_side], *other = &pr->views[other_side(pair->live_side)];

	if (!pr->seen_us || host->now_us(host->ctx) - pr->seen_us > SEEN_FOR_US || pr_lun_has_key(&pair->live, LEAVING))
		return 0;
	for (size_t i = 0; i < live->key_count; i++) {
		uint64_t key = live->keys[i];

		if (!has_key(other, key) || pr_lun_has_key(&pair->live, key) || !pr_lun_has_key(&pair->other, key) ||
		    pr_lun_is_own(&pair->other, key) || took_another_key(pair, key))
			continue;
		if (preempt(pair, key, err) < 0)
			return -1;
		work_log(pair->work, 2, NULL, "%s: a peer's key was preempted, and is now on %s too",
			 pair->member->name, pair->other.wwid);
	}
	return 0;
}

static int refuse_strangers(const struct pair *pair, struct error *err)
{
	char text[PR_KEY_SIZE];

	if (pair->live_side == SIDE_DESTINATION)
		return 0;
	for (size_t i = 0; i < pair->other.state.key_count; i++) {
		uint64_t key = pair->other.state.keys[i];

		if (pr_lun_has_key(&pair->live, key) || pr_lun_is_own(&pair->other, key) || key == LEAVING)
			continue;
		pr_key_format(key, text);
		return error_set(err, ERR_DESTINATION_RESERVED, pair->other.wwid, "(%s)", text);
	}
	return 0;
}

/* --- one pair ------------------------------------------------------------------------------------------------- */

static int read_pair(struct pair *pair, struct error *err)
{
	struct work *work = pair->work;
	CLEANUP_INVENTORY struct inventory now = { 0 };

	pr_lun_free(&pair->live);
	pr_lun_free(&pair->other);
	if (inventory_load(work->engine->ports, &now, err) < 0 ||
	    pr_lun_read(work->engine, &now, lun_on(pair->member, pair->live_side), 0, &pair->live, err) < 0)
		return -1;
	return pr_lun_read(work->engine, &now, lun_on(pair->member, other_side(pair->live_side)),
			   any_own_key(&pair->live), &pair->other, err);
}

static void note(const struct pr_lun *lun, struct pr_view *ret)
{
	const struct pr_state *state = &lun->state;

	ret->known = state->has_capabilities || state->has_full_status || state->generation || state->key_count;
	ret->generation = state->generation;
	ret->holder_key = state->reserved ? state->reservation_key : 0;
	ret->scope_type = state->reserved ? (uint8_t)(state->scope << 4 | state->type) : 0;
	ret->key_count = 0;
	for (size_t i = 0; i < state->key_count && ret->key_count < PR_KEYS_MAX; i++)
		if (!has_key(ret, state->keys[i]))
			ret->keys[ret->key_count++] = state->keys[i];
	ret->paths = lun->path_count;
	ret->own_paths = 0;
	for (size_t i = 0; i < lun->path_count; i++)
		ret->own_paths += lun->paths[i].key != 0;
	ret->holder = pr_lun_holder(lun) != NULL;
}

/* One watch a LUN, kept: a look then costs one command. */
static void keep_watch(struct pair *pair, const struct pr_lun *lun, struct pr_view *view)
{
	const struct scsi_port *scsi = &pair->work->engine->ports->scsi;

	scsi->pr_watch_free(view->watch);
	view->watch = NULL;
	if (lun->path_count > 0 && view->known)
		scsi->pr_watch_prepare(scsi->ctx, lun->paths[0].disk, &view->watch, NULL);
}

static void note_pair(struct pair *pair)
{
	const struct host_port *host = &pair->work->engine->ports->host;
	struct member_pr *pr = &pair->member->pr;

	note(&pair->live, &pr->views[pair->live_side]);
	note(&pair->other, &pr->views[other_side(pair->live_side)]);
	keep_watch(pair, &pair->live, &pr->views[pair->live_side]);
	keep_watch(pair, &pair->other, &pr->views[other_side(pair->live_side)]);
	pr->seen_us = host->now_us(host->ctx);
	pair->noted = true;
}

/* Was one of this host's registrations taken away on a LUN that still is guarded against it? */
static bool fenced_on(const struct pair *pair, const struct pr_lun *lun)
{
	bool guarded = lun->state.reserved ||
		       (lun == &pair->live && pair->live_side == SIDE_SOURCE && pair->member->pr.lifted);

	return pair->member->pr.registered && lun->path_count > 0 && guarded && !pr_lun_registered(lun) &&
	       (lun == &pair->live || pr_lun_has_peers(lun));
}

/* Keys on the live LUN are taken away by the same commands: for that the two change places. */
static int drop_live_keys(struct pair *pair, struct error *err)
{
	struct pr_lun other = pair->other;
	int result;

	pair->other = pair->live;
	result = drop_own_keys(pair, err);
	pair->live = pair->other;
	pair->other = other;
	return result;
}

static int stay_fenced(struct pair *pair, struct error *err)
{
	bool news = !pair->member->pr.fenced;

	pair->member->pr.fenced = true;
	if (drop_own_keys(pair, err) < 0 || drop_live_keys(pair, err) < 0 ||
	    (pair->changed && read_pair(pair, err) < 0))
		return -1;
	note_pair(pair);
	if (news)
		work_log(pair->work, 1, NULL, "%s: this host was fenced; its keys are on neither LUN any more",
			 pair->member->name);
	return error_set(err, ERR_PR_FENCED, pair->member->name, "%s", "");
}

static int verify_paths(struct pair *pair, struct error *err)
{
	if (pair->other.by_count && pr_lun_registered_path(&pair->other))
		return 0;
	for (size_t i = 0; i < pair->other.path_count; i++)
		if (!pair->other.paths[i].key)
			return error_set(err, ERR_PR_FAILED, pair->other.paths[i].disk,
					 "the path is not registered although the LUN took the command");
	return 0;
}

static int check_capable(const struct pair *pair, struct error *err)
{
	const struct pr_state *live = &pair->live.state, *other = &pair->other.state;

	if (live->reserved && other->type_mask && !(other->type_mask & 1u << live->type))
		return error_set(err, ERR_PR_UNSUPPORTED, pair->other.wwid, "(not of type %s)",
				 pr_type_name(live->type));
	return 0;
}

static int follow_live(struct pair *pair, struct error *err)
{
	if (check_capable(pair, err) < 0 || register_new_live_paths(pair, err) < 0 || register_paths(pair, err) < 0 ||
	    mirror_fenced_peers(pair, err) < 0)
		return -1;
	if (pair->changed && read_pair(pair, err) < 0)
		return -1;
	if (move_reservation(pair, err) < 0 || (pair->changed && read_pair(pair, err) < 0))
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
static int look_again(struct pair *pair, struct error *err)
{
	const struct host_port *host = &pair->work->engine->ports->host;

	if (pair->member->pr.seen_us || pair->member->pr.fenced || !pr_lun_registered(&pair->live) ||
	    !fenced_on(pair, &pair->other))
		return 0;
	host->sleep_ms(host->ctx, LEAVING_MS);
	return read_pair(pair, err);
}

/* This host's keys are, or are no more, on the live LUN; are they still as this look began? */
static int settle_keys(struct pair *pair, bool own, struct error *err)
{
	struct member_pr *pr = &pair->member->pr;

	if (own)
		return pair->other.path_count > 0 ? follow_live(pair, err) : 0;
	pr->registered = pr->fenced = false;
	if ((pair->live.state.reserved ? drop_own_keys(pair, err) : set_own_keys(pair, 0, err)) < 0)
		return -1;
	return pair->changed ? read_pair(pair, err) : 0;
}

static int sync_pair(struct pair *pair, struct error *err)
{
	struct member_pr *pr = &pair->member->pr;

	if (read_pair(pair, err) < 0 || look_again(pair, err) < 0)
		return -1;
	if (pair->live.path_count == 0) /* its array is gone: nothing is known, nothing is changed */
		return 0;
	if (fenced_on(pair, &pair->live) || (pr->seen_us && !pr->fenced && fenced_on(pair, &pair->other)))
		return stay_fenced(pair, err);
	if (settle_keys(pair, pr_lun_registered(&pair->live), err) < 0)
		return -1;
	if (fenced_on(pair, &pair->live)) /* meanwhile; what was registered comes off again */
		return stay_fenced(pair, err);
	note_pair(pair);
	if (pair->other.path_count == 0)
		return 0;
	return refuse_strangers(pair, err) < 0 ? -1 : check_reserved(pair, err);
}

int pr_move_sync(struct work *work, enum side live, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < work->import->member_count; i++) {
		CLEANUP_PAIR struct pair pair = { .work = work,
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
	CLEANUP_PAIR struct pair pair = { .work = work, .member = member, .live_side = SIDE_DESTINATION };
	struct pr_view *view = &member->pr.views[SIDE_DESTINATION];
	struct error why = { 0 };

	member->pr.lifted = PR_NONE;
	if (sync_pair(&pair, &why) < 0)
		work_log(work, 1, &why, "%s: the way back is taken all the same", member->name);
	if (pair.noted)
		return;
	scsi->pr_watch_free(view->watch);
	view->watch = NULL;
}

int pr_move_before_switch(struct work *work, struct error *err)
{
	if (work->to == SIDE_DESTINATION)
		return pr_move_sync(work, SIDE_SOURCE, err);
	for (size_t i = 0; i < work->import->member_count; i++)
		move_back(work, &work->import->members[i]);
	return 0;
}

/* --- the source's reservation ------------------------------------------------------------------------------------ */

static int lift(struct pair *pair, struct error *err)
{
	const struct pr_path *holder = pr_lun_holder(&pair->other);
	enum pr_type type = pair->other.state.type;

	if (!pair->other.state.reserved)
		return 0;
	if (!holder)
		return error_set(err, ERR_PR_NOT_HOLDER, pair->other.wwid, "%s", "");
	if (release_other(pair, err) < 0)
		return -1;
	pair->member->pr.lifted = type;
	return 0;
}

static int restore(struct pair *pair, struct error *err)
{
	enum pr_type type = pair->member->pr.lifted;

	if (!pair->other.state.reserved) {
		pair->live.state.type = type;
		if (reserve_other(pair, pr_lun_holder(&pair->live), err) < 0)
			return -1;
	}
	pair->member->pr.lifted = PR_NONE;
	return 0;
}

/* Here the source is the other LUN, wherever the application is. */
int pr_move_lift(struct work *work, bool lifted, struct error *err)
{
	for (size_t i = 0; i < work->import->member_count; i++) {
		CLEANUP_PAIR struct pair pair = {
			.work = work,
			.member = &work->import->members[i],
			.live_side = SIDE_DESTINATION,
		};

		if (lifted == (pair.member->pr.lifted != PR_NONE))
			continue;
		if (read_pair(&pair, err) < 0 || (lifted ? lift(&pair, err) : restore(&pair, err)) < 0)
			return -1;
	}
	return import_save(work->engine, work->import, err);
}

/* A cancel without a switch back. */
static void put_back_all(struct work *work)
{
	for (size_t i = 0; i < work->import->member_count; i++) {
		CLEANUP_PAIR struct pair pair = {
			.work = work,
			.member = &work->import->members[i],
			.live_side = SIDE_DESTINATION,
		};
		struct error err = { 0 };

		if (pair.member->pr.lifted && (read_pair(&pair, &err) < 0 || restore(&pair, &err) < 0))
			work_log(work, 1, &err, "%s: the source's reservation is not put back", pair.member->name);
	}
}

/* --- the end -------------------------------------------------------------------------------------------------- */

static int leave_lun(struct pair *pair, uint64_t key, struct error *err)
{
	if (read_pair(pair, err) < 0)
		return -1;
	if (key && !pr_lun_has_peers(&pair->other))
		return 0;
	if (key || pair->live_side == SIDE_DESTINATION)
		return set_own_keys(pair, key, err);
	return drop_own_keys(pair, err);
}

/* Both steps go over all members, so that a group waits once. */
static bool leave_step(struct work *work, enum side side, uint64_t key)
{
	bool wait = false;

	for (size_t i = 0; i < work->import->member_count; i++) {
		CLEANUP_PAIR struct pair pair = {
			.work = work,
			.member = &work->import->members[i],
			.live_side = other_side(side),
		};
		struct error err = { 0 };
		int tries = LEAVE_TRIES;

		while (leave_lun(&pair, key, &err) < 0 && --tries > 0)
			;
		if (tries == 0)
			work_log(work, 1, &err, "%s: this host's registration may be left on %s", pair.member->name,
				 lun_on(pair.member, side));
		wait = wait || pair.changed;
	}
	return wait;
}

void pr_move_leave(struct work *work, enum side side)
{
	const struct host_port *host = &work->engine->ports->host;

	if (side == SIDE_DESTINATION)
		put_back_all(work);
	for (size_t i = 0; i < work->import->member_count; i++)
		work->import->members[i].pr.registered = false; /* what goes now was not taken */
	if (leave_step(work, side, LEAVING))
		host->sleep_ms(host->ctx, LEAVING_MS);
	leave_step(work, side, 0);
}

/* --- looking after it ------------------------------------------------------------------------------------------ */

static bool is_watched(const struct import *import)
{
	return (import->state == IMPORT_PREPARED || import->state == IMPORT_ON_DESTINATION) &&
	       import->doing == DOING_NOTHING;
}

bool pr_move_has_work(const struct engine *engine)
{
	for (size_t i = 0; i < engine->import_count; i++)
		for (size_t m = 0; is_watched(engine->imports[i]) && m < engine->imports[i]->member_count; m++)
			if (engine->imports[i]->members[m].pr.registered || engine->imports[i]->members[m].pr.fenced)
				return true;
	return false;
}

/* What a view was made of is as it was. */
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

/* Is anything different that a report tells? */
static bool is_news(const struct member_pr *before, const struct member_pr *now)
{
	return before->registered != now->registered || before->fenced != now->fenced ||
	       before->lifted != now->lifted ||
	       memcmp(&before->views[0], &now->views[0], offsetof(struct pr_view, watch)) != 0 ||
	       memcmp(&before->views[1], &now->views[1], offsetof(struct pr_view, watch)) != 0;
}

static bool tend_member(struct work *work, struct member *member, uint64_t now_us)
{
	CLEANUP_PAIR struct pair pair = {
		.work = work,
		.member = member,
		.live_side = member->exchanged ? SIDE_DESTINATION : SIDE_SOURCE,
	};
	struct member_pr *pr = &member->pr, before = *pr;
	struct error err = { 0 };

	if ((!pr->registered && !pr->fenced) || now_us < pr->not_before_us)
		return false;
	if (pr->seen_us && now_us < pr->full_look_us && view_holds(work->engine, &pr->views[SIDE_SOURCE]) &&
	    view_holds(work->engine, &pr->views[SIDE_DESTINATION])) {
		pr->seen_us = now_us;
		return false;
	}
	work->to = pair.live_side;
	pr->full_look_us = now_us + FULL_LOOK_US;
	if (sync_pair(&pair, &err) < 0 && err.code == ERR_SCSI_FAILED)
		pr->not_before_us = now_us + BACK_OFF_US;
	if (err.code != ERR_NONE && err.code != pr->last_failure)
		work_log(work, 1, &err, "%s: its reservations", member->name);
	pr->last_failure = err.code;
	if (pr->registered != before.registered || pr->fenced != before.fenced)
		import_save(work->engine, work->import, NULL);
	return is_news(&before, pr);
}

bool pr_move_tend(struct engine *engine, const struct observer *observer)
{
	const struct host_port *host = &engine->ports->host;
	uint64_t now_us = host->now_us(host->ctx);
	bool news = false;

	for (size_t i = 0; i < engine->import_count; i++) {
		struct work work = { .engine = engine, .import = engine->imports[i], .observer = observer };

		for (size_t m = 0; is_watched(work.import) && m < work.import->member_count; m++)
			news = tend_member(&work, &work.import->members[m], now_us) || news;
	}
	return news;
}

/* --- telling ----------------------------------------------------------------------------------------------------- */

static struct json_object *view_object(const struct pr_view *view)
{
	struct json_object *object, *keys;
	char text[PR_KEY_SIZE];
	enum pr_type type = view->scope_type & 0xf;

	if (!view->known)
		return NULL;
	object = json_object_new_object();
	keys = json_object_new_array();
	for (size_t i = 0; i < view->key_count; i++) {
		pr_key_format(view->keys[i], text);
		json_object_array_add(keys, json_object_new_string(text));
	}
	json_object_object_add(object, "generation", json_object_new_int64(view->generation));
	json_object_object_add(object, "keys", keys);
	json_object_object_add(object, "type", type ? json_object_new_string(pr_type_name(type)) : NULL);
	pr_key_format(view->holder_key, text);
	json_object_object_add(object, "holder_key", view->holder_key ? json_object_new_string(text) : NULL);
	json_object_object_add(object, "held_by_this_host", json_object_new_boolean(view->holder));
	json_object_object_add(object, "registered_paths", json_object_new_int64((int64_t)view->own_paths));
	json_object_object_add(object, "paths", json_object_new_int64((int64_t)view->paths));
	return object;
}

struct json_object *pr_move_report(const struct member *member)
{
	const struct pr_view *views = member->pr.views;
	struct json_object *object;

	if (!views[SIDE_SOURCE].key_count && !views[SIDE_DESTINATION].key_count && !member->pr.registered &&
	    !member->pr.fenced)
		return NULL;
	object = json_object_new_object();
	json_object_object_add(object, "registered", json_object_new_boolean(member->pr.registered));
	json_object_object_add(object, "fenced", json_object_new_boolean(member->pr.fenced));
	json_object_object_add(object, "source_reservation_lifted", json_object_new_boolean(member->pr.lifted));
	json_object_object_add(object, "source", view_object(&views[SIDE_SOURCE]));
	json_object_object_add(object, "destination", view_object(&views[SIDE_DESTINATION]));
	return object;
}

void pr_move_forget(const struct ports *ports, struct member *member)
{
	for (int side = 0; side < 2; side++) {
		ports->scsi.pr_watch_free(member->pr.views[side].watch);
		member->pr.views[side] = (struct pr_view){ 0 };
	}
}
