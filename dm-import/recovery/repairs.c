/*
 * What is done about each finding, in the order that loses no I/O: identities before a map is released, since its event
 * makes udev's `multipath -U` fail paths that are published as another LUN's; both before multipathd starts, which
 * would do the same; what multipathd has to do after that.
 *
 * Every repair is as good a second time, so that a crash in here is repaired by recovering again.
 */
#include "repairs.h"

#include "dm-import/boot/judge.h"
#include "dm-import/boot/opening.h"
#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "dm-import/hold/resume.h"
#include "dm-import/host/maps.h"
#include "dm-import/host/publish.h"
#include "dm-import/host/wait.h"
#include "dm-import/store/identities.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "facts.h"
#include "recover.h"

#include "base/cleanup.h"

#include <string.h>

static struct work work_of(const struct recovery *recovery)
{
	return (struct work){ .engine = recovery->engine,
			      .import = recovery->import,
			      .observer = recovery->observer,
			      .to = recovery_side(recovery) };
}

static int finish_verb(struct recovery *recovery, struct error *err)
{
	return recover_import(recovery->engine, recovery->import, recovery->observer, err);
}

/*
 * Where no copy was whole, those of the imports that are only created go with it, before the store is whole again and
 * nobody misses them: their destinations are to be hidden before they appear, and that is true in any case.
 */
static int publish_records(struct recovery *recovery, struct error *err)
{
	CLEANUP_INVENTORY struct inventory now = { 0 };
	struct engine *engine = recovery->engine;

	for (size_t i = 0; i < engine->import_count && engine->files->verdict == BOOT_LOST; i++)
		if (engine->imports[i]->state == IMPORT_NEW &&
		    identities_assign(engine, engine->imports[i], IDENTITY_HIDDEN, err) < 0)
			return -1;
	if (identities_assign(engine, recovery->import, recovery_role(recovery), err) < 0 ||
	    publish(engine, recovery->import, &now, err) < 0)
		return -1;
	return publish_live(engine, recovery->import, &now, err);
}

static int end_boot(struct recovery *recovery, struct error *err)
{
	return identities_end_boot(recovery->engine, err);
}

/* On the side that they are on: what somebody loaded is dropped. */
static int release(struct recovery *recovery, struct error *err)
{
	return resume_maps(recovery->engine, recovery->import, false, err);
}

