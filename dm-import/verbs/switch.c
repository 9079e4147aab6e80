/*
 * The switch, in either direction: identities are exchanged in udev and tables in the kernel, while multipathd is
 * stopped. The table at the end of this file is the order; docs/ARCHITECTURE.md gives the reason: if the tables were
 * exchanged first, udev's `multipath -U` would fail every path of the live map.
 *
 * The same plan, run again, completes a torn switch: members that are already on the wanted side are left alone.
 *
 * A held switch is the same in two halves, between which the agent goes on running: the two tables after that one.
 */
#include "dm-import/checks/precheck.h"
#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "dm-import/hold/hold.h"
#include "dm-import/hold/resume.h"
#include "dm-import/host/publish.h"
#include "dm-import/host/queueing.h"
#include "dm-import/host/wait.h"
#include "dm-import/reservations/move.h"
#include "dm-import/store/identities.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "plan.h"
#include "plans.h"
#include "sides.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <string.h>

enum { PR_TRIES = 3 }; /* while the reservations change during the switch */

/* Without udevd the identities could be neither exchanged nor, once multipathd is stopped, exchanged back. */
static int check_udevd(struct work *work, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;

	return work->recovering ? 0 : device->reidentify(device->ctx, NULL, 0, UDEV_TIMEOUT_MS, err);
}

static int check(struct work *work, struct error *err)
{
	if (check_udevd(work, err) < 0)
		return -1;
	if (inventory_load(work->engine->ports, &work->now, err) < 0 ||
	    (!work->recovering && sides_rebuild_idle(work, err) < 0) || sides_find_changing(work, err) < 0)
		return -1;
	return work->recovering ? 0 : precheck_switch(work, err);
}

/* A standby or unavailable path (SPC-4 5.15.2.4) answers no READ. */
static bool serves_io(const struct disk *disk)
{
	return disk->alua == ALUA_NONE || disk->alua == ALUA_OPTIMIZED || disk->alua == ALUA_NON_OPTIMIZED;
}

/*
 * The array may have mapped another LUN in place of the one that the kernel found, or made it smaller; the kernel
 * notices neither by itself. A LUN that grew does no harm on the way back.
 */
static int still_the_lun(const struct work *work, const struct disk *disk, const struct probed *now, struct error *err)
{
	if (strcmp(now->wwid, disk->true_wwid) != 0)
		return error_set(err, ERR_LUN_CHANGED, disk->name, "it is now %s, and was %s",
				 *now->wwid ? now->wwid : "nobody", disk->true_wwid);
	if (now->size_bytes < disk->size_bytes || (now->size_bytes > disk->size_bytes && work->to == SIDE_DESTINATION))
		return error_set(err, ERR_LUN_CHANGED, disk->name, "it has %" PRIu64 " bytes, and had %" PRIu64,
				 now->size_bytes, disk->size_bytes);
	return 0;
}

/* To the destination, every path has to answer. On the way back one is enough: a cancel always works. */
static int probe(struct work *work, struct error *err)
{
	const struct scsi_port *scsi = &work->engine->ports->scsi;

	for (size_t i = 0; i < work->changing_count; i++) {
		const char *wwid = lun_on(work->changing[i], work->to);
		const struct disk *disk;
		size_t answered = 0;

		error_set(err, ERR_PATH_PROBE_FAILED, work->changing[i]->name,
			  "the LUN to switch to has no path that serves I/O");
		for (size_t nth = 0; (disk = inventory_lun_disk(&work->now, wwid, nth)); nth++) {
			struct probed now_is = { 0 };

			if (!serves_io(disk))
				continue;
			if (scsi->probe(scsi->ctx, disk->name, PROBE_TIMEOUT_MS, &now_is, err) == 0) {
				if (still_the_lun(work, disk, &now_is, err) < 0)
					return -1;
				answered++;
			} else if (work->to == SIDE_DESTINATION)
				return -1;
		}
		if (answered == 0)
			return -1;
	}
	*err = (struct error){ 0 };
	return 0;
}

