/*
 * Pre-checks of one member pair: the source as it is in use, the destination as it will have to take over. Each is one
 * function in a table at the end; each leaves a case to the check whose business it is (no map: only
 * `source_is_multipath` says so).
 */
#include "pair.h"

#include "dm-import/core/inventory.h"
#include "dm-import/formats/mpconf.h"
#include "dm-import/reservations/lun.h"
#include "finding.h"

#include "base/cleanup.h"

#include <string.h>

enum { OPEN_TRIES = 15 };

/* The LUN that the live map is on now. */
static const char *live_lun(const struct member *member)
{
	return member->exchanged ? member->destination_wwid : member->source_wwid;
}

static const struct map *live_map(const struct precheck *check, const struct member *member)
{
	return inventory_map(check->now, member->source_wwid);
}

static const struct disk *first_disk(const struct precheck *check, const char *true_wwid)
{
	return inventory_lun_disk(check->now, true_wwid, 0);
}

static void source_is_multipath(struct precheck *check, const struct member *member)
{
	char carries[WWID_SIZE];

	if (!live_map(check, member)) {
		bool seen = first_disk(check, member->source_wwid) != NULL;

		finding_add(check, seen ? ERR_SOURCE_NOT_MULTIPATH : ERR_VOLUME_UNKNOWN, SEVERITY_ERROR, member,
			    member->source_wwid, "%s", "");
		return;
	}
	inventory_true_wwid(check->now, live_map(check, member), carries);
	if (strcmp(carries, live_lun(member)) != 0 && !identity_find(&check->engine->identities, member->source_wwid))
		finding_add(check, ERR_IDENTITY_TAKEN, SEVERITY_ERROR, member, live_map(check, member)->dm.name,
			    "(its paths belong to %s)", *carries ? carries : "no LUN, or to several");
}

/* A pair's record outlives its import: then the LUN has the identity for good. */
static void say_taken(struct precheck *check, const struct member *member, const char *wwid)
{
	const struct identity_record *record = identity_find(&check->engine->identities, wwid);

	if (record && strcmp(record->import_id, check->import->id) != 0)
		finding_add(check, record->role == IDENTITY_RETIRED ? ERR_IDENTITY_TAKEN : ERR_MEMBER_IN_IMPORT,
			    SEVERITY_ERROR, member, wwid, "(import %s)", record->import_id);
}

static void source_is_free(struct precheck *check, const struct member *member)
{
	say_taken(check, member, member->source_wwid);
}

static void source_is_open(struct precheck *check, const struct member *member)
{
	const struct map *map = live_map(check, member);

	if (map && map->dm.open_count == 0)
		finding_add(check, ERR_SOURCE_NOT_OPEN, SEVERITY_ERROR, member, map->dm.name, "%s", "");
}

static void source_paths_work(struct precheck *check, const struct member *member)
{
	const struct disk *disk;

	for (size_t nth = 0; (disk = inventory_lun_disk(check->now, member->source_wwid, nth)); nth++)
		if (strcmp(disk->state, "running") != 0)
			finding_add(check, ERR_SOURCE_PATHS_FAILED, SEVERITY_WARNING, member, disk->name, "(%s is %s)",
				    disk->name, disk->state);
}

static void source_is_not_bypassed(struct precheck *check, const struct member *member)
{
	const struct device_port *device = &check->engine->ports->device;
	const struct disk *disk;

	for (size_t nth = 0; (disk = inventory_lun_disk(check->now, live_lun(member), nth)); nth++) {
		CLEANUP_FREE struct user *users = NULL;
		struct error err = { 0 };
		size_t count = 0;

		if (device->users(device->ctx, disk->name, &users, &count, &err) < 0)
			finding_add(check, err.code, SEVERITY_ERROR, member, disk->name, "%s", err.detail);
		else if (count)
			finding_add(check, ERR_SOURCE_BYPASSED, SEVERITY_ERROR, member, disk->name, "(%s uses %s)",
				    users[0].name, disk->name);
	}
}

