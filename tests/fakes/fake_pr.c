/*
 * The fake arrays' persistent reservations, by SPC-4 5.13, and the SCSI port's operations on them.
 *
 * A registration with ALL_TG_PT is one entry that matches its initiator on every target port.
 */
#include "fake_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pr_watch {
	struct fake_world *world;
	size_t count;
	char disks[DISKS_MAX][DISK_NAME_SIZE];
};

static bool is_of(const struct fake_registration *registration, const struct pr_nexus *nexus)
{
	return strcmp(registration->initiator, nexus->initiator) == 0 &&
	       (registration->all_target_ports || registration->relative_port == nexus->relative_port);
}

static struct fake_registration *find(struct fake_pr *pr, const struct pr_nexus *nexus)
{
	for (size_t i = 0; i < pr->count; i++)
		if (is_of(&pr->registrations[i], nexus))
			return &pr->registrations[i];
	return NULL;
}

static struct fake_registration *holder_of(struct fake_pr *pr)
{
	for (size_t i = 0; i < pr->count; i++)
		if (pr->registrations[i].holder)
			return &pr->registrations[i];
	return NULL;
}

static bool holds(const struct fake_pr *pr, const struct fake_registration *registration)
{
	return pr_type_is_all_registrants(pr->type) || registration->holder;
}

static void end_reservation(struct fake_pr *pr)
{
	pr->type = PR_NONE;
	for (size_t i = 0; i < pr->count; i++)
		pr->registrations[i].holder = false;
}

/* The reservation goes with its holder; one of all registrants goes with the last registrant. SPC-4 5.13.11.2.2 */
static void drop(struct fake_pr *pr, struct fake_registration *registration)
{
	bool held = registration->holder;

	memmove(registration, registration + 1,
		(size_t)(pr->registrations + pr->count - registration - 1) * sizeof(*registration));
	pr->count--;
	if (held || pr->count == 0)
		end_reservation(pr);
}

static void add(struct fake_pr *pr, const struct pr_nexus *nexus, const struct pr_request *request)
{
	struct fake_registration *registration = &pr->registrations[pr->count++];

	if (pr->count > REGISTRATIONS_MAX)
		abort();
	*registration = (struct fake_registration){
		.key = request->service_action_key,
		.relative_port = request->all_target_ports ? 0 : nexus->relative_port,
		.all_target_ports = request->all_target_ports,
	};
	snprintf(registration->initiator, sizeof(registration->initiator), "%.63s", nexus->initiator);
}

/* SPC-4 5.13.7 */
static enum error_code do_register(struct fake_pr *pr, const struct pr_nexus *nexus, const struct pr_request *request)
{
	struct fake_registration *mine = find(pr, nexus);

	if (request->action == PR_REGISTER && request->key != (mine ? mine->key : 0))
		return ERR_PR_CONFLICT;
	if (!mine && !request->service_action_key)
		return ERR_NONE;
	if (!mine)
		add(pr, nexus, request);
	else if (request->service_action_key)
		mine->key = request->service_action_key;
	else
		drop(pr, mine);
	pr->aptpl = request->aptpl;
	pr->generation++;
	return ERR_NONE;
}

static bool is_known_type(enum pr_type type)
{
	return type == PR_WE || type == PR_EA || pr_type_is_registrants_only(type) || pr_type_is_all_registrants(type);
}

/* SPC-4 5.13.9 */
static enum error_code do_reserve(struct fake_pr *pr, struct fake_registration *mine, enum pr_type type)
{
	if (!is_known_type(type))
		return ERR_PR_FAILED;
	if (pr->type && (pr->type != type || !holds(pr, mine)))
		return ERR_PR_CONFLICT;
	mine->holder = !pr_type_is_all_registrants(type);
	pr->type = type;
	return ERR_NONE;
}

/* SPC-4 5.13.11.2.1 */
static enum error_code do_release(struct fake_pr *pr, const struct fake_registration *mine, enum pr_type type)
{
	if (!pr->type || !holds(pr, mine))
		return ERR_NONE;
	if (pr->type != type)
		return ERR_PR_FAILED;
	end_reservation(pr);
	return ERR_NONE;
}

/* Drop the nexuses that have the key (0: all), except `but` (NULL: no exception). Returns their number. */
static size_t drop_all(struct fake_pr *pr, const struct pr_nexus *but, uint64_t key)
{
	size_t dropped = 0;

	for (size_t i = pr->count; i-- > 0;)
		if ((!key || pr->registrations[i].key == key) && !(but && is_of(&pr->registrations[i], but))) {
			drop(pr, &pr->registrations[i]);
			dropped++;
		}
	return dropped;
}

