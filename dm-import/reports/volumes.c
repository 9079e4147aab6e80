/*
 * Reports of volumes, from the kernel, the LUN itself, multipathd and the imports.
 */
#include "dm-import/checks/precheck.h"
#include "dm-import/core/inventory.h"
#include "dm-import/formats/multipathd_maps.h"

#include "base/cleanup.h"

#include <string.h>

/* Data that is read once for all volumes. */
struct report {
	struct engine *engine;
	struct inventory now;
	char *multipath_config;
	char *multipathd_maps; /* NULL while multipathd does not answer */
};

static void report_free(struct report *report)
{
	inventory_free(&report->now);
	free(report->multipath_config);
	free(report->multipathd_maps);
}

static int report_load(struct engine *engine, struct report *report, struct error *err)
{
	const struct multipathd_port *multipathd = &engine->ports->multipathd;
	bool running = false;

	*report = (struct report){ .engine = engine, .multipath_config = precheck_multipath_config(engine) };
	if (!report->multipath_config)
		return error_no_memory(err);
	if (multipathd->running(multipathd->ctx, &running, NULL) == 0 && running)
		multipathd->command(multipathd->ctx, "show maps json", &report->multipathd_maps, NULL);
	return inventory_load(engine->ports, &report->now, err);
}

static struct import *import_of_wwid(const struct engine *engine, const char *wwid)
{
	for (size_t i = 0; i < engine->import_count; i++)
		for (size_t m = 0; m < engine->imports[i]->member_count; m++)
			if (strcmp(engine->imports[i]->members[m].source_wwid, wwid) == 0)
				return engine->imports[i];
	return NULL;
}

/* Neither committed nor cancelled. import NULL: false. */
static bool import_is_open(const struct import *import)
{
	return import && import_state_in_progress(import->state);
}

/* The idle side's map: it belongs to the import and is not a volume. */
static bool hidden(const struct engine *engine, const struct map *map)
{
	const struct identity_record *record = identity_find(&engine->identities, map->wwid);

	return strncmp(map->wwid, "retired-", 8) == 0 || (record && strcmp(record->destination_wwid, map->wwid) == 0);
}

static void fill_path(const struct disk *disk, const struct multipathd_path *path, struct path_report *ret)
{
	*ret = (struct path_report){ .alua = disk->alua };
	snprintf(ret->device, sizeof(ret->device), "%s", disk->name);
	snprintf(ret->hctl, sizeof(ret->hctl), "%s", disk->hctl);
	snprintf(ret->initiator_port, sizeof(ret->initiator_port), "%s", disk->initiator_port);
	snprintf(ret->target_port, sizeof(ret->target_port), "%s", disk->target_port);
	snprintf(ret->checker_state, sizeof(ret->checker_state), "%s", path ? path->checker_state : "");
	snprintf(ret->true_wwid, sizeof(ret->true_wwid), "%s", disk->true_wwid);
}

/* A map's paths, from multipathd and the disks. NULL: no map, an empty list. */
static int fill_path_list(const struct report *report, const struct map *map, struct path_list *ret, struct error *err)
{
	CLEANUP_MULTIPATHD_MAP struct multipathd_map known = { 0 };

	if (!map)
		return 0;
	ret->list = calloc(map->paths.path_count + 1, sizeof(*ret->list));
	if (!ret->list)
		return error_no_memory(err);
	if (report->multipathd_maps)
		multipathd_map_find(report->multipathd_maps, map->wwid, &known);
	for (size_t i = 0; i < map->paths.path_count; i++) {
		const struct disk *disk = inventory_path(&report->now, map->paths.paths[i]);

		if (disk)
			fill_path(disk, multipathd_map_path(&known, disk->name), &ret->list[ret->count++]);
	}
	return 0;
}

/* Fill the protocols. Returns the first disk, for what all disks share, or NULL. */
static const struct disk *fill_protocols(const struct report *report, const struct map *map, struct volume_report *ret)
{
	const struct disk *first = NULL;
	unsigned seen = 0;

	for (size_t i = 0; i < map->paths.path_count; i++) {
		const struct disk *disk = inventory_path(&report->now, map->paths.paths[i]);

		if (!disk)
			continue;
		first = first ? first : disk;
		if (!(seen & 1u << disk->protocol))
			ret->protocols[ret->protocol_count++] = disk->protocol;
		seen |= 1u << disk->protocol;
	}
	return first;
}