/* Such a volume is assembled in the initramfs, where our rules are not. */
static void source_is_not_the_system(struct precheck *check, const struct member *member)
{
	static const char *const system_mounts[] = { "/", "/usr", "/boot" };
	const struct device_port *device = &check->engine->ports->device;
	const struct map *map = live_map(check, member);
	CLEANUP_FREE struct user *users = NULL;
	struct error err = { 0 };
	char name[NODE_SIZE];
	size_t count = 0;

	if (!map)
		return;
	map_node(map, name);
	if (device->users(device->ctx, name, &users, &count, &err) < 0)
		finding_add(check, err.code, SEVERITY_ERROR, member, map->dm.name, "%s", err.detail);
	for (size_t i = 0; i < count; i++)
		for (size_t m = 0; m < ARRAY_SIZE(system_mounts); m++)
			if (users[i].kind == USER_MOUNT && strcmp(users[i].name, system_mounts[m]) == 0)
				finding_add(check, ERR_SYSTEM_VOLUME, SEVERITY_ERROR, member, map->dm.name, "(%s)",
					    users[i].name);
}

static void source_size_is_aligned(struct precheck *check, const struct member *member)
{
	const struct map *map = live_map(check, member);

	if (map && map->paths.length_sectors % 16 != 0)
		finding_add(check, ERR_SIZE_UNALIGNED, SEVERITY_ERROR, member, map->dm.name, "(%llu bytes)",
			    (unsigned long long)map->paths.length_sectors * 512);
}

/* When no path answers, nobody can say that there is no reservation. */
static void source_reservation_can_move(struct precheck *check, const struct member *member)
{
	CLEANUP_PR_LUN struct pr_lun lun = { 0 };
	struct error err = { 0 };

	if (pr_lun_read(check->engine, check->now, live_lun(member), 0, 0, &lun, &err) < 0)
		finding_add(check, err.code, SEVERITY_ERROR, member, err.device, "(%s)", err.detail);
}

static void array_is_known(struct precheck *check, const struct member *member, const char *true_wwid)
{
	const struct disk *disk = first_disk(check, true_wwid);

	if (disk && !arrays_match(&check->engine->arrays, disk->vendor, disk->product, disk->revision))
		finding_add(check, ERR_ARRAY_UNKNOWN, SEVERITY_WARNING, member, disk->name, "(%s %s)", disk->vendor,
			    disk->product);
}

static void source_array_is_known(struct precheck *check, const struct member *member)
{
	array_is_known(check, member, member->source_wwid);
}

static void settings_for(struct precheck *check, const struct member *member, const struct disk *disk)
{
	const char *config = check->multipath_config;
	char value[128];

	if (!disk)
		return;
	if (mpconf_value(config, "recheck_wwid", disk->vendor, disk->product, value, sizeof(value)) &&
	    (strcmp(value, "yes") == 0 || strcmp(value, "1") == 0))
		finding_add(check, ERR_RECHECK_WWID, SEVERITY_ERROR, member, disk->name, "%s", "");
	if (mpconf_value(config, "uid_attribute", disk->vendor, disk->product, value, sizeof(value)) &&
	    strcmp(value, "ID_SERIAL") != 0)
		finding_add(check, ERR_UID_ATTRIBUTE, SEVERITY_ERROR, member, disk->name, "(\"%s\")", value);
	if (mpconf_value(config, "uid_attrs", disk->vendor, disk->product, value, sizeof(value)) &&
	    strstr(value, "sd:") && !strstr(value, "sd:ID_SERIAL"))
		finding_add(check, ERR_UID_ATTRIBUTE, SEVERITY_ERROR, member, disk->name, "(\"%s\")", value);
}

static void source_settings(struct precheck *check, const struct member *member)
{
	settings_for(check, member, first_disk(check, member->source_wwid));
}

static void destination_settings(struct precheck *check, const struct member *member)
{
	settings_for(check, member, first_disk(check, member->destination_wwid));
}

