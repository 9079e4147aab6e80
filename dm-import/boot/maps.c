/*
 * What an initramfs left that knew nothing of a pair: maps that consist of the LUN that was live once, and entries of
 * udev's database, from which multipathd would make such maps before udev has looked at the disks again. The maps are
 * taken apart, before anything mounts them, and udev looks at those disks now.
 */
#include "dm-import/core/engine.h"
#include "dm-import/core/inventory.h"
#include "files.h"
#include "judge.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <string.h>

/* The LUN that the map of this WWID must consist of; "" for a map that must not be. */
static const char *right_lun(const struct boot_finding *finding, const struct identity_record *record, const char *wwid)
{
	bool live = strcmp(record->source_wwid, wwid) == 0;

	if (lun_set_has(&finding->down, record->source_wwid) || lun_set_has(&finding->down, record->destination_wwid))
		return "";
	if (!live && record->role == IDENTITY_RETIRED)
		return "";
	return live == (record->role == IDENTITY_HIDDEN) ? record->source_wwid : record->destination_wwid;
}

static bool is_wrong(const struct boot_finding *finding, const struct inventory *now, const struct map *map)
{
	const struct identity_record *record = identity_find(&finding->store, map->wwid);
	char carries[WWID_SIZE];

	if (!record)
		return lun_set_has(&finding->down, map->wwid);
	inventory_true_wwid(now, map, carries);
	return strcmp(carries, right_lun(finding, record, map->wwid)) != 0;
}

/* Partitions and volumes that were found on it go first, the ones furthest up at first. */
static int take_apart(const struct ports *ports, const struct map *map, struct error *err)
{
	CLEANUP_FREE struct user *users = NULL;
	char device[16];
	size_t count = 0;

	snprintf(device, sizeof(device), "dm-%u", map->dm.minor);
	if (ports->device.users(ports->device.ctx, device, &users, &count, err) < 0)
		return -1;
	while (count-- > 0) {
		const struct user *user = &users[count];
		bool dm_device = user->kind == USER_LVM || user->kind == USER_PARTITION || user->kind == USER_DM;

		if (!dm_device)
			return error_set(err, ERR_DM_FAILED, map->dm.name, "it is in use (%.100s)", user->name);
		if (ports->dm.remove(ports->dm.ctx, user->name, err) < 0)
			return -1;
	}
	return ports->dm.remove(ports->dm.ctx, map->dm.name, err);
}

static int keep_down(const struct map *map, struct boot_finding *finding, struct error *err)
{
	const struct identity_record *record = identity_find(&finding->store, map->wwid);

	finding->rules_needed = true;
	if (!record)
		return lun_set_add(&finding->down, map->wwid, err);
	return lun_set_add_pair(&finding->down, record->source_wwid, record->destination_wwid, err);
}

static void shown_by(const struct boot_finding *finding, const char *true_wwid, struct publication *ret)
{
	if (lun_set_has(&finding->down, true_wwid))
		identity_published_down(true_wwid, ret);
	else
		identity_published(&finding->store, true_wwid, ret);
}

/* A disk that udev does not know yet presents nothing, and multipathd waits for it. */
static int present_disks(const struct ports *ports, const struct boot_finding *finding, const struct inventory *now,
			 struct error *err)
{
	CLEANUP_FREE const char **names = calloc(now->disk_count + 1, sizeof(*names));
	struct publication should;
	size_t count = 0;

	if (!names)
		return error_no_memory(err);
	for (size_t i = 0; i < now->disk_count; i++) {
		const struct disk *disk = &now->disks[i];

		shown_by(finding, disk->true_wwid, &should);
		if (disk->true_wwid[0] && disk->published_wwid[0] && strcmp(disk->published_wwid, should.wwid) != 0 &&
		    (identity_find(&finding->store, disk->true_wwid) || lun_set_has(&finding->down, disk->true_wwid)))
			names[count++] = disk->name;
	}
	if (count == 0)
		return 0;
	return ports->device.reidentify(ports->device.ctx, names, count,
					UDEV_TIMEOUT_MS + (unsigned)count * UDEV_PER_DISK_MS, err);
}

int engine_boot_maps(const struct engine_options *options, const struct ports *ports, char **ret_text, bool *ret_well,
		     struct error *err)
{
	CLEANUP_BOOT_FINDING struct boot_finding finding = { 0 };
	CLEANUP_INVENTORY struct inventory now = { 0 };
	CLEANUP_BUF struct buf text = { 0 };
	CLEANUP_FD int lock = -1; /* the map of a side that is not live is nobody's, but the agent's */
	bool well = true;

	if (engine_lock(options, &lock, err) < 0 || boot_inspect(options, &ports->host, NULL, &finding, err) < 0 ||
	    inventory_load(ports, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < now.map_count; i++) {
		const struct map *map = &now.maps[i];
		struct error why = { 0 };

		if (!is_wrong(&finding, &now, map))
			continue;
		if (take_apart(ports, map, &why) == 0) {
			buf_printf(&text,
				   "Map %s was assembled from the wrong LUN before the rules applied. It was removed; "
				   "multipathd builds it again.\n",
				   map->dm.name);
			continue;
		}
		well = false;
		buf_printf(
			&text,
			"Map %s was assembled from the wrong LUN before the rules applied, and cannot be removed (%s). "
			"Its LUNs stay down. Do not use what is on it. Rebuild the initramfs (systemctl start "
			"dm-import-initramfs), then reboot.\n",
			map->dm.name, why.detail);
		if (keep_down(map, &finding, err) < 0)
			return -1;
	}
	if (!well && (boot_write(options, &ports->host, &finding, err) < 0 ||
		      ports->device.reidentify(ports->device.ctx, NULL, 0, UDEV_TIMEOUT_MS, err) < 0))
		return -1;
	if (present_disks(ports, &finding, &now, err) < 0)
		return -1;
	*ret_well = well;
	*ret_text = text.length ? buf_take(&text) : NULL;
	return 0;
}