/*
 * SPC-4 5.13.11.2.4: with the holder's key, or 0 if all registrants hold it, the reservation goes to the preempting
 * nexus. 5.13.11.2.5: else only registrations are removed, including its own if it has that key.
 */
static enum error_code do_preempt(struct fake_pr *pr, const struct pr_nexus *nexus, const struct pr_request *request)
{
	uint64_t victim = request->service_action_key;
	const struct fake_registration *holder = holder_of(pr);
	bool takes = pr_type_is_all_registrants(pr->type) ? !victim : holder && holder->key == victim;

	if ((!victim && !takes) || (takes && !is_known_type(request->type)))
		return ERR_PR_FAILED;
	if (!drop_all(pr, takes ? nexus : NULL, victim) && !takes)
		return ERR_PR_CONFLICT;
	pr->generation++;
	if (!takes)
		return ERR_NONE;
	end_reservation(pr);
	return do_reserve(pr, find(pr, nexus), request->type);
}

static enum error_code do_action(struct fake_pr *pr, const struct pr_nexus *nexus, const struct pr_request *request)
{
	struct fake_registration *mine = find(pr, nexus);

	if (pr->unsupported || (pr->no_preempt_and_abort && request->action == PR_PREEMPT_AND_ABORT))
		return ERR_PR_UNSUPPORTED;
	if (request->action == PR_REGISTER || request->action == PR_REGISTER_AND_IGNORE)
		return do_register(pr, nexus, request);
	if (!mine || mine->key != request->key)
		return ERR_PR_CONFLICT;
	switch (request->action) {
	case PR_RESERVE:
		return do_reserve(pr, mine, request->type);
	case PR_RELEASE:
		return do_release(pr, mine, request->type);
	case PR_PREEMPT:
	case PR_PREEMPT_AND_ABORT:
		return do_preempt(pr, nexus, request);
	case PR_CLEAR:
		pr->type = PR_NONE;
		pr->count = 0;
		pr->generation++;
		return ERR_NONE;
	case PR_REGISTER:
	case PR_REGISTER_AND_IGNORE:
		break;
	}
	return ERR_PR_FAILED;
}

enum error_code world_pr_out(struct fake_world *world, int lun, const struct pr_nexus *nexus,
			     const struct pr_request *request)
{
	return do_action(&world->luns[lun].pr, nexus, request);
}

/* SPC-4 5.13.1, table of commands that are allowed: a WRITE */
bool world_pr_allows(const struct fake_lun *lun, const struct pr_nexus *nexus)
{
	const struct fake_pr *pr = &lun->pr;
	const struct fake_registration *mine = NULL;

	for (size_t i = 0; i < pr->count && !mine; i++)
		mine = is_of(&pr->registrations[i], nexus) ? &pr->registrations[i] : NULL;
	if (!pr->type)
		return true;
	return mine && (pr_type_is_registrants_only(pr->type) || holds(pr, mine));
}

/* The LUN behind a path that answers, or NULL. */
static struct fake_lun *answering(struct fake_world *world, const struct fake_disk *disk)
{
	struct fake_lun *lun = disk ? &world->luns[disk->lun] : NULL;

	return lun && !disk->offline && !disk->probe_fails && !lun->unanswering ? lun : NULL;
}

static void fill_registrations(const struct fake_pr *pr, struct pr_state *ret)
{
	ret->keys = calloc(pr->count + 1, sizeof(*ret->keys));
	ret->registrations = calloc(pr->count + 1, sizeof(*ret->registrations));
	if (!ret->keys || !ret->registrations)
		abort();
	for (size_t i = 0; i < pr->count; i++) {
		const struct fake_registration *from = &pr->registrations[i];
		struct pr_registration *to = &ret->registrations[i];

		*to = (struct pr_registration){
			.key = from->key,
			.nexus.relative_port = from->relative_port,
			.all_target_ports = from->all_target_ports,
			.holder = pr->type && holds(pr, from),
		};
		to->type = to->holder ? pr->type : PR_NONE;
		snprintf(to->nexus.initiator, sizeof(to->nexus.initiator), "%s", from->initiator);
		ret->keys[i] = from->key;
		if (from->holder)
			ret->reservation_key = from->key;
	}
	ret->key_count = ret->registration_count = pr->count;
}