static int record_intent(struct work *work, struct error *err)
{
	const struct host_port *host = &work->engine->ports->host;

	/*
	 * if rules cannot be written, they could not be restored either: find that here, where nothing has changed yet
	 */
	if (!work->recovering && identities_apply(work->engine, err) < 0)
		return -1;
	if (import_reserve(work, err) < 0)
		return -1;
	if (!work->recovering)
		queueing_note(work);
	if (work->lease_ms)
		work->import->last_hold = (struct hold_note){ .outcome = HOLD_INTERRUPTED,
							      .to = work->to,
							      .lease_ms = work->lease_ms,
							      .since_ms = host->wall_ms(host->ctx) };
	else if (!work->recovering)
		work->import->last_hold = (struct hold_note){ 0 };
	work->import->doing = doing_switch(work->to);
	return import_save(work->engine, work->import, JOURNAL_INTENT, err);
}

static int stop_multipathd(struct work *work, struct error *err)
{
	const struct multipathd_port *multipathd = &work->engine->ports->multipathd;
	CLEANUP_FREE char *reply = NULL;
	bool running;

	if (multipathd->running(multipathd->ctx, &running, err) < 0)
		return -1;
	if (running && multipathd->command(multipathd->ctx, "forcequeueing daemon", &reply, err) < 0)
		return -1;
	work->multipathd_stopped = true;
	if (multipathd->stop(multipathd->ctx, err) < 0)
		return -1;
	return queueing_keep(work, err);
}

static int start_multipathd(struct work *work, struct error *err)
{
	const struct multipathd_port *multipathd = &work->engine->ports->multipathd;

	if (!work->multipathd_stopped)
		return 0;
	if (multipathd->start(multipathd->ctx, err) < 0)
		return -1;
	work->multipathd_stopped = false;
	return queueing_restore(work, err);
}

static enum identity_role role_on(enum side side)
{
	return side == SIDE_DESTINATION ? IDENTITY_EXCHANGED : IDENTITY_HIDDEN;
}

static int publish_side(struct work *work, enum side side, struct error *err)
{
	if (identities_assign(work->engine, work->import, role_on(side), err) < 0)
		return -1;
	return publish(work->engine, work->import, &work->now, err);
}

static int publish_held(struct work *work, struct error *err)
{
	if (identities_hold(work->engine, work->import, role_on(work->to), err) < 0)
		return -1;
	return publish(work->engine, work->import, &work->now, err);
}

/* Check what is published for the disks that the live maps will get. */
static int arriving_disks_published(struct work *work, struct error *err)
{
	if (inventory_load(work->engine->ports, &work->now, err) < 0)
		return -1;
	for (size_t i = 0; i < work->import->member_count; i++) {
		const struct member *member = &work->import->members[i];
		const struct disk *disk;

		for (size_t nth = 0; (disk = inventory_lun_disk(&work->now, lun_on(member, work->to), nth)); nth++)
			if (strcmp(disk->published_wwid, member->source_wwid) != 0)
				return error_set(err, ERR_UDEV_TIMEOUT, disk->name, "udev has not processed it");
	}
	return 0;
}

/*
 * On the way back udev may be unable to process the destination's disks, because their array hangs. They must not stop
 * the switch; drop_unseen removes them from the host after the exchange.
 */
static int publish_wanted(struct work *work, struct error *err)
{
	int result = work->lease_ms ? publish_held(work, err) : publish_side(work, work->to, err);

	if (result < 0 && err->code == ERR_UDEV_TIMEOUT && work->to == SIDE_SOURCE)
		result = arriving_disks_published(work, err);
	return result;
}

static bool is_unseen(const struct disk *disk, const struct member *member)
{
	return strcmp(disk->published_wwid, member->destination_wwid) != 0;
}