static void destination_is_there(struct precheck *check, const struct member *member)
{
	if (!first_disk(check, member->destination_wwid))
		finding_add(check, ERR_DESTINATION_ABSENT, check->destination_required ? SEVERITY_ERROR : SEVERITY_INFO,
			    member, member->destination_wwid, "%s", "");
}

static void destination_is_free(struct precheck *check, const struct member *member)
{
	say_taken(check, member, member->destination_wwid);
}

static void say_in_use(struct precheck *check, const struct member *member, const char *device_name)
{
	const struct device_port *device = &check->engine->ports->device;
	CLEANUP_FREE struct user *users = NULL;
	struct error err = { 0 };
	size_t count = 0;

	if (device->users(device->ctx, device_name, &users, &count, &err) < 0)
		finding_add(check, err.code, SEVERITY_ERROR, member, device_name, "%s", err.detail);
	else if (count)
		finding_add(check, ERR_DESTINATION_IN_USE, SEVERITY_ERROR, member, device_name, "(%s on %s)",
			    users[0].name, device_name);
}

/* udev's helpers open a new map for a moment; only who keeps it open uses it. */
static bool stays_open(struct precheck *check, const struct map *map)
{
	const struct host_port *host = &check->engine->ports->host;
	const struct dm_port *dm = &check->engine->ports->dm;
	bool open = map->dm.open_count > 0;

	for (int tries = 0; open && tries < OPEN_TRIES; tries++) {
		CLEANUP_FREE struct dm_device *devices = NULL;
		size_t count = 0;

		host->sleep_ms(host->ctx, 2 * POLL_MS);
		if (dm->list(dm->ctx, &devices, &count, NULL) < 0)
			return true;
		open = false;
		for (size_t i = 0; i < count; i++)
			open = open || (strcmp(devices[i].uuid, map->dm.uuid) == 0 && devices[i].open_count);
	}
	return open;
}

static void destination_is_unused(struct precheck *check, const struct member *member)
{
	const struct map *map = inventory_map(check->now, member->destination_wwid);
	const struct disk *disk;
	char device_name[NODE_SIZE];

	if (member->exchanged)
		return;
	if (map) {
		size_t errors = check->errors;

		map_node(map, device_name);
		say_in_use(check, member, device_name);
		if (errors == check->errors && stays_open(check, map))
			finding_add(check, ERR_DESTINATION_IN_USE, SEVERITY_ERROR, member, map->dm.name,
				    "(a process has %s open)", map->dm.name);
	}
	for (size_t nth = 0; (disk = inventory_lun_disk(check->now, member->destination_wwid, nth)); nth++)
		say_in_use(check, member, disk->name);
}

static void destination_has_paths(struct precheck *check, const struct member *member)
{
	size_t count = inventory_lun_disk_count(check->now, member->destination_wwid);
	const struct disk *disk;

	if (count && count < check->import->min_paths)
		finding_add(check, ERR_PATHS_TOO_FEW, SEVERITY_ERROR, member, member->destination_wwid, "(%zu of %u)",
			    count, check->import->min_paths);
	for (size_t nth = 0; (disk = inventory_lun_disk(check->now, member->destination_wwid, nth)); nth++)
		if (strcmp(disk->state, "running") != 0)
			finding_add(check, ERR_DESTINATION_PATHS_FAILED, SEVERITY_ERROR, member, disk->name,
				    "(%s is %s)", disk->name, disk->state);
}

static void destination_size(struct precheck *check, const struct member *member)
{
	const struct map *map = live_map(check, member);
	const struct disk *disk = first_disk(check, member->destination_wwid);
	uint64_t size = map ? map->paths.length_sectors * 512 : 0;

	if (!map || !disk || disk->size_bytes == size)
		return;
	finding_add(check, disk->size_bytes < size ? ERR_SIZE_SMALLER : ERR_SIZE_LARGER, SEVERITY_ERROR, member,
		    disk->name, "(%llu bytes, the source has %llu)", (unsigned long long)disk->size_bytes,
		    (unsigned long long)size);
}

