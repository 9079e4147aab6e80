/*
 * The conditions of wait.h. Each is one function that checks once and fills an error with what is missing; poll_until()
 * calls it until it succeeds.
 */
#include "wait.h"

#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "dm-import/formats/multipathd_maps.h"

#include "base/cleanup.h"

#include <string.h>

enum { RELOAD_US = 5000000, STEADY_TRIES = 10 };

typedef int condition_fn(struct work *work, struct error *err);

static int poll_until(struct work *work, condition_fn *holds, unsigned timeout_ms, struct error *err)
{
	const struct host_port *host = &work->engine->ports->host;
	uint64_t end_us = host->now_us(host->ctx) + timeout_ms * 1000ull;

	while (holds(work, err) < 0) {
		if (host->now_us(host->ctx) >= end_us)
			return -1;
		host->sleep_ms(host->ctx, POLL_MS);
	}
	return 0;
}

static int enough_disks(struct work *work, struct error *err)
{
	const struct import *import = work->import;

	if (inventory_load(work->engine->ports, &work->now, err) < 0)
		return -1;
	for (size_t i = 0; i < import->member_count; i++) {
		const char *wwid = import->members[i].destination_wwid;
		size_t count = inventory_lun_disk_count(&work->now, wwid);

		if (count == 0)
			return error_set(err, ERR_DESTINATION_ABSENT, wwid, "no SCSI host sees the LUN");
		if (count < import->min_paths)
			return error_set(err, ERR_PATHS_TOO_FEW, wwid, "%zu of %u", count, import->min_paths);
	}
	return 0;
}

static size_t destination_disk_count(const struct work *work)
{
	size_t count = 0;

	for (size_t i = 0; i < work->import->member_count; i++)
		count += inventory_lun_disk_count(&work->now, work->import->members[i].destination_wwid);
	return count;
}

int wait_disks(struct work *work, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;
	const struct host_port *host = &work->engine->ports->host;
	size_t before, now;
	int tries = 0;

	if (poll_until(work, enough_disks, work->disks_timeout_ms, err) < 0)
		return -1;
	now = destination_disk_count(work);
	do {
		before = now;
		host->sleep_ms(host->ctx, 5 * POLL_MS);
		if (device->settle(device->ctx, SETTLE_TIMEOUT_MS, err) < 0 ||
		    inventory_load(work->engine->ports, &work->now, err) < 0)
			return -1;
		now = destination_disk_count(work);
	} while (now != before && ++tries < STEADY_TRIES); /* a path may flap for ever */
	return 0;
}

/*
 * The map `wwid`, in kernel and multipathd, has exactly the disks of the LUN `true_wwid`; if it must work, its paths
 * are usable.
 */
static int map_is(const struct inventory *now, const char *answer, const char *wwid, const char *true_wwid,
		  bool must_work, struct error *err)
{
	CLEANUP_MULTIPATHD_MAP struct multipathd_map map = { 0 };
	const struct map *kernel = inventory_map(now, wwid);
	const struct disk *disk;
	char carries[WWID_SIZE];
	size_t usable = 0, nth;

	if (!kernel || !multipathd_map_find(answer, wwid, &map))
		return error_set(err, ERR_VERIFY_FAILED, wwid, "%s has no map with this WWID",
				 kernel ? "multipathd" : "the kernel");
	inventory_true_wwid(now, kernel, carries);
	if (strcmp(carries, true_wwid) != 0)
		return error_set(err, ERR_VERIFY_FAILED, kernel->dm.name, "its paths belong to %s instead of %s",
				 *carries ? carries : "no LUN, or to several", true_wwid);
	if (kernel->dm.suspended)
		return error_set(err, ERR_VERIFY_FAILED, kernel->dm.name, "the map is suspended");
	for (nth = 0; (disk = inventory_lun_disk(now, true_wwid, nth)); nth++) {
		const struct multipathd_path *path = multipathd_map_path(&map, disk->name);

		if (!path && strcmp(disk->state, "running") == 0)
			return error_set(err, ERR_VERIFY_FAILED, kernel->dm.name, "multipathd does not use path %s",
					 disk->name);
		usable += path && multipathd_path_usable(path);
	}
	if (map.path_count > nth)
		return error_set(err, ERR_VERIFY_FAILED, kernel->dm.name, "multipathd has %zu paths instead of %zu",
				 map.path_count, nth);
	if (must_work && usable == 0)
		return error_set(err, ERR_VERIFY_FAILED, kernel->dm.name, "no path is usable");
	return 0;
}