static bool any_unseen(const struct work *work)
{
	for (size_t i = 0; i < work->import->member_count; i++) {
		const struct member *member = &work->import->members[i];
		const struct disk *disk;

		for (size_t nth = 0; (disk = inventory_lun_disk(&work->now, member->destination_wwid, nth)); nth++)
			if (is_unseen(disk, member))
				return true;
	}
	return false;
}

/* A disk that is still published under the live map's WWID would become its path as soon as multipathd runs. */
static int drop_unseen(struct work *work, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;

	if (work->to == SIDE_DESTINATION || !any_unseen(work))
		return 0;
	if (inventory_load(work->engine->ports, &work->now, err) < 0) /* udev may have been slow */
		return -1;
	for (size_t i = 0; i < work->import->member_count; i++) {
		const struct member *member = &work->import->members[i];
		const struct disk *disk;

		for (size_t nth = 0; (disk = inventory_lun_disk(&work->now, member->destination_wwid, nth)); nth++)
			if (is_unseen(disk, member) && device->delete_disk(device->ctx, disk->name, err) < 0)
				return -1;
	}
	return 0;
}

static int publish_back(struct work *work, struct error *err)
{
	return publish_side(work, other_side(work->to), err);
}

static int load_pair(struct work *work, const struct member *member, struct error *err)
{
	const struct inventory *now = &work->now;
	const struct dm_port *dm = &work->engine->ports->dm;
	const struct map *live = inventory_map(now, member->source_wwid);
	const struct map *idle = inventory_map(now, member->destination_wwid);
	CLEANUP_FREE char *table = NULL;
	char empty[64];

	if (!live || !idle)
		return error_set(err, ERR_VERIFY_FAILED, member->name, "one of the two maps is gone");
	/*
	 * A held map accepts no messages, so queueing has to be in the table itself. The idle map may have an old
	 * length of its LUN; the live map keeps its own length.
	 */
	if (mp_table_adapt(idle->table, live->paths.length_sectors, "queue_if_no_path", &table, err) < 0 ||
	    dm->load(dm->ctx, live->dm.name, table, false, err) < 0)
		return -1;
	if (dm->load(dm->ctx, idle->dm.name, live->table, false, err) == 0)
		return 0;
	if (work->to == SIDE_DESTINATION)
		return -1;
	/* the old side's disks are gone; the idle map gets a table without paths, so that the way back stays open */
	snprintf(empty, sizeof(empty), "0 %" PRIu64 " multipath 0 0 0 0\n", live->paths.length_sectors);
	return dm->load(dm->ctx, idle->dm.name, empty, false, err);
}

static int load_tables(struct work *work, struct error *err)
{
	if (sides_find_changing(work, err) < 0)
		return -1;
	for (size_t i = 0; i < work->changing_count; i++)
		if (load_pair(work, work->changing[i], err) < 0)
			return -1;
	return suspend_prepare_all(work, err);
}

static int clear_tables(struct work *work, struct error *err)
{
	const struct dm_port *dm = &work->engine->ports->dm;
	int result = 0;

	work_free_suspends(work);
	for (size_t i = 0; i < work->changing_count; i++)
		if (dm->clear(dm->ctx, work->changing[i]->name, err) < 0 ||
		    dm->clear(dm->ctx, work->idle_names[i], err) < 0)
			result = -1;
	return result;
}

/* A failed hold has dropped the loaded tables; a retry of the step loads them again. */
static int exchange(struct work *work, struct error *err)
{
	if (!work->suspends && (inventory_load(work->engine->ports, &work->now, err) < 0 || load_tables(work, err) < 0))
		return -1;
	if (hold_exchange(work, err) == 0)
		return 0;
	work_free_suspends(work);
	return -1;
}

/*
 * The hold failed. Normally everything is on the old side again. Only if the kernel refused to release one map after
 * others were released, those others have to be exchanged back.
 */