static void destination_sectors(struct precheck *check, const struct member *member)
{
	const struct disk *source = first_disk(check, member->source_wwid);
	const struct disk *destination = first_disk(check, member->destination_wwid);

	if (source && destination && source->logical_sector_size != destination->logical_sector_size)
		finding_add(check, ERR_SECTOR_SIZE_DIFFERS, SEVERITY_ERROR, member, destination->name,
			    "(%u bytes, the source has %u)", destination->logical_sector_size,
			    source->logical_sector_size);
}

static void compare_limit(struct precheck *check, const struct member *member, const struct disk *disk,
			  const char *name, uint64_t map_limit, uint64_t disk_limit)
{
	if (map_limit && disk_limit < map_limit)
		finding_add(check, ERR_QUEUE_LIMIT_LOWER, SEVERITY_ERROR, member, disk->name,
			    "(%s of %s is %llu, the map's is %llu)", name, disk->name, (unsigned long long)disk_limit,
			    (unsigned long long)map_limit);
}

/* The live map keeps its limits over the exchange; an I/O made for them must fit through every new path. */
static void destination_limits(struct precheck *check, const struct member *member)
{
	const struct map *map = live_map(check, member);
	const struct disk *disk;

	if (!map || member->exchanged)
		return;
	for (size_t nth = 0; (disk = inventory_lun_disk(check->now, member->destination_wwid, nth)); nth++) {
		compare_limit(check, member, disk, "max_sectors_kb", map->dm.limits.max_io >> 10,
			      disk->limits.max_io >> 10);
		compare_limit(check, member, disk, "max_segments", map->dm.limits.max_segments,
			      disk->limits.max_segments);
		compare_limit(check, member, disk, "max_segment_size", map->dm.limits.max_segment_size,
			      disk->limits.max_segment_size);
		if (disk->limits.dma_alignment > map->dm.limits.dma_alignment && map->dm.limits.dma_alignment)
			finding_add(check, ERR_QUEUE_LIMIT_LOWER, SEVERITY_ERROR, member, disk->name,
				    "(dma_alignment of %s is coarser)", disk->name);
		/* none at all is told to the application; less than promised would fail the path */
		if (disk->limits.max_discard)
			compare_limit(check, member, disk, "discard_max_bytes", map->dm.limits.max_discard,
				      disk->limits.max_discard);
		else if (map->dm.limits.max_discard)
			finding_add(check, ERR_DISCARD_DIFFERS, SEVERITY_WARNING, member, disk->name, "%s", "");
		if (disk->limits.max_write_zeroes)
			compare_limit(check, member, disk, "write_zeroes_max_bytes", map->dm.limits.max_write_zeroes,
				      disk->limits.max_write_zeroes);
	}
}

static void same_protocol(struct precheck *check, const struct member *member)
{
	const struct disk *source = first_disk(check, member->source_wwid);
	const struct disk *destination = first_disk(check, member->destination_wwid);

	if (source && destination && source->protocol != destination->protocol)
		finding_add(check, ERR_PROTOCOL_DIFFERS, SEVERITY_ERROR, member, destination->name, "%s", "");
}

static void destination_array_is_known(struct precheck *check, const struct member *member)
{
	array_is_known(check, member, member->destination_wwid);
}

pair_check *const source_checks[] = {
	source_is_not_the_system,
	source_is_multipath,
	source_is_free,
	source_is_open,
	source_paths_work,
	source_is_not_bypassed,
	source_size_is_aligned,
	source_reservation_can_move,
	source_array_is_known,
	source_settings,
	NULL,
};

pair_check *const destination_checks[] = {
	destination_is_there,
	destination_is_free,
	destination_is_unused,
	destination_has_paths,
	destination_size,
	destination_sectors,
	destination_limits,
	same_protocol,
	destination_settings,
	destination_array_is_known,
	NULL,
};
