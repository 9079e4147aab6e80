/*
 * Prepare: find the destination's paths, have multipathd build its map, and see that everything about the pair is
 * right. The LUN is hidden since the import was created. No I/O of an application moves.
 */
#include "dm-import/checks/precheck.h"
#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "dm-import/host/maps.h"
#include "dm-import/host/publish.h"
#include "dm-import/host/wait.h"
#include "dm-import/reservations/move.h"
#include "dm-import/reservations/unregister.h"
#include "dm-import/store/journal_file.h"
#include "plan.h"
#include "plans.h"
#include "steps.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <string.h>

/* An import that a failing undo had left stuck is new again here: nothing of an application was touched. */
static int undo_intent(struct work *work, struct error *err)
{
	work->import->state = IMPORT_NEW;
	work->import->attention = (struct error){ 0 };
	return work_void_intent(work, err);
}

static int check(struct work *work, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;

	/* udev's helpers may still be looking at new disks and maps */
	if (device->settle(device->ctx, SETTLE_TIMEOUT_MS, err) < 0 ||
	    inventory_load(work->engine->ports, &work->now, err) < 0)
		return -1;
	return precheck_members(work, work->step->destination_required, err);
}

/* " sda sdb ": the destination's disks */
static char *destination_disks(const struct work *work, struct error *err)
{
	struct buf buf = { 0 };
	char *text;

	buf_puts(&buf, " ");
	for (size_t i = 0; i < work->import->member_count; i++) {
		const char *wwid = work->import->members[i].destination_wwid;
		const struct disk *disk;

		for (size_t nth = 0; (disk = inventory_lun_disk(&work->now, wwid, nth)); nth++)
			buf_printf(&buf, "%s ", disk->name);
	}
	text = buf_take(&buf);
	if (!text)
		error_no_memory(err);
	return text;
}

static int scan(struct work *work, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;

	work->disks_before = destination_disks(work, err);
	if (!work->disks_before || publish(work->engine, work->import, &work->now, err) < 0 ||
	    device->rescan(device->ctx, err) < 0)
		return -1;
	if (wait_disks(work, err) < 0)
		return -1;
	if (publish_verify(work->engine, work->import, &work->now, err) < 0)
		return -1;
	return publish_live(work->engine, work->import, &work->now, err);
}

/* Only what this scan brought in goes away again. */
static int unscan(struct work *work, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;
	CLEANUP_FREE char *disks = NULL;
	char *rest, *name, known[DISK_NAME_SIZE + 2];

	if (!work->disks_before)
		return 0;
	if (inventory_load(work->engine->ports, &work->now, err) < 0)
		return -1;
	disks = destination_disks(work, err);
	if (!disks)
		return -1;
	for (name = strtok_r(disks, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		snprintf(known, sizeof(known), " %.31s ", name);
		if (!strstr(work->disks_before, known) && device->delete_disk(device->ctx, name, err) < 0)
			return -1;
	}
	return 0;
}

/* A map that is older than our rule is visible; made again, it is hidden from its first event on. */
static int drop_visible(struct work *work, const struct map *map, bool *ret_dropped, struct error *err)
{
	const struct multipathd_port *multipathd = &work->engine->ports->multipathd;
	const struct dm_port *dm = &work->engine->ports->dm;
	CLEANUP_FREE char *reply = NULL;
	char command[NAME_SIZE + 16];
	bool hidden;

	*ret_dropped = false;
	if (map_is_hidden(work->engine, map, &hidden, err) < 0)
		return -1;
	if (hidden)
		return 0;
	if (map->dm.open_count)
		return error_set(err, ERR_DESTINATION_IN_USE, map->dm.name, "a process has the destination's map open");
	snprintf(command, sizeof(command), "del map %s", map->dm.name);
	multipathd->command(multipathd->ctx, command, &reply, NULL);
	if (dm->remove(dm->ctx, map->dm.name, err) < 0)
		return -1;
	*ret_dropped = true;
	return 0;
}

static int all_hidden(struct work *work, struct error *err)
{
	for (size_t i = 0; i < work->import->member_count; i++) {
		const char *wwid = work->import->members[i].destination_wwid;
		const struct map *map = inventory_map(&work->now, wwid);
		bool hidden = false;

		if (map && map_is_hidden(work->engine, map, &hidden, err) < 0)
			return -1;
		if (!hidden)
			return error_set(err, ERR_UDEV_FAILED, map ? map->dm.name : wwid,
					 "the destination's map is not hidden");
	}
	return 0;
}

static int map_destinations(struct work *work, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;

	for (size_t i = 0; i < work->import->member_count; i++) {
		const char *wwid = work->import->members[i].destination_wwid;
		const struct map *map = inventory_map(&work->now, wwid);
		bool missing = !map;

		if (map && drop_visible(work, map, &missing, err) < 0)
			return -1;
		if (missing && map_lun(work, wwid, wwid, &work->now, err) < 0)
			return -1;
	}
	if (wait_destination_maps(work, err) < 0 || device->settle(device->ctx, SETTLE_TIMEOUT_MS, err) < 0)
		return -1;
	return all_hidden(work, err);
}

/* The host that holds the reservation may not have prepared yet: that is looked at before the switch. */
static int move_reservations(struct work *work, struct error *err)
{
	if (pr_move_sync(work, SIDE_SOURCE, err) == 0 || err->code == ERR_PR_NOT_RESERVED) {
		*err = (struct error){ 0 };
		return 0;
	}
	return -1;
}

static int remove_reservations(struct work *work, struct error *err)
{
	(void)err;
	pr_unregister(work, SIDE_DESTINATION);
	return 0;
}

static const struct plan_step steps[] = {
	{ .name = "check_source", .act = check },
	{ .name = "intent", .act = step_intend, .undo = undo_intent, .doing = DOING_PREPARE },
	{ .name = "scan", .act = scan, .undo = unscan },
	{ .name = "map", .act = map_destinations, .undo = unmap_destinations },
	{ .name = "reservations", .act = move_reservations, .undo = remove_reservations },
	{ .name = "check_pairs", .act = check, .destination_required = true },
	{ .name = "record", .act = step_record, .state = IMPORT_PREPARED },
};

static const struct plan plan = { "prepare", steps, ARRAY_SIZE(steps) };

enum plan_outcome prepare_run(struct work *work, struct error *err)
{
	return plan_run(&plan, work, err);
}
