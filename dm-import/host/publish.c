/*
 * See publish.h. The order is always store, rules, udev: each can be made from the one before it, so a crash in between
 * is repaired by applying the store again.
 */
#include "publish.h"

#include "dm-import/core/inventory.h"
#include "dm-import/store/identities.h"

#include "base/cleanup.h"

#include <string.h>

/* Check that our rule has matched this disk: the rule stores the true WWID in udev's database. */
static int verify_rule(struct engine *engine, const struct disk *disk, struct error *err)
{
	const struct device_port *device = &engine->ports->device;
	CLEANUP_FREE char *known = NULL;

	if (device->property(device->ctx, disk->name, "DM_IMPORT_TRUE_WWID", &known, err) < 0)
		return -1;
	if (!known || strcmp(known, disk->true_wwid) != 0)
		return error_set(err, ERR_UDEV_FAILED, disk->name, "no rule of dm-import matches the LUN %s",
				 disk->true_wwid);
	return 0;
}

int publish_verify(struct engine *engine, const struct import *import, const struct inventory *now, struct error *err)
{
	for (size_t i = 0; i < now->disk_count; i++) {
		const struct disk *disk = &now->disks[i];
		struct publication should;

		if (!import_concerns(import, disk->true_wwid))
			continue;
		identity_published(&engine->identities, disk->true_wwid, &should);
		if (strcmp(disk->published_wwid, should.wwid) != 0)
			return error_set(err, ERR_UDEV_FAILED, disk->name, "udev publishes %s as %s instead of %s",
					 disk->true_wwid, disk->published_wwid, should.wwid);
		if (should.hidden && disk->system_ready)
			return error_set(err, ERR_UDEV_FAILED, disk->name, "the LUN %s is not hidden", disk->true_wwid);
		if (verify_rule(engine, disk, err) < 0)
			return -1;
	}
	return 0;
}

int publish_live(struct engine *engine, const struct import *import, const struct inventory *now, struct error *err)
{
	const struct device_port *device = &engine->ports->device;
	char text[MEMBERS_MAX][NODE_SIZE];
	const char *names[MEMBERS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < import->member_count; i++) {
		const struct map *live = inventory_map(now, import->members[i].source_wwid);
		CLEANUP_FREE char *kept = NULL;

		if (!live)
			continue;
		map_node(live, text[count]);
		if (device->property(device->ctx, text[count], "DM_NOSCAN", &kept, err) < 0)
			return -1;
		names[count] = text[count];
		count += kept == NULL;
	}
	if (count == 0)
		return 0;
	return device->reidentify(device->ctx, names, count, UDEV_TIMEOUT_MS + (unsigned)count * UDEV_PER_DISK_MS, err);
}

/* Once udev has read rules that do not test for the hold's marker, nothing needs it. */
static int reidentify(struct engine *engine, const char *const *names, size_t count, struct error *err)
{
	const struct device_port *device = &engine->ports->device;
	unsigned timeout_ms = UDEV_TIMEOUT_MS + (unsigned)count * UDEV_PER_DISK_MS;

	if (device->reidentify(device->ctx, names, count, timeout_ms, err) < 0)
		return -1;
	return engine->identities_held ? 0 : identities_end_hold(engine, err);
}

int publish_kept(struct engine *engine, struct error *err)
{
	return reidentify(engine, NULL, 0, err);
}

static int update_udev(struct engine *engine, const struct import *import, const struct inventory *now,
		       struct error *err)
{
	CLEANUP_FREE const char **names = calloc(now->disk_count + 1, sizeof(*names));
	size_t count = 0;

	if (!names)
		return error_no_memory(err);
	for (size_t i = 0; i < now->disk_count; i++)
		if (import_concerns(import, now->disks[i].true_wwid))
			names[count++] = now->disks[i].name;
	return reidentify(engine, names, count, err);
}

/* The import's LUNs have a disk that is not in the last inventory: it may have appeared before the rules. */
static bool has_new_disks(const struct import *import, const struct inventory *before, const struct inventory *now)
{
	for (size_t i = 0; i < now->disk_count; i++) {
		const struct disk *disk = &now->disks[i];
		size_t k = 0;

		while (k < before->disk_count && strcmp(before->disks[k].name, disk->name) != 0)
			k++;
		if (k == before->disk_count && import_concerns(import, disk->true_wwid))
			return true;
	}
	return false;
}

int publish(struct engine *engine, const struct import *import, struct inventory *now, struct error *err)
{
	bool more = false;

	if (!now->disks && inventory_load(engine->ports, now, err) < 0)
		return -1;
	do {
		CLEANUP_INVENTORY struct inventory after = { .loads = now->loads };
		struct inventory before;

		if (update_udev(engine, import, now, err) < 0 || inventory_load(engine->ports, &after, err) < 0)
			return -1;
		more = !more && has_new_disks(import, now, &after);
		before = *now;
		*now = after;
		after = before;
	} while (more);
	return publish_verify(engine, import, now, err);
}