/* Read the import's maps from the kernel again; the rest of the inventory stays. */
static int ask_maps(struct work *work, struct error *err)
{
	const char *wwids[2 * MEMBERS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < work->import->member_count; i++) {
		wwids[count++] = work->import->members[i].source_wwid;
		wwids[count++] = work->import->members[i].destination_wwid;
	}
	return inventory_ask_maps(work->engine->ports, &work->now, wwids, count, err);
}

typedef int maps_condition_fn(const struct work *work, const char *answer, struct error *err);

/*
 * Wait for a condition of the import's maps, as multipathd and the kernel show them. Takes an inventory first, then
 * reads only these maps, and takes a new inventory every RELOAD_US, since disks may come and go.
 */
static int poll_maps(struct work *work, maps_condition_fn *holds, struct error *err)
{
	const struct multipathd_port *multipathd = &work->engine->ports->multipathd;
	const struct host_port *host = &work->engine->ports->host;
	uint64_t end_us = host->now_us(host->ctx) + MULTIPATHD_TIMEOUT_MS * 1000ull, reload_us = 0;

	for (;;) {
		uint64_t now_us = host->now_us(host->ctx);
		CLEANUP_FREE char *answer = NULL;
		int result = multipathd->command(multipathd->ctx, "show maps json", &answer, err);

		if (result == 0 && now_us >= reload_us) {
			result = inventory_load(work->engine->ports, &work->now, err);
			reload_us = result < 0 ? 0 : now_us + RELOAD_US;
		} else if (result == 0) {
			result = ask_maps(work, err);
		}
		if (result == 0 && holds(work, answer, err) == 0)
			return 0;
		if (now_us >= end_us)
			return -1;
		host->sleep_ms(host->ctx, POLL_MS);
	}
}

static int destinations_mapped(const struct work *work, const char *answer, struct error *err)
{
	for (size_t i = 0; i < work->import->member_count; i++) {
		const char *wwid = work->import->members[i].destination_wwid;
		struct error why = { 0 };

		if (map_is(&work->now, answer, wwid, wwid, true, &why) < 0)
			return error_set(err, ERR_DESTINATION_NO_MAP, wwid, "%s", why.detail);
	}
	return 0;
}

int wait_destination_maps(struct work *work, struct error *err)
{
	return poll_maps(work, destinations_mapped, err);
}

static int idle_mapped(const struct work *work, const char *answer, struct error *err)
{
	for (size_t i = 0; i < work->import->member_count; i++) {
		const struct member *member = &work->import->members[i];

		if (inventory_lun_disk(&work->now, idle_lun(member), 0) &&
		    map_is(&work->now, answer, member->destination_wwid, idle_lun(member), false, err) < 0)
			return -1;
	}
	return 0;
}

int wait_idle_maps(struct work *work, struct error *err)
{
	return poll_maps(work, idle_mapped, err);
}

static bool retired(const struct work *work, const struct member *member)
{
	const struct identity_record *record = identity_find(&work->engine->identities, member->source_wwid);

	return record && record->role == IDENTITY_RETIRED;
}

static int settled(const struct work *work, const char *answer, struct error *err)
{
	const struct inventory *now = &work->now;

	for (size_t i = 0; i < work->import->member_count; i++) {
		const struct member *member = &work->import->members[i];
		bool there = work->to == SIDE_DESTINATION;
		const char *live = there ? member->destination_wwid : member->source_wwid;
		const char *idle = there ? member->source_wwid : member->destination_wwid;

		if (map_is(now, answer, member->source_wwid, live, true, err) < 0)
			return -1;
		/* a side that is retired, or has lost all its disks, need not have a map */
		if (!retired(work, member) && inventory_lun_disk_count(now, idle) > 0 &&
		    inventory_map(now, member->destination_wwid) &&
		    map_is(now, answer, member->destination_wwid, idle, false, err) < 0)
			return -1;
	}
	return 0;
}

int is_settled(struct work *work, struct error *err)
{
	const struct multipathd_port *multipathd = &work->engine->ports->multipathd;
	CLEANUP_FREE char *answer = NULL;

	if (multipathd->command(multipathd->ctx, "show maps json", &answer, err) < 0 ||
	    inventory_load(work->engine->ports, &work->now, err) < 0)
		return -1;
	return settled(work, answer, err);
}

int wait_settled(struct work *work, struct error *err)
{
	return poll_maps(work, settled, err);
}
