/*
 * See maps.h.
 */
#include "maps.h"

#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"

#include "base/cleanup.h"

#include <string.h>

enum { REMOVE_TRIES = 5 };

/* Whatever find_multipaths says: the LUN is claimed for multipath, its paths and map are added by name. */
int map_lun(struct work *work, const char *true_wwid, const char *wwid, const struct inventory *now, struct error *err)
{
	const struct multipathd_port *multipathd = &work->engine->ports->multipathd;
	const struct disk *disk = inventory_lun_disk(now, true_wwid, 0);
	char command[128];

	if (disk && multipathd->claim(multipathd->ctx, disk->name, err) < 0)
		return -1;
	for (size_t nth = 0; (disk = inventory_lun_disk(now, true_wwid, nth)); nth++) {
		CLEANUP_FREE char *reply = NULL;

		snprintf(command, sizeof(command), "add path %s", disk->name);
		if (multipathd->command(multipathd->ctx, command, &reply, err) < 0)
			return -1;
	}

	CLEANUP_FREE char *reply = NULL;

	snprintf(command, sizeof(command), "add map %s", wwid);
	return multipathd->command(multipathd->ctx, command, &reply, err);
}

int map_is_hidden(const struct engine *engine, const struct map *map, bool *ret_hidden, struct error *err)
{
	const struct device_port *device = &engine->ports->device;
	CLEANUP_FREE char *hidden = NULL;
	char name[NODE_SIZE];

	map_node(map, name);
	if (device->property(device->ctx, name, "DM_IMPORT_HIDDEN", &hidden, err) < 0)
		return -1;
	*ret_hidden = hidden && strcmp(hidden, "1") == 0;
	return 0;
}

static int remove_map(struct work *work, const char *wwid, struct error *err)
{
	const struct multipathd_port *multipathd = &work->engine->ports->multipathd;
	const struct dm_port *dm = &work->engine->ports->dm;

	for (int tries = 0;; tries++) {
		CLEANUP_FREE char *reply = NULL;
		const struct map *idle;
		char command[NAME_SIZE + 16];

		if (inventory_ask_maps(work->engine->ports, &work->now, &wwid, 1, err) < 0)
			return -1;
		idle = inventory_map(&work->now, wwid);
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
	const struct inventory *now = &work->now;
	const struct disk *disk;

	if (inventory_load(work->engine->ports, &work->now, err) < 0)
		return -1;
	for (size_t i = 0; i < now->map_count; i++)
		for (size_t p = 0; p < now->maps[i].paths.path_count; p++) {
			disk = inventory_path(now, now->maps[i].paths.paths[p]);
			if (disk && strcmp(disk->true_wwid, true_wwid) == 0)
				return error_set(err, ERR_VERIFY_FAILED, now->maps[i].dm.name, "the map still uses %s",
						 disk->name);
		}
	for (size_t nth = 0; (disk = inventory_lun_disk(now, true_wwid, nth)); nth++)
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
	struct publication shown;

	identity_published(&work->engine->identities, leaving, &shown);
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
