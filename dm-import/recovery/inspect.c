/*
 * What is wrong with a device: the records (journal, identity store) against what kernel, udev, the files and
 * multipathd really show. Looks only.
 *
 * The records say which side the device is on. Where the kernel's table contradicts them, nobody here knows which LUN
 * has the newest data, and nothing else is looked for: a person has to decide. Between the two records of a verb the
 * tables decide, by the rule of recover.c.
 */
#include "inspect.h"

#include "dm-import/boot/judge.h"
#include "dm-import/boot/opening.h"
#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "dm-import/host/maps.h"
#include "dm-import/host/publish.h"
#include "dm-import/host/wait.h"
#include "dm-import/store/identities.h"
#include "facts.h"
#include "repairs.h"

#include "base/cleanup.h"

#include <stdarg.h>
#include <string.h>

/* Each once, however often it is seen. */
static void tell(struct recovery *recovery, const struct error *seen)
{
	struct finding_list *findings = &recovery->result->findings;
	struct finding *finding;

	for (size_t i = 0; i < findings->count; i++)
		if (findings->list[i].code == seen->code && strcmp(findings->list[i].device, seen->device) == 0)
			return;
	finding = finding_list_add(findings, seen->code);
	if (!finding)
		return;
	snprintf(finding->device, sizeof(finding->device), "%s", seen->device);
	snprintf(finding->detail, sizeof(finding->detail), "%s", seen->detail);
	finding->manual = !repair_exists(seen->code);
}