static int remove_partitions(struct recovery *recovery, const char *wwid, struct error *err)
{
	const struct dm_port *dm = &recovery->engine->ports->dm;
	CLEANUP_FREE struct dm_device *devices = NULL;
	size_t count = 0;

	if (dm->list(dm->ctx, &devices, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (recovery_partition_of(&devices[i], wwid) && dm->remove(dm->ctx, devices[i].name, err) < 0)
			return -1;
	return 0;
}

/* An event for each idle map; the rules hide it. What was made of it before goes behind that, or it would come again.
 */
static int hide(struct recovery *recovery, struct error *err)
{
	const struct device_port *device = &recovery->engine->ports->device;
	const struct import *import = recovery->import;
	CLEANUP_INVENTORY struct inventory now = { 0 };
	char text[MEMBERS_MAX][16];
	const char *names[MEMBERS_MAX];
	size_t count = 0;

	if (inventory_load(recovery->engine->ports, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < import->member_count; i++) {
		const struct map *idle = inventory_map(&now, import->members[i].destination_wwid);

		if (!idle)
			continue;
		snprintf(text[count], sizeof(text[count]), "dm-%u", idle->dm.minor);
		names[count] = text[count];
		count++;
	}
	if (device->reidentify(device->ctx, names, count, UDEV_TIMEOUT_MS + (unsigned)count * UDEV_PER_DISK_MS, err) <
	    0)
		return -1;
	for (size_t i = 0; i < import->member_count; i++)
		if (remove_partitions(recovery, import->members[i].destination_wwid, err) < 0)
			return -1;
	return 0;
}

/* multipathd has its maps as they should be, and udev has looked at those that are new. */
static int wait_for_maps(struct recovery *recovery, struct error *err)
{
	const struct device_port *device = &recovery->engine->ports->device;
	struct work work = work_of(recovery);

	return wait_settled(&work, err) < 0 ? -1 : device->settle(device->ctx, SETTLE_TIMEOUT_MS, err);
}

/* What is still missing when it has had its time is found by the next look. */
static int start_multipathd(struct recovery *recovery, struct error *err)
{
	const struct multipathd_port *multipathd = &recovery->engine->ports->multipathd;
	struct error why = { 0 };

	if (multipathd->start(multipathd->ctx, err) < 0)
		return -1;
	wait_for_maps(recovery, &why);
	return 0;
}

static int build_maps(struct recovery *recovery, struct error *err)
{
	struct work work = work_of(recovery);
	CLEANUP_INVENTORY struct inventory now = { 0 };

	if (inventory_load(recovery->engine->ports, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < recovery->import->member_count; i++) {
		const struct member *member = &recovery->import->members[i];
		const char *live = lun_on(member, work.to), *idle = lun_on(member, other_side(work.to));

		if (inventory_lun_disk(&now, live, 0) && map_lun(&work, live, member->source_wwid, &now, err) < 0)
			return -1;
		if (recovery_in_progress(recovery) && inventory_lun_disk(&now, idle, 0) &&
		    map_lun(&work, idle, member->destination_wwid, &now, err) < 0)
			return -1;
	}
	return wait_for_maps(recovery, err);
}

static int rename_maps(struct recovery *recovery, struct error *err)
{
	const struct dm_port *dm = &recovery->engine->ports->dm;
	CLEANUP_INVENTORY struct inventory now = { 0 };

	if (inventory_load(recovery->engine->ports, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < recovery->import->member_count; i++) {
		const struct member *member = &recovery->import->members[i];
		const struct map *live = inventory_map(&now, member->source_wwid);

		if (live && strcmp(live->dm.name, member->name) != 0 &&
		    dm->rename(dm->ctx, live->dm.name, member->name, err) < 0)
			return -1;
	}
	return 0;
}

static int remove_disks(struct recovery *recovery, struct error *err)
{
	struct work work = work_of(recovery);

	work.to = recovery->import->state == IMPORT_COMMITTED ? SIDE_DESTINATION : SIDE_SOURCE;
	return remove_side(&work, err);
}

/* The import that the identities were made for is the engine's again. */
static int record_import(struct recovery *recovery, struct error *err)
{
	struct engine *engine = recovery->engine;
	struct import **imports = reallocarray(engine->imports, engine->import_count + 1, sizeof(struct import *));

	if (!imports)
		return error_no_memory(err);
	engine->imports = imports;
	if (import_save(engine, recovery->lone, JOURNAL_CREATED, err) < 0)
		return -1;
	engine->imports[engine->import_count++] = TAKE(recovery->lone);
	return 0;
}

static int end_attention(struct recovery *recovery, struct error *err)
{
	struct import *import = recovery->import;

	if (import->state == IMPORT_NEEDS_ATTENTION)
		import->state = recovery_side(recovery) == SIDE_DESTINATION ? IMPORT_ON_DESTINATION : IMPORT_PREPARED;
	import->attention = (struct error){ 0 };
	return import_save(recovery->engine, import, JOURNAL_DONE, err);
}

const struct repair repairs[] = {
	{ ERR_BOOT_RULES, "end_boot",
	  "Write the identity store and its rules, and remove the rules that the check at boot wrote.", end_boot },
	{ ERR_VERB_UNFINISHED, "finish_verb",
	  "Finish the interrupted verb, or take it back, as the kernel's tables show.", finish_verb },
	{ ERR_IDENTITY_WRONG, "present",
	  "Write the identity store and its rules, and have udev publish the identities.", publish_records },
	{ ERR_IDENTITY_MISSING, "present",
	  "Write the identity store and its rules from the import's record, and have udev publish the identities.",
	  publish_records },
	{ ERR_MAP_SUSPENDED, "release", "Drop the loaded tables, and resume the maps on the side they are on.",
	  release },
	{ ERR_TABLE_LOADED, "release", "Drop the loaded tables.", release },
	{ ERR_IDENTITY_FILES, "present", "Write the identity store and its rules again, and have udev read them.",
	  publish_records },
	{ ERR_NOT_HIDDEN, "hide", "Have udev hide the idle maps, and remove the devices of their partitions.", hide },
	{ ERR_MULTIPATHD_NOT_RUNNING, "start_multipathd", "Start multipathd.", start_multipathd },
	{ ERR_MAP_RENAMED, "rename", "Give the live maps their recorded names again.", rename_maps },
	{ ERR_MAP_INCOMPLETE, "build_maps", "Have multipathd build or complete the maps.", build_maps },
	{ ERR_DISKS_LEFT, "remove_disks",
	  "Remove the disks from this host. Unmap the LUN, or the next scan brings them back.", remove_disks },
	{ ERR_IMPORT_MISSING, "record_import", "Record the import that the identities belong to again.",
	  record_import },
	{ ERR_ATTENTION_STALE, "end_attention", "Record that the import no longer needs attention.", end_attention },
};

const size_t repair_count = ARRAY_SIZE(repairs);

bool repair_exists(enum error_code code)
{
	for (size_t i = 0; i < ARRAY_SIZE(repairs); i++)
		if (repairs[i].code == code)
			return true;
	return false;
}
