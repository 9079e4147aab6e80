/*
 * The two ends of an import: commit removes the source side from the host, cancel the destination side (behind a switch
 * back, if there was one to take back). Both remove a side that nobody uses: its map, then its disks. What they cannot
 * finish they can be asked again; there is nothing to undo, since the application is not concerned.
 */
#include "dm-import/checks/precheck.h"
#include "dm-import/core/engine.h"
#include "dm-import/host/wait.h"
#include "dm-import/reservations/move.h"

#include "base/cleanup.h"

#include <string.h>

enum { REMOVE_TRIES = 5 };

static int remove_map(struct work *work, const char *wwid, struct error *err)
{
	const struct multipathd_port *multipathd = &work->engine->ports->multipathd;
	const struct dm_port *dm = &work->engine->ports->dm;

	for (int tries = 0;; tries++) {
		CLEANUP_INVENTORY struct inventory now = { 0 };
		CLEANUP_FREE char *reply = NULL;
		const struct map *idle;
		char command[NAME_SIZE + 16];

		if (inventory_load(work->engine->ports, &now, err) < 0)
			return -1;
		idle = inventory_map(&now, wwid);
		if (!idle)
			return 0;
		if (idle->dm.open_count)
			return error_set(err, ERR_DESTINATION_IN_USE, idle->dm.name, "a process has the idle map open");
		if (tries == REMOVE_TRIES)
			return error_set(err, ERR_MULTIPATHD_FAILED, idle->dm.name,
					 "the idle map comes back each time it is removed");
		snprintf(command, sizeof(command), "del map %s", idle->dm.name);
		multipathd->command(multipathd->ctx, command, &reply, NULL);
		if (dm->remove(dm->ctx, idle->dm.name, err) < 0)
			return -1;
	}
}

int unmap_destinations(struct work *work, struct error *err)
{
	for (size_t i = 0; i < work->import->member_count; i++)
		if (remove_map(work, work->import->members[i].destination_wwid, err) < 0)
			return -1;
	return 0;
}

/* The LUN of the side that goes away must be in no map any more, least of all in the live one. */
static int delete_disks(struct work *work, const char *true_wwid, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;
	CLEANUP_INVENTORY struct inventory now = { 0 };
	const struct disk *disk;

	if (inventory_load(work->engine->ports, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < now.map_count; i++)
		for (size_t p = 0; p < now.maps[i].paths.path_count; p++) {
			disk = inventory_path(&now, now.maps[i].paths.paths[p]);
			if (disk && strcmp(disk->true_wwid, true_wwid) == 0)
				return error_set(err, ERR_VERIFY_FAILED, now.maps[i].dm.name, "the map still uses %s",
						 disk->name);
		}
	for (size_t nth = 0; (disk = inventory_lun_disk(&now, true_wwid, nth)); nth++)
		if (device->delete_disk(device->ctx, disk->name, err) < 0)
			return -1;
	return 0;
}

/*
 * The idle map of a pair always has the destination's WWID; the LUN in it depends on the side. Of a LUN that is retired
 * multipathd may have made one under the name that it presents.
 */
static int remove_maps(struct work *work, const struct member *member, const char *leaving, struct error *err)
{
	struct presentation shown;

	identity_present(&work->engine->identities, leaving, &shown);
	if (shown.retired && remove_map(work, shown.wwid, err) < 0)
		return -1;
	return remove_map(work, member->destination_wwid, err);
}

int remove_side(struct work *work, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;

	for (size_t i = 0; i < work->import->member_count; i++) {
		const struct member *member = &work->import->members[i];
		const char *leaving = work->to == SIDE_DESTINATION ? member->source_wwid : member->destination_wwid;
		int tries = 0;

		/* multipathd may make the map again as long as the disks are there */
		while (remove_maps(work, member, leaving, err) < 0 || delete_disks(work, leaving, err) < 0)
			if (++tries == REMOVE_TRIES)
				return -1;
		if (remove_maps(work, member, leaving, err) < 0)
			return -1;
	}
	return device->settle(device->ctx, SETTLE_TIMEOUT_MS, err);
}

static int unregister(struct work *work, struct error *err)
{
	(void)err;
	pr_move_leave(work, other_side(work->to));
	return 0;
}

static int check_on_destination(struct work *work, struct error *err)
{
	return wait_settled(work, err);
}

static int intend_commit(struct work *work, struct error *err)
{
	/* as in a switch: what cannot write rules is found where nothing has changed */
	if ((!work->recovering && identities_apply(work->engine, err) < 0) || import_reserve(work, err) < 0)
		return -1;
	work->import->doing = DOING_COMMIT;
	return import_save(work->engine, work->import, JOURNAL_INTENT, err);
}

/* From here the source LUN is quarantined whenever it shows up again. Its disks are not asked now: they go away next.
 */
static int retire_source(struct work *work, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;

	if (identities_assign(work->engine, work->import, IDENTITY_RETIRED, err) < 0)
		return -1;
	return device->reidentify(device->ctx, NULL, 0, UDEV_TIMEOUT_MS, err);
}

static int unretire_source(struct work *work, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;

	if (identities_assign(work->engine, work->import, IDENTITY_EXCHANGED, err) < 0)
		return -1;
	return device->reidentify(device->ctx, NULL, 0, UDEV_TIMEOUT_MS, err);
}

static int record_committed(struct work *work, struct error *err)
{
	return work_record_done(work, IMPORT_COMMITTED, err);
}

static const struct plan_step commit_steps[] = {
	{ "check", check_on_destination, NULL, false },	    { "intent", intend_commit, work_void_intent, false },
	{ "retire", retire_source, unretire_source, true }, { "unregister", unregister, NULL, false },
	{ "remove_source", remove_side, NULL, false },	    { "record", record_committed, NULL, false },
};

static const struct plan commit_plan = { "commit", commit_steps, ARRAY_SIZE(commit_steps) };

enum plan_outcome commit_run(struct work *work, struct error *err)
{
	work->to = SIDE_DESTINATION;
	return plan_run(&commit_plan, work, err);
}

static int intend_cancel(struct work *work, struct error *err)
{
	if (import_reserve(work, err) < 0)
		return -1;
	work->import->doing = DOING_CANCEL;
	return import_save(work->engine, work->import, JOURNAL_INTENT, err);
}

static int record_cancelled(struct work *work, struct error *err)
{
	return work_record_done(work, IMPORT_CANCELLED, err);
}

/* The hiding rule stays until the import is deleted: the array may not have unmapped the LUN yet. */
static const struct plan_step cancel_steps[] = {
	{ "intent", intend_cancel, work_void_intent, false },
	{ "unregister", unregister, NULL, false },
	{ "remove_destination", remove_side, NULL, false },
	{ "record", record_cancelled, NULL, false },
};

static const struct plan cancel_plan = { "cancel", cancel_steps, ARRAY_SIZE(cancel_steps) };

enum plan_outcome cancel_run(struct work *work, struct error *err)
{
	work->to = SIDE_SOURCE;
	return plan_run(&cancel_plan, work, err);
}