__attribute__((format(printf, 4, 5))) static void found(struct recovery *recovery, enum error_code code,
							const char *device, const char *fmt, ...)
{
	struct error finding;
	char detail[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	error_set(&finding, code, device, "%s", detail);
	recovery->found[code] = true;
	if (recovery->person.code == ERR_NONE && !repair_exists(code))
		recovery->person = finding;
	tell(recovery, &finding);
}

static bool found_nothing(const struct recovery *recovery)
{
	for (size_t i = 0; i < ERR_COUNT; i++)
		if (recovery->found[i])
			return false;
	return true;
}

static bool has_path_of_neither(const struct inventory *now, const struct map *map, const struct member *member)
{
	for (size_t i = 0; i < map->paths.path_count; i++) {
		const struct disk *disk = inventory_path(now, map->paths.paths[i]);

		if (disk && strcmp(disk->true_wwid, member->source_wwid) != 0 &&
		    strcmp(disk->true_wwid, member->destination_wwid) != 0)
			return true;
	}
	return false;
}

/* The kernel shows for each member which of its LUNs the application has. */
static bool kernel_tells(const struct recovery *recovery, const struct inventory *now)
{
	for (size_t i = 0; i < recovery->import->member_count; i++) {
		const struct member *member = &recovery->import->members[i];
		const struct map *live = inventory_map(now, member->source_wwid);

		if (!live || (!inventory_has_path_of(now, live, member->source_wwid) &&
			      !inventory_has_path_of(now, live, member->destination_wwid)))
			return false;
	}
	return true;
}

/* Each LUN that the lost files told of is of an import: writing them anew forgets none. */
static bool imports_know_all(const struct engine *engine)
{
	for (size_t i = 0; i < engine->files->down.count; i++)
		if (!import_of_lun(engine, engine->files->down.wwids[i]))
			return false;
	return true;
}

/* Of this import: no copy of the identities is whole, or the journal contradicts what counts of them. */
static bool in_doubt(const struct recovery *recovery)
{
	const struct boot_finding *files = recovery->engine->files;

	for (size_t i = 0; i < files->down.count; i++)
		if (import_concerns(recovery->import, files->down.wwids[i]))
			return true;
	return files->verdict == BOOT_LOST;
}

/*
 * A side needs two that tell it. Where the identities are in doubt the journal and the kernel may; but once the host
 * has booted with them, the LUNs concerned are down, the kernel tells nothing, and the rules that keep them there stay.
 */
static int look_at_copies(struct recovery *recovery, const struct inventory *now, struct error *err)
{
	const struct engine *engine = recovery->engine;
	const struct boot_finding *files = engine->files;
	bool at_boot;

	if (identities_at_boot(engine, &at_boot, err) < 0)
		return -1;
	if (files->down.count == 0 && files->verdict != BOOT_LOST) {
		if (at_boot)
			found(recovery, ERR_BOOT_RULES, engine->options.boot_rules_directory, "%s", "");
		return 0;
	}
	if (at_boot ||
	    (in_doubt(recovery) && (recovery->lone || !kernel_tells(recovery, now) || !imports_know_all(engine))))
		found(recovery, ERR_STORE_DAMAGED, files->why.device, "(%s)", files->why.detail);
	return 0;
}

/* The kernel's table of each live map against the records. A map without paths contradicts nobody. */
static void look_at_sides(struct recovery *recovery, const struct inventory *now)
{
	enum side side = recovery_side(recovery);

	for (size_t i = 0; i < recovery->import->member_count; i++) {
		const struct member *member = &recovery->import->members[i];
		const struct map *live = inventory_map(now, member->source_wwid);
		bool here, there, elsewhere;

		if (recovery_side_of(recovery, member) != side)
			found(recovery, ERR_SIDE_CONTRADICTED, member->name,
			      "(the records have members of one import on two sides)");
		if (!live)
			continue;
		here = inventory_has_path_of(now, live, lun_on(member, side));
		there = inventory_has_path_of(now, live, lun_on(member, other_side(side)));
		elsewhere = has_path_of_neither(now, live, member);
		if (here + there + elsewhere > 1)
			found(recovery, ERR_PATHS_MIXED, live->dm.name, "(according to the records only those of %s)",
			      lun_on(member, side));
		else if (there || elsewhere)
			found(recovery, ERR_SIDE_CONTRADICTED, live->dm.name, "(according to the records: the %s, %s)",
			      side_name(side), lun_on(member, side));
	}
}

static void look_at_holds(struct recovery *recovery, const struct inventory *now)
{
	for (size_t i = 0; i < 2 * recovery->import->member_count; i++) {
		const struct member *member = &recovery->import->members[i / 2];
		const struct map *map = inventory_map(now, i % 2 ? member->destination_wwid : member->source_wwid);

		if (map && map->dm.suspended)
			found(recovery, ERR_MAP_SUSPENDED, map->dm.name, "%s", "");
		else if (map && map->dm.has_inactive_table)
			found(recovery, ERR_TABLE_LOADED, map->dm.name, "%s", "");
	}
}

static int look_at_identities(struct recovery *recovery, const struct inventory *now, struct error *err)
{
	struct error why = { 0 };

	for (size_t i = 0; i < recovery->import->member_count; i++) {
		const struct member *member = &recovery->import->members[i];
		const struct identity_record *record =
			identity_find(&recovery->engine->identities, member->source_wwid);

		if (!record)
			found(recovery, ERR_IDENTITY_MISSING, member->name, "(there is no record)");
		else if (record->role != recovery_role(recovery) ||
			 strcmp(record->destination_wwid, member->destination_wwid) != 0)
			found(recovery, ERR_IDENTITY_MISSING, member->name, "(the record says otherwise)");
	}
	if (recovery->found[ERR_IDENTITY_MISSING] || publish_verify(recovery->engine, recovery->import, now, &why) == 0)
		return 0;
	if (why.code == ERR_UDEV_FAILED) {
		found(recovery, ERR_IDENTITY_WRONG, why.device, "(%s)", why.detail);
		return 0;
	}
	*err = why;
	return -1;
}

static int look_at_files(struct recovery *recovery, struct error *err)
{
	const struct boot_finding *files = recovery->engine->files;
	struct error why = { 0 };

	if (files->verdict == BOOT_STORE_BEHIND) {
		found(recovery, ERR_IDENTITY_FILES, files->why.device, "(%s)", files->why.detail);
		return 0;
	}
	if (identities_check_files(recovery->engine, &why) == 0)
		return 0;
	if (why.code != ERR_IDENTITY_FILES) {
		*err = why;
		return -1;
	}
	found(recovery, why.code, why.device, "%s", why.detail);
	return 0;
}

/* Behind a prepare the idle maps are to be seen by nobody. */
static int look_at_hiding(struct recovery *recovery, const struct inventory *now, struct error *err)
{
	const struct dm_port *dm = &recovery->engine->ports->dm;
	const struct import *import = recovery->import;
	CLEANUP_FREE struct dm_device *devices = NULL;
	size_t count = 0;

	if (import->state == IMPORT_NEW)
		return 0;
	if (dm->list(dm->ctx, &devices, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < import->member_count; i++) {
		const char *wwid = import->members[i].destination_wwid;
		const struct map *idle = inventory_map(now, wwid);
		bool hidden = true;

		if (idle && map_is_hidden(recovery->engine, idle, &hidden, err) < 0)
			return -1;
		if (!hidden)
			found(recovery, ERR_NOT_HIDDEN, idle->dm.name, "%s", "");
		for (size_t k = 0; k < count; k++)
			if (recovery_partition_of(&devices[k], wwid))
				found(recovery, ERR_NOT_HIDDEN, devices[k].name, "(its partition)");
	}
	return 0;
}

/* The name of a path of the map that multipathd would take out of it, because udev presents it as another LUN's. */
static const char *endangered(const struct inventory *now, const struct map *map)
{
	for (size_t i = 0; i < map->paths.path_count; i++) {
		const struct disk *disk = inventory_path(now, map->paths.paths[i]);

		if (disk && strcmp(disk->published_wwid, map->wwid) != 0)
			return disk->name;
	}
	return NULL;
}

/* multipathd is the whole host's: it must not start while another pair's table and identity disagree. */
static int look_at_multipathd(struct recovery *recovery, const struct inventory *now, bool *ret_running,
			      struct error *err)
{
	const struct multipathd_port *multipathd = &recovery->engine->ports->multipathd;
	bool alone = true;

	if (multipathd->running(multipathd->ctx, ret_running, err) < 0)
		return -1;
	for (size_t i = 0; i < now->map_count && !*ret_running; i++) {
		const struct map *map = &now->maps[i];
		const char *disk = endangered(now, map);

		if (!disk || !identity_find(&recovery->engine->identities, map->wwid) ||
		    import_concerns(recovery->import, map->wwid))
			continue;
		found(recovery, ERR_OTHER_DEVICE_FIRST, map->dm.name, "(%s from the map of %s)", disk, map->wwid);
		alone = false;
	}
	if (!*ret_running && alone)
		found(recovery, ERR_MULTIPATHD_NOT_RUNNING, "multipathd", "%s", "");
	return 0;
}

static bool live_luns_are_here(const struct recovery *recovery, const struct inventory *now)
{
	for (size_t i = 0; i < recovery->import->member_count; i++)
		if (!inventory_lun_disk(now, lun_on(&recovery->import->members[i], recovery_side(recovery)), 0))
			return false;
	return true;
}

/* What multipathd has to build or to complete; that can be told only when nothing else is wrong. */
static void look_at_maps(struct recovery *recovery, const struct inventory *now)
{
	const struct import *import = recovery->import;
	struct work work = { .engine = recovery->engine, .import = recovery->import, .to = recovery_side(recovery) };
	struct error why = { 0 };

	for (size_t i = 0; i < import->member_count; i++) {
		const struct member *member = &import->members[i];
		const char *idle_lun = lun_on(member, other_side(work.to));

		if ((import->state == IMPORT_PREPARED || import->state == IMPORT_ON_DESTINATION) &&
		    !inventory_map(now, member->destination_wwid) && inventory_lun_disk(now, idle_lun, 0))
			found(recovery, ERR_MAP_INCOMPLETE, member->destination_wwid, "(there is none)");
	}
	/* behind a cutover the LUN may be gone for good */
	if (!found_nothing(recovery) || (!recovery_in_progress(recovery) && !live_luns_are_here(recovery, now)))
		return;
	if (is_settled(&work, &why) < 0)
		found(recovery, ERR_MAP_INCOMPLETE, why.device, "(%s)", why.detail);
}

static void look_at_names(struct recovery *recovery, const struct inventory *now)
{
	for (size_t i = 0; i < recovery->import->member_count && recovery_in_progress(recovery); i++) {
		const struct member *member = &recovery->import->members[i];
		const struct map *live = inventory_map(now, member->source_wwid);

		if (live && strcmp(live->dm.name, member->name) != 0)
			found(recovery, ERR_MAP_RENAMED, live->dm.name, "(it was %s)", member->name);
	}
}

/* The side that a commit or a cancel has taken off the host. */
static void look_at_disks(struct recovery *recovery, const struct inventory *now)
{
	const struct import *import = recovery->import;

	if (recovery_in_progress(recovery) || import->forced)
		return;
	for (size_t i = 0; i < import->member_count; i++) {
		const char *left =
			lun_on(&import->members[i], import->state == IMPORT_COMMITTED ? SIDE_SOURCE : SIDE_DESTINATION);
		const struct disk *disk;

		for (size_t nth = 0; (disk = inventory_lun_disk(now, left, nth)); nth++)
			found(recovery, ERR_DISKS_LEFT, disk->name, "(of %s)", left);
	}
}

static void look_at_record(struct recovery *recovery)
{
	const struct import *import = recovery->import;
	bool ended = !import_state_in_progress(import->state);

	if (recovery->lone && recovery_in_progress(recovery))
		found(recovery, ERR_IMPORT_MISSING, import->id, "%s", "");
	/* a forced cancel keeps saying what was wrong until it was put right */
	if ((import->state == IMPORT_NEEDS_ATTENTION || (ended && import->attention.code != ERR_NONE)) &&
	    found_nothing(recovery))
		found(recovery, ERR_ATTENTION_STALE, import->id, "%s", "");
}

static int look(struct recovery *recovery, const struct inventory *now, struct error *err)
{
	const struct import *import = recovery->import;
	bool running;

	if (look_at_copies(recovery, now, err) < 0)
		return -1;
	if (recovery->person.code != ERR_NONE)
		return 0;
	if (import->doing != DOING_NOTHING) {
		found(recovery, ERR_VERB_UNFINISHED, import->id, "(%s)", doing_name(import->doing));
		look_at_holds(recovery, now);
		return 0;
	}
	look_at_sides(recovery, now);
	if (recovery->person.code != ERR_NONE)
		return 0;
	look_at_holds(recovery, now);
	if (look_at_identities(recovery, now, err) < 0 || look_at_files(recovery, err) < 0 ||
	    look_at_hiding(recovery, now, err) < 0 || look_at_multipathd(recovery, now, &running, err) < 0)
		return -1;
	look_at_names(recovery, now);
	look_at_disks(recovery, now);
	if (running)
		look_at_maps(recovery, now);
	look_at_record(recovery);
	return 0;
}

int recovery_inspect(struct recovery *recovery, struct error *err)
{
	CLEANUP_INVENTORY struct inventory now = { 0 };

	memset(recovery->found, 0, sizeof(recovery->found));
	recovery->person = (struct error){ 0 };
	if (inventory_load(recovery->engine->ports, &now, err) < 0)
		return -1;
	return look(recovery, &now, err);
}