static int exchange_back(struct work *work, struct error *err)
{
	enum side wanted = work->to;
	int result;

	work->to = other_side(wanted);
	result = clear_tables(work, err);
	if (result == 0)
		result = resume_maps(work->engine, work->import, false, err);
	if (result == 0)
		result = inventory_load(work->engine->ports, &work->now, err);
	if (result == 0)
		result = load_tables(work, err);
	if (result == 0)
		result = hold_exchange(work, err);
	work_free_suspends(work);
	work->to = wanted;
	return result;
}

/*
 * A plan is stuck and multipathd is down. If all live maps are on one side, their identities are set to that side and
 * multipathd is started to monitor the paths. If not, it must stay down: it would fail paths of a live map.
 */
void switch_leave_safe(struct work *work)
{
	enum side side, first = SIDE_SOURCE;
	struct error err = { 0 };

	if (!work->multipathd_stopped || inventory_load(work->engine->ports, &work->now, &err) < 0)
		return;
	for (size_t i = 0; i < work->import->member_count; i++) {
		if (sides_of_member(work, &work->import->members[i], &side, &err) < 0 || (i > 0 && side != first))
			return;
		first = side;
	}
	if (publish_side(work, first, &err) < 0 || start_multipathd(work, &err) < 0)
		work_log(work, 1, &err, "multipathd stays stopped");
}

static int move_reservations(struct work *work, struct error *err)
{
	return work->recovering || work->changing_count == 0 ? 0 : pr_move_before_switch(work, err);
}

/* A host that was fenced since the hold's check of the reservations is found now; no failure here undoes the switch. */
static int look_after_reservations(struct work *work, struct error *err)
{
	struct error why = { 0 };

	(void)err;
	if (pr_move_concerns(work->import) && pr_move_sync(work, work->to, &why) < 0)
		work_log(work, 1, &why, "the reservations after the switch");
	return 0;
}

static int record_done(struct work *work, struct error *err)
{
	struct import *import = work->import;

	work_log(work, 3, NULL, "looks at the whole host: %u", work->now.loads);
	work_free_suspends(work);
	for (size_t i = 0; i < import->member_count; i++)
		import->members[i].exchanged = work->to == SIDE_DESTINATION;
	import->by_hold = work->to == SIDE_DESTINATION && import->last_hold.outcome == HOLD_INTERRUPTED &&
			  import->last_hold.to == work->to;
	if (import->last_hold.outcome == HOLD_INTERRUPTED && import->last_hold.to == work->to) {
		import->last_hold.outcome = HOLD_RELEASED;
		import->last_hold.held_ms = work->held_us / 1000;
	}
	return work_record_done(work, work->to == SIDE_DESTINATION ? IMPORT_ON_DESTINATION : IMPORT_PREPARED, err);
}

static const struct plan_step steps[] = {
	{ .name = "check", .act = check },
	{ .name = "probe", .act = probe },
	{ .name = "reservations", .act = move_reservations },
	{ .name = "intent", .act = record_intent, .undo = work_void_intent },
	{ .name = "stop_multipathd", .act = stop_multipathd, .undo = start_multipathd },
	{ .name = "present", .act = publish_wanted, .undo = publish_back },
	{ .name = "load", .act = load_tables, .undo = clear_tables },
	{ .name = "exchange", .act = exchange, .undo = exchange_back, .no_return = true },
	{ .name = "drop_unseen", .act = drop_unseen },
	{ .name = "start_multipathd", .act = start_multipathd },
	{ .name = "verify", .act = wait_settled },
	{ .name = "look_after", .act = look_after_reservations },
	{ .name = "record", .act = record_done },
};

static const struct plan plan = { "switch", steps, ARRAY_SIZE(steps) };

enum plan_outcome switch_run(struct work *work, struct error *err)
{
	/* a torn switch may have left a map held, and a held map accepts no messages; recover.c did this at start */
	if (work->recovering && resume_torn(work->engine, work->import, NULL, err) < 0)
		return PLAN_STUCK;
	for (int tries = 0; tries < PR_TRIES; tries++) {
		enum plan_outcome outcome;

		/* the last try on the way back goes without the guard: the reservations are completed after it */
		work->unguarded = work->to == SIDE_SOURCE && tries == PR_TRIES - 1;
		outcome = plan_run(&plan, work, err);
		if (outcome != PLAN_UNDONE || err->code != ERR_PR_CHANGED)
			return outcome;
		work_log(work, 2, err, "once more");
	}
	return PLAN_UNDONE;
}

