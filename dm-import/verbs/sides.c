/*
 * See sides.h.
 */
#include "sides.h"

#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "dm-import/host/maps.h"
#include "dm-import/host/wait.h"

#include "base/cleanup.h"

#include <string.h>

/*
 * Which side a live map is on, by the kernel's table. A map that lost all its paths (the array it was on is gone) tells
 * nothing: on the way back it counts as being on the destination as long as no path of it is the source's.
 */
int sides_of_member(const struct work *work, const struct member *member, enum side *ret, struct error *err)
{
	const struct inventory *now = &work->now;
	const struct map *live = inventory_map(now, member->source_wwid);
	char carries[WWID_SIZE];

	if (!live)
		return error_set(err, ERR_VERIFY_FAILED, member->name, "the live map is gone");
	inventory_true_wwid(now, live, carries);
	if (strcmp(carries, member->source_wwid) == 0)
		*ret = SIDE_SOURCE;
	else if (strcmp(carries, member->destination_wwid) == 0 ||
		 (work->to == SIDE_SOURCE && member->exchanged &&
		  !inventory_has_path_of(now, live, member->source_wwid)))
		*ret = SIDE_DESTINATION;
	else
		return error_set(err, ERR_VERIFY_FAILED, member->name,
				 "the live map has paths of no LUN, or of several");
	return 0;
}

/* The idle map must be whole: its table is about to carry the application. */
static int check_idle(const struct work *work, const struct member *member, struct error *err)
{
	const struct inventory *now = &work->now;
	const struct map *idle = inventory_map(now, member->destination_wwid);
	const char *wanted = lun_on(member, work->to);
	char carries[WWID_SIZE];

	if (!idle)
		return error_set(err, ERR_VERIFY_FAILED, member->name, "there is no map of the LUN to switch to (%s)",
				 wanted);
	inventory_true_wwid(now, idle, carries);
	if (strcmp(carries, wanted) != 0)
		return error_set(err, ERR_VERIFY_FAILED, idle->dm.name, "its paths belong to %s instead of %s",
				 *carries ? carries : "no LUN, or to several", wanted);
	if (work->to == SIDE_DESTINATION && idle->paths.path_count < inventory_lun_disk_count(now, wanted))
		return error_set(err, ERR_VERIFY_FAILED, idle->dm.name, "it has %zu of the LUN's %zu paths",
				 idle->paths.path_count, inventory_lun_disk_count(now, wanted));
	return 0;
}

/* Sort out which members still have to change: by what the kernel's tables are, whatever the records say. */
int sides_find_changing(struct work *work, struct error *err)
{
	const struct inventory *now = &work->now;
	struct import *import = work->import;

	free(work->changing);
	free(work->idle_names);
	work->changing_count = 0;
	work->changing = calloc(import->member_count, sizeof(struct member *));
	work->idle_names = calloc(import->member_count, sizeof(*work->idle_names));
	if (!work->changing || !work->idle_names)
		return error_no_memory(err);
	for (size_t i = 0; i < import->member_count; i++) {
		struct member *member = &import->members[i];
		enum side side;

		if (sides_of_member(work, member, &side, err) < 0)
			return -1;
		snprintf(member->name, sizeof(member->name), "%s", inventory_map(now, member->source_wwid)->dm.name);
		if (side == work->to)
			continue;
		if (check_idle(work, member, err) < 0)
			return -1;
		snprintf(work->idle_names[work->changing_count], NAME_SIZE, "%s",
			 inventory_map(now, member->destination_wwid)->dm.name);
		work->changing[work->changing_count++] = member;
	}
	return 0;
}

/*
 * The idle map may be gone: multipathd flushes a map that lost all its disks, and people flush maps. The disks of the
 * idle LUN present the destination's WWID on either side, so multipathd can build it again, hidden by the same rules.
 * work->now is as the host is after that.
 */
int sides_rebuild_idle(struct work *work, struct error *err)
{
	const struct inventory *now = &work->now;
	bool rebuilt = false;

	for (size_t i = 0; i < work->import->member_count; i++) {
		const struct member *member = &work->import->members[i];

		if (inventory_map(now, member->destination_wwid) || !inventory_lun_disk(now, idle_lun(member), 0))
			continue;
		if (map_lun(work, idle_lun(member), member->destination_wwid, now, err) < 0)
			return -1;
		rebuilt = true;
	}
	return rebuilt ? wait_idle_maps(work, err) : 0;
}
