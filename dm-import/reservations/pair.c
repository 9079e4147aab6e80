/*
 * See pair.h. What would surprise: a LUN without TransportIDs shows how many of this host's paths are registered, but
 * not which (pr_lun.by_count). Then commands go to all paths: it does no harm to register a path again, or to
 * unregister a path that has no key.
 */
#include "pair.h"

#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "lun.h"

#include "base/cleanup.h"

#include <string.h>

void pr_pair_free(struct pr_pair *pair)
{
	pr_lun_free(&pair->live);
	pr_lun_free(&pair->other);
}

enum { LOAD_TRIES = 2 }; /* a caller does not always try again after a failed load */

int pr_pair_load(struct work *work, struct error *err)
{
	int result = -1;

	for (int tries = 0; tries < LOAD_TRIES && result < 0; tries++)
		result = inventory_load(work->engine->ports, &work->now, err);
	return result;
}

/* Read a LUN anew into *lun. */
static int read_again(struct pr_pair *pair, enum side side, uint64_t known, struct pr_lun *lun, struct error *err)
{
	struct work *work = pair->work;

	pr_lun_free(lun);
	return pr_lun_read(work->engine, &work->now, lun_on(pair->member, side), known,
			   pair->member->pr.views[side].own_key, lun, err);
}

int pr_pair_read(struct pr_pair *pair, struct error *err)
{
	if (read_again(pair, pair->live_side, 0, &pair->live, err) < 0)
		return -1;
	return pr_pair_read_other(pair, err);
}

int pr_pair_read_other(struct pr_pair *pair, struct error *err)
{
	return read_again(pair, other_side(pair->live_side), pr_lun_own_key(&pair->live), &pair->other, err);
}

/* Send one command through a path of either LUN. Errors as for scsi_port.pr_out. */
static int send_command(struct pr_pair *pair, const struct pr_path *path, const struct pr_request *request,
			struct error *err)
{
	const struct scsi_port *scsi = &pair->work->engine->ports->scsi;

	pair->changed = true;
	return scsi->pr_out(scsi->ctx, path->disk, request, err);
}

/* The nth registered path of one initiator port, or ("") of any; wraps around. NULL if there is none. */
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

/* The live LUN's path that corresponds to the other LUN's path: of the same initiator port, else any. */
static const struct pr_path *counterpart(const struct pr_pair *pair, size_t index)
{
	const char *initiator = pair->other.paths[index].nexus.initiator;
	const struct pr_path *found;
	size_t nth = 0;

	for (size_t i = 0; i < index; i++)
		nth += strcmp(pair->other.paths[i].nexus.initiator, initiator) == 0;
	found = nth_registered(&pair->live, initiator, nth);
	return found ? found : nth_registered(&pair->live, "", index);
}

/* The other LUN's path that corresponds to this path of the live LUN; else any registered one. */
static const struct pr_path *partner_of(const struct pr_pair *pair, const struct pr_path *live)
{
	for (size_t i = 0; live && i < pair->other.path_count; i++)
		if (pair->other.paths[i].key && counterpart(pair, i) == live)
			return &pair->other.paths[i];
	return pr_lun_registered_path(&pair->other);
}

/* With ALL_TG_PT one command registers all paths of its initiator port. */
static void note_registered(struct pr_pair *pair, size_t index, const struct pr_request *request)
{
	struct pr_lun *other = &pair->other;

	for (size_t i = 0; i < other->path_count; i++)
		if (i == index || (request->all_target_ports &&
				   strcmp(other->paths[i].nexus.initiator, other->paths[index].nexus.initiator) == 0))
			other->paths[i].key = request->service_action_key;
}

/* Paths were added since the last read, or nothing was read yet. */
static bool has_new_paths(const struct pr_pair *pair, enum side side)
{
	const struct pr_view *view = &pair->member->pr.views[side];
	const struct pr_lun *lun = side == pair->live_side ? &pair->live : &pair->other;

	return !view->known || lun->path_count > view->paths;
}

/* It is not known which of the other LUN's paths lacks the key: one may lack it, or have the previous key. */
static bool some_may_lack(const struct pr_pair *pair)
{
	const struct pr_lun *other = &pair->other;

	for (size_t i = 0; i < other->path_count; i++)
		if (other->paths[i].key && !pr_lun_is_own(&pair->live, other->paths[i].key))
			return true;
	return !pr_lun_registered_path(other) || has_new_paths(pair, other_side(pair->live_side));
}