static int check_for_hold(struct work *work, struct error *err)
{
	if (check(work, err) < 0)
		return -1;
	if (work->changing_count == 0)
		return error_set(
			err, ERR_STATE_WRONG, work->import->id,
			"its maps are on the %s already, which its record does not say: nothing can be held; switch or "
			"recover_device records it",
			work->to == SIDE_DESTINATION ? "destination" : "source");
	return precheck_hold(work, err);
}

/* A failed hold is not recorded as a hold: nobody waited for its end. */
static int void_hold(struct work *work, struct error *err)
{
	if (work->import->last_hold.outcome == HOLD_INTERRUPTED && !work->held_us)
		work->import->last_hold = (struct hold_note){ 0 };
	return work_void_intent(work, err);
}

/* While the maps are held, reports use work->now: nothing is read then that might need the maps. */
static int hold(struct work *work, struct error *err)
{
	return hold_begin(work, work->lease_ms, err);
}

static int unhold(struct work *work, struct error *err)
{
	hold_back(work);
	if (work->import->last_hold.outcome != HOLD_NONE)
		work->import->last_hold.held_ms = work->held_us / 1000;
	return exchange_back(work, err);
}

static int keep_identities(struct work *work, struct error *err)
{
	return identities_apply(work->engine, err);
}

static int publish_kept_identities(struct work *work, struct error *err)
{
	return publish_kept(work->engine, err);
}

static int release(struct work *work, struct error *err)
{
	if (hold_forward(work, err) == 0)
		return 0;
	work_free_suspends(work);
	return -1;
}

static const struct plan_step hold_steps[] = {
	{ .name = "check", .act = check_for_hold },
	{ .name = "probe", .act = probe },
	{ .name = "reservations", .act = move_reservations },
	{ .name = "intent", .act = record_intent, .undo = void_hold },
	{ .name = "stop_multipathd", .act = stop_multipathd, .undo = start_multipathd },
	{ .name = "present", .act = publish_wanted, .undo = publish_back },
	{ .name = "load", .act = load_tables, .undo = clear_tables },
	{ .name = "hold", .act = hold, .undo = unhold },
};

static const struct plan_step release_steps[] = {
	/* decided: after a power cut from here on, the host comes up on the new side */
	{ .name = "keep", .act = keep_identities },
	{ .name = "release", .act = release, .undo = exchange_back, .no_return = true },
	{ .name = "drop_unseen", .act = drop_unseen },
	{ .name = "start_multipathd", .act = start_multipathd },
	{ .name = "verify", .act = wait_settled },
	{ .name = "publish", .act = publish_kept_identities },
	{ .name = "look_after", .act = look_after_reservations },
	{ .name = "record", .act = record_done },
};

static const struct plan hold_plan = { "hold", hold_steps, ARRAY_SIZE(hold_steps) };
static const struct plan release_plan = { "release", release_steps, ARRAY_SIZE(release_steps) };

enum plan_outcome hold_run(struct work *work, struct error *err)
{
	return plan_run(&hold_plan, work, err);
}

enum plan_outcome release_run(struct work *work, struct error *err)
{
	return plan_run(&release_plan, work, err);
}

enum plan_outcome hold_undo(struct work *work, struct error *err)
{
	return plan_undo(&hold_plan, work, err);
}

enum plan_outcome switch_complete(struct work *work, struct error *err)
{
	struct import *import = work->import;
	bool forward;

	work->to = torn_target(import);
	if (resume_torn(work->engine, import, &forward, err) < 0)
		return PLAN_STUCK;
	if (!forward)
		work->to = other_side(work->to);
	work->recovering = true;
	work->multipathd_stopped = true;
	return switch_run(work, err);
}