static int do_read(struct fake_world *world, const char *name, struct pr_state *ret, struct error *err)
{
	const struct fake_lun *lun = answering(world, world_disk(world, name));

	if (!lun)
		return world_refuse(world, "scsi.pr_read", name, ENODEV, err);
	*ret = (struct pr_state){ 0 };
	if (lun->pr.unsupported)
		return 0;
	ret->generation = lun->pr.generation;
	ret->reserved = lun->pr.type != PR_NONE;
	ret->type = lun->pr.type;
	ret->has_capabilities = ret->aptpl_capable = ret->all_tg_pt_capable = true;
	ret->aptpl_active = lun->pr.aptpl;
	ret->type_mask = 1 << PR_WE | 1 << PR_EA | 1 << PR_WE_RO | 1 << PR_EA_RO | 1 << PR_WE_AR | 1 << PR_EA_AR;
	fill_registrations(&lun->pr, ret);
	ret->has_full_status = !lun->pr.no_full_status;
	if (ret->has_full_status)
		return 0;
	free(ret->registrations);
	ret->registrations = NULL;
	ret->registration_count = 0;
	return 0;
}

static int scsi_pr_read(void *ctx, const char *disk, struct pr_state *ret, struct error *err)
{
	return WORLD_QUERY(ctx, "scsi.pr_read", disk, err, do_read(ctx, disk, ret, err));
}

static int do_out(struct fake_world *world, const char *name, const struct pr_request *request, struct error *err)
{
	const struct fake_disk *disk = world_disk(world, name);
	struct fake_lun *lun = answering(world, disk);
	enum error_code code;

	if (!lun)
		return world_refuse(world, "scsi.pr_out", name, ENODEV, err);
	code = do_action(&lun->pr, &disk->nexus, request);
	return code == ERR_NONE ? 0 : error_set(err, code, name, "service action %d", request->action);
}

static int scsi_pr_out(void *ctx, const char *disk, const struct pr_request *request, struct error *err)
{
	return WORLD_CALL(ctx, "scsi.pr_out", disk, err, do_out(ctx, disk, request, err));
}

static int do_watch_prepare(struct fake_world *world, const char *const *disks, size_t count, struct pr_watch **ret,
			    struct error *err)
{
	struct pr_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		abort();
	for (size_t i = 0; i < count; i++)
		if (world_disk(world, disks[i]))
			snprintf(watch->disks[watch->count++], DISK_NAME_SIZE, "%s", disks[i]);
	if (watch->count == 0) {
		free(watch);
		return world_refuse(world, "scsi.pr_watch_prepare", disks[0], ENODEV, err);
	}
	watch->world = world;
	world->watch_handles++;
	*ret = watch;
	return 0;
}

static int scsi_pr_watch_prepare(void *ctx, const char *const *disks, size_t count, struct pr_watch **ret,
				 struct error *err)
{
	return WORLD_QUERY(ctx, "scsi.pr_watch_prepare", disks[0], err, do_watch_prepare(ctx, disks, count, ret, err));
}

static struct fake_lun *watched(const struct pr_watch *watch)
{
	struct fake_lun *lun = NULL;

	for (size_t i = 0; i < watch->count && !lun; i++)
		lun = answering(watch->world, world_disk(watch->world, watch->disks[i]));
	return lun;
}

static int do_watch_read(const struct pr_watch *watch, uint32_t *ret_generation, uint64_t *ret_reservation_key,
			 uint8_t *ret_scope_type)
{
	struct fake_lun *lun = watched(watch);
	const struct fake_registration *holder = lun ? holder_of(&lun->pr) : NULL;

	if (!lun || lun->pr.unsupported)
		return -1;
	*ret_generation = lun->pr.generation;
	*ret_reservation_key = holder ? holder->key : 0;
	*ret_scope_type = (uint8_t)lun->pr.type;
	return 0;
}

static int scsi_pr_watch_read(struct pr_watch *watch, uint32_t *ret_generation, uint64_t *ret_reservation_key,
			      uint8_t *ret_scope_type)
{
	struct error err = { 0 };

	return WORLD_QUERY(watch->world, "scsi.pr_watch_read", watch->disks[0], &err,
			   do_watch_read(watch, ret_generation, ret_reservation_key, ret_scope_type)) < 0
		       ? EIO
		       : 0;
}

static void scsi_pr_watch_free(struct pr_watch *watch)
{
	if (!watch)
		return;
	watch->world->watch_handles--;
	free(watch);
}

void fake_pr_port(struct fake_world *world, struct scsi_port *ret)
{
	ret->ctx = world;
	ret->pr_read = scsi_pr_read;
	ret->pr_out = scsi_pr_out;
	ret->pr_watch_prepare = scsi_pr_watch_prepare;
	ret->pr_watch_read = scsi_pr_watch_read;
	ret->pr_watch_free = scsi_pr_watch_free;
}