int pr_pair_register(struct pr_pair *pair, struct error *err)
{
	bool by_count = pair->other.by_count;
	bool all = by_count && some_may_lack(pair);

	for (size_t i = 0; i < pair->other.path_count; i++) {
		const struct pr_path *model = counterpart(pair, i);
		struct pr_request request = {
			.action = PR_REGISTER_AND_IGNORE,
			.service_action_key = model ? model->key : pr_lun_own_key(&pair->live),
			.aptpl = pair->live.state.aptpl_active && pair->other.state.aptpl_capable,
			.all_target_ports = model && model->all_target_ports && pair->other.state.all_tg_pt_capable,
		};

		if (by_count ? !all : pair->other.paths[i].key == request.service_action_key)
			continue;
		if (send_command(pair, &pair->other.paths[i], &request, err) < 0)
			return -1;
		note_registered(pair, i, &request);
	}
	return 0;
}

int pr_pair_register_live(struct pr_pair *pair, struct error *err)
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
		if ((live->by_count || !live->paths[i].key) && send_command(pair, &live->paths[i], &request, err) < 0)
			return -1;
	}
	return 0;
}

/* If only the number is known, the key is removed from all paths: that does no harm to a path without a key. */
static bool may_have_key(const struct pr_lun *lun, const struct pr_path *path)
{
	return path->key || (lun->by_count && (pr_lun_registered_path(lun) || pr_lun_has_key(lun, PR_KEY_LEAVING)));
}

int pr_pair_set_keys(struct pr_pair *pair, uint64_t key, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < pair->other.path_count; i++) {
		const struct pr_request request = {
			.action = PR_REGISTER_AND_IGNORE,
			.service_action_key = key,
			.aptpl = pair->other.state.aptpl_active,
			/*
			 * a registration for all target ports has to be changed with ALL_TG_PT (Linux targets refuse it
			 * otherwise)
			 */
			.all_target_ports = pair->other.paths[i].all_target_ports,
		};

		if (!may_have_key(&pair->other, &pair->other.paths[i]))
			continue;
		if (send_command(pair, &pair->other.paths[i], &request, err) < 0)
			result = -1;
	}
	return result;
}

int pr_pair_preempt(struct pr_pair *pair, const struct pr_path *by, enum pr_action action, uint64_t key,
		    struct error *err)
{
	const struct pr_request request = {
		.action = action,
		/* a reservation that the key's nexus holds goes to `by`, with its type */
		.type = pair->other.state.reserved ? pair->other.state.type : PR_WE_RO,
		.key = by->key,
		.service_action_key = key,
	};

	return send_command(pair, by, &request, err);
}

/* --- the reservation ---------------------------------------------------------------------------------------- */

static bool only_the_holder_writes(enum pr_type type)
{
	return type == PR_WE || type == PR_EA;
}

int pr_pair_release(struct pr_pair *pair, struct error *err)
{
	const struct pr_path *mine = pr_lun_holder(&pair->other);
	const struct pr_request request = { .action = PR_RELEASE, .type = pair->other.state.type, .key = mine->key };

	if (send_command(pair, mine, &request, err) < 0)
		return -1;
	pair->other.state.reserved = false;
	pair->other.state.type = PR_NONE;
	return 0;
}

int pr_pair_reserve(struct pr_pair *pair, const struct pr_path *holder, struct error *err)
{
	const struct pr_path *path = partner_of(pair, holder);
	struct pr_request request = { .action = PR_RESERVE, .type = pair->live.state.type };

	if (!path)
		return 0;
	request.key = path->key;
	if (send_command(pair, path, &request, err) < 0)
		return -1;
	pair->other.state.reserved = true;
	pair->other.state.type = request.type;
	return 0;
}

/*
 * When a holder unregisters, its reservation goes too, and a LUN without a reservation is open to fenced nodes. So the
 * reservation is changed to an all-registrants type, and a peer changes it back.
 */