/* The volume's own paths, and those of its import's idle side. */
static int fill_paths(const struct report *report, const struct map *map, struct volume_report *ret, struct error *err)
{
	const struct identity_record *record = identity_find(&report->engine->identities, map->wwid);
	const struct map *other = NULL;

	if (import_is_open(import_of_wwid(report->engine, map->wwid)) && record)
		other = inventory_map(&report->now, record->destination_wwid);
	if (fill_path_list(report, map, &ret->paths, err) < 0)
		return -1;
	return fill_path_list(report, other, &ret->other_side_paths, err);
}

static void fill_disk(const struct report *report, const struct disk *disk, struct volume_report *ret)
{
	const struct scsi_port *scsi = &report->engine->ports->scsi;
	const struct array *array = arrays_match(&report->engine->arrays, disk->vendor, disk->product, disk->revision);

	scsi->array_id(scsi->ctx, disk->name, ret->array_id, NULL);
	snprintf(ret->array, sizeof(ret->array), "%s", array ? array->name : "");
	snprintf(ret->vendor, sizeof(ret->vendor), "%s", disk->vendor);
	snprintf(ret->product, sizeof(ret->product), "%s", disk->product);
	ret->logical_sector_size = disk->logical_sector_size;
	ret->physical_sector_size = disk->physical_sector_size;
}

static void fill_reservations(const struct report *report, const struct disk *disk, struct volume_report *ret)
{
	const struct scsi_port *scsi = &report->engine->ports->scsi;
	CLEANUP_PR_STATE struct pr_state state = { 0 };

	if (scsi->pr_read(scsi->ctx, disk->name, &state, NULL) < 0)
		return;
	ret->reservations.registrations = state.key_count;
	ret->reservations.generation = state.generation;
	ret->reservations.reserved = state.reserved;
	ret->reservations.type = state.type;
	ret->reservations.holder_key = state.reservation_key;
}

static void fill_side(const struct report *report, const struct map *map, struct volume_report *ret)
{
	const struct identity_record *record = identity_find(&report->engine->identities, map->wwid);
	bool open = import_is_open(import_of_wwid(report->engine, map->wwid));
	char carries[WWID_SIZE];

	inventory_true_wwid(&report->now, map, carries);
	if (record && open && strcmp(carries, record->source_wwid) == 0)
		ret->active = ACTIVE_SOURCE;
	else if (record && strcmp(carries, record->destination_wwid) == 0)
		ret->active = ACTIVE_DESTINATION;
	ret->online = *carries && !map->dm.suspended;
}

static void fill_import(const struct report *report, const struct map *map, struct volume_report *ret)
{
	const struct import *import = import_of_wwid(report->engine, map->wwid);

	if (import_is_open(import) || (import && import->state == IMPORT_COMMITTED)) {
		ret->imported = true;
		ret->import_state = import->state;
		ret->reason = import->attention;
		if (import_is_open(import))
			memcpy(ret->import_id, import->id, sizeof(ret->import_id));
		return;
	}
	ret->importable =
		precheck_source(report->engine, &report->now, report->multipath_config, map->wwid, &ret->reason) == 0;
}

static int fill_volume(const struct report *report, const struct map *map, struct volume_report *ret, struct error *err)
{
	const struct device_port *device = &report->engine->ports->device;
	const struct disk *first = fill_protocols(report, map, ret);
	char name[32];

	memcpy(ret->name, map->dm.name, sizeof(ret->name));
	memcpy(ret->wwid, map->wwid, sizeof(ret->wwid));
	ret->dm_minor = map->dm.minor;
	ret->size_bytes = map->paths.length_sectors * 512;
	if (fill_paths(report, map, ret, err) < 0)
		return -1;
	if (first) {
		fill_disk(report, first, ret);
		fill_reservations(report, first, ret);
	}
	fill_side(report, map, ret);
	fill_import(report, map, ret);
	snprintf(name, sizeof(name), "dm-%u", map->dm.minor);
	return device->users(device->ctx, name, &ret->users, &ret->user_count, err);
}

int engine_report_volumes(struct engine *engine, struct volume_reports *ret, struct error *err)
{
	CLEANUP(volume_reports_free) struct volume_reports volumes = { 0 };
	CLEANUP(report_free) struct report report;

	if (report_load(engine, &report, err) < 0)
		return -1;
	volumes.list = calloc(report.now.map_count + 1, sizeof(*volumes.list));
	if (!volumes.list)
		return error_no_memory(err);
	for (size_t i = 0; i < report.now.map_count; i++)
		if (!hidden(engine, &report.now.maps[i]) &&
		    fill_volume(&report, &report.now.maps[i], &volumes.list[volumes.count++], err) < 0)
			return -1;
	*ret = volumes;
	volumes = (struct volume_reports){ 0 };
	return 0;
}
