/*
 * Puts together what the ports tell; see inventory.h. A map may go away between listing it and reading its table
 * (somebody removed it): it is left out then, which is the truth a moment later.
 */
#include "inventory.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct map *)a)->dm.name, ((const struct map *)b)->dm.name);
}

/* The map's table; 1 when the map is gone. */
static int read_table(const struct dm_port *dm, struct map *map, struct error *err)
{
	struct error why = { 0 };

	map->table = NULL;
	if (dm->table(dm->ctx, map->dm.name, &map->table, &why) < 0) {
		if (why.sys_errno == ENXIO)
			return 1;
		if (err)
			*err = why;
		return -1;
	}
	if (mp_table_parse(map->table, &map->paths, NULL) < 0)
		map->paths = (struct mp_table){ 0 };
	return 0;
}

static int load_maps(const struct dm_port *dm, struct inventory *inventory, struct error *err)
{
	CLEANUP_FREE struct dm_device *devices = NULL;
	size_t count = 0;

	if (dm->list(dm->ctx, &devices, &count, err) < 0)
		return -1;
	inventory->maps = calloc(count + 1, sizeof(*inventory->maps));
	if (!inventory->maps)
		return error_no_memory(err);
	for (size_t i = 0; i < count; i++) {
		struct map *map = &inventory->maps[inventory->map_count];
		int gone;

		if (strncmp(devices[i].uuid, "mpath-", 6) != 0)
			continue;
		map->dm = devices[i];
		snprintf(map->wwid, sizeof(map->wwid), "%.63s", devices[i].uuid + 6);
		gone = read_table(dm, map, err);
		if (gone < 0)
			return -1;
		inventory->map_count += !gone;
	}
	qsort(inventory->maps, inventory->map_count, sizeof(*inventory->maps), by_name);
	return 0;
}

static void free_maps(struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->map_count; i++)
		free(inventory->maps[i].table);
	free(inventory->maps);
	inventory->maps = NULL;
	inventory->map_count = 0;
}

void inventory_free(struct inventory *inventory)
{
	free_maps(inventory);
	free(inventory->disks);
	*inventory = (struct inventory){ 0 };
}

int inventory_load(const struct ports *ports, struct inventory *inventory, struct error *err)
{
	struct inventory now = { .looks = inventory->looks + 1 };

	if (ports->device.disks(ports->device.ctx, &now.disks, &now.disk_count, err) < 0 ||
	    load_maps(&ports->dm, &now, err) < 0) {
		inventory_free(&now);
		return -1;
	}
	inventory_free(inventory);
	*inventory = now;
	return 0;
}

static void leave_out(struct inventory *inventory, struct map *map)
{
	struct map *end = inventory->maps + --inventory->map_count;

	free(map->table);
	memmove(map, map + 1, (size_t)(end - map) * sizeof(*map));
}

/* 1 when it is gone, or another map has its name. */
static int ask_map(const struct dm_port *dm, struct map *map, struct error *err)
{
	struct dm_device now;
	struct error why = { 0 };

	if (dm->device(dm->ctx, map->dm.name, &now, &why) < 0) {
		if (why.sys_errno == ENXIO)
			return 1;
		if (err)
			*err = why;
		return -1;
	}
	if (strcmp(now.uuid, map->dm.uuid) != 0)
		return 1;
	map->dm = now;
	free(map->table);
	return read_table(dm, map, err);
}

int inventory_ask_maps(const struct ports *ports, struct inventory *inventory, const char *const *wwids, size_t count,
		       struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct map *map = (struct map *)inventory_map(inventory, wwids[i]);
		int gone = map ? ask_map(&ports->dm, map, err) : 1;

		if (map && gone != 0)
			leave_out(inventory, map);
		if (gone < 0)
			return -1;
		if (gone == 0)
			continue;
		free_maps(inventory);
		return load_maps(&ports->dm, inventory, err);
	}
	return 0;
}

const struct map *inventory_map(const struct inventory *inventory, const char *wwid)
{
	for (size_t i = 0; i < inventory->map_count; i++)
		if (strcmp(inventory->maps[i].wwid, wwid) == 0)
			return &inventory->maps[i];
	return NULL;
}

const struct disk *inventory_path(const struct inventory *inventory, const char *devno)
{
	char other[DEVNO_SIZE];

	for (size_t i = 0; i < inventory->disk_count; i++) {
		snprintf(other, sizeof(other), "%u:%u", inventory->disks[i].major, inventory->disks[i].minor);
		if (strcmp(other, devno) == 0)
			return &inventory->disks[i];
	}
	return NULL;
}

void inventory_true_wwid(const struct inventory *inventory, const struct map *map, char ret[static WWID_SIZE])
{
	const char *wwid = "";

	ret[0] = '\0';
	for (size_t i = 0; i < map->paths.path_count; i++) {
		const struct disk *disk = inventory_path(inventory, map->paths.paths[i]);

		if (!disk || (i > 0 && strcmp(wwid, disk->true_wwid) != 0))
			return;
		wwid = disk->true_wwid;
	}
	snprintf(ret, WWID_SIZE, "%s", wwid);
}

bool inventory_has_path_of(const struct inventory *inventory, const struct map *map, const char *true_wwid)
{
	for (size_t i = 0; i < map->paths.path_count; i++) {
		const struct disk *disk = inventory_path(inventory, map->paths.paths[i]);

		if (disk && strcmp(disk->true_wwid, true_wwid) == 0)
			return true;
	}
	return false;
}

const struct disk *inventory_lun_disk(const struct inventory *inventory, const char *true_wwid, size_t nth)
{
	for (size_t i = 0; i < inventory->disk_count; i++)
		if (strcmp(inventory->disks[i].true_wwid, true_wwid) == 0 && nth-- == 0)
			return &inventory->disks[i];
	return NULL;
}

size_t inventory_lun_disk_count(const struct inventory *inventory, const char *true_wwid)
{
	size_t count = 0;

	while (inventory_lun_disk(inventory, true_wwid, count))
		count++;
	return count;
}

void map_node(const struct map *map, char ret[static NODE_SIZE])
{
	snprintf(ret, NODE_SIZE, "dm-%u", map->dm.minor);
}