static int hand_over(struct pr_pair *pair, struct error *err)
{
	const struct pr_path *mine = pr_lun_holder(&pair->other);
	enum pr_type type = pair->other.state.type;
	bool exclusive = type == PR_EA || type == PR_EA_RO;
	struct pr_request request = { .action = PR_RESERVE, .type = exclusive ? PR_EA_AR : PR_WE_AR };

	if (!mine || pr_type_is_all_registrants(type) || !pr_lun_has_peers(&pair->other) ||
	    (pair->other.state.type_mask && !(pair->other.state.type_mask & 1u << request.type)))
		return 0;
	request.key = mine->key;
	return pr_pair_release(pair, err) < 0 ? -1 : send_command(pair, mine, &request, err);
}

int pr_pair_drop_keys(struct pr_pair *pair, struct error *err)
{
	struct error why = { 0 };

	if (hand_over(pair, &why) < 0)
		work_log(pair->work, 1, &why, "%s: its reservation goes with this host's keys", pair->other.wwid);
	return pr_pair_set_keys(pair, 0, err);
}

/* The same commands remove keys from the live LUN: the two LUNs change places for them. */
int pr_pair_drop_live_keys(struct pr_pair *pair, struct error *err)
{
	struct pr_lun other = pair->other;
	int result;

	pair->other = pair->live;
	result = pr_pair_drop_keys(pair, err);
	pair->live = pair->other;
	pair->other = other;
	return result;
}

/*
 * With all-registrants types a host cannot see which host lifted the source's reservation for the array. So no other
 * host puts it back, or takes it for the end of the destination's reservation. The way back puts it back.
 */
static bool may_be_lifted(const struct pr_pair *pair)
{
	const struct pr_state *source = pair->live_side == SIDE_SOURCE ? &pair->live.state : &pair->other.state;
	const struct pr_state *destination = pair->live_side == SIDE_SOURCE ? &pair->other.state : &pair->live.state;

	return !source->reserved && pr_type_is_all_registrants(destination->type);
}

static bool goes_back(const struct pr_pair *pair)
{
	return pair->work->to == SIDE_SOURCE && pair->live_side == SIDE_DESTINATION;
}

/* A reservation of all registrants stays until the host that replaces it comes. */
static bool is_outdated(const struct pr_pair *pair, bool may_reserve)
{
	const struct pr_state *live = &pair->live.state, *other = &pair->other.state;

	if (!live->reserved)
		return true;
	if (other->type != live->type)
		return may_reserve || !pr_type_is_all_registrants(other->type);
	return only_the_holder_writes(other->type) && !pr_lun_holder(&pair->live);
}

int pr_pair_move_reservation(struct pr_pair *pair, struct error *err)
{
	const struct pr_path *holder = pr_lun_holder(&pair->live);
	const struct pr_state *live = &pair->live.state, *other = &pair->other.state;
	bool may_reserve = holder || (goes_back(pair) && live->reserved && !only_the_holder_writes(live->type));

	if (pair->member->pr.lifted || (may_be_lifted(pair) && !goes_back(pair)))
		return 0;
	if (other->reserved && pr_lun_holder(&pair->other) && is_outdated(pair, may_reserve) &&
	    pr_pair_release(pair, err) < 0)
		return -1;
	if (live->reserved && !other->reserved && may_reserve)
		return pr_pair_reserve(pair, holder, err);
	return 0;
}

/*
 * A source whose reservation was lifted by a peer does not prevent a switch: this host can still write to the
 * destination.
 */
static bool is_lifted(const struct pr_pair *pair)
{
	return pair->member->pr.lifted ||
	       (pair->live_side == SIDE_SOURCE && !pair->live.state.reserved &&
		!only_the_holder_writes(pair->other.state.type) && pr_lun_registered_path(&pair->other));
}

int pr_pair_check_capable(const struct pr_pair *pair, struct error *err)
{
	const struct pr_state *live = &pair->live.state, *other = &pair->other.state;

	if (live->reserved && other->type_mask && !(other->type_mask & 1u << live->type))
		return error_set(err, ERR_PR_UNSUPPORTED, pair->other.wwid, "(not of type %s)",
				 pr_type_name(live->type));
	return 0;
}

int pr_pair_check_reserved(const struct pr_pair *pair, struct error *err)
{
	const struct pr_state *live = &pair->live.state, *other = &pair->other.state;

	if (is_lifted(pair) || (live->reserved == other->reserved && live->type == other->type))
		return 0;
	return error_set(err, ERR_PR_NOT_RESERVED, pair->other.wwid, "(%s instead of %s)",
			 other->reserved ? pr_type_name(other->type) : "no reservation",
			 live->reserved ? pr_type_name(live->type) : "none");
}
