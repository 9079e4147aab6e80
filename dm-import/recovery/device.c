/*
 * recover_device: look (recover_look.c), mend the first of what was found, look again, until nothing is left that can
 * be mended. `mends` is what is done about each finding, in the order that loses no I/O: identities before a map is
 * released, since its event makes udev's `multipath -U` fail paths that are presented as another LUN's; both before
 * multipathd starts, which would do the same; what multipathd has to do behind that.
 *
 * Every mend is as good a second time, so that a crash in here is mended by recovering again.
 */
#include "device.h"
#include "dm-import/host/wait.h"

#include "base/cleanup.h"

#include <string.h>

struct mend {
	enum error_code code;
	const char *name, *does;
	int (*act)(struct recovery *recovery, struct error *err);
};

/* An import that was cancelled by force may have been in the middle of a switch; its identities tell how far it was. */
enum side recovery_side_of(const struct recovery *recovery, const struct member *member)
{
	const struct identity_record *record = identity_find(&recovery->engine->identities, member->source_wwid);

	if (recovery->import->forced && record)
		return record->role == IDENTITY_HIDDEN ? SIDE_SOURCE : SIDE_DESTINATION;
	return member->exchanged ? SIDE_DESTINATION : SIDE_SOURCE;
}

enum side recovery_side(const struct recovery *recovery)
{
	return recovery_side_of(recovery, &recovery->import->members[0]);
}

enum identity_role recovery_role(const struct recovery *recovery)
{
	if (recovery->import->state == IMPORT_COMMITTED)
		return IDENTITY_RETIRED;
	return recovery_side(recovery) == SIDE_DESTINATION ? IDENTITY_EXCHANGED : IDENTITY_HIDDEN;
}

bool recovery_in_progress(const struct recovery *recovery)
{
	return import_state_in_progress(recovery->import->state);
}

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
static int present(struct recovery *recovery, struct error *err)
{
	struct engine *engine = recovery->engine;

	for (size_t i = 0; i < engine->import_count && engine->files.verdict == BOOT_LOST; i++)
		if (engine->imports[i]->state == IMPORT_NEW &&
		    identities_assign(engine, engine->imports[i], IDENTITY_HIDDEN, err) < 0)
			return -1;
	if (identities_assign(engine, recovery->import, recovery_role(recovery), err) < 0 ||
	    identities_present(engine, recovery->import, err) < 0)
		return -1;
	return identities_show_live(engine, recovery->import, err);
}

static int end_boot(struct recovery *recovery, struct error *err)
{
	return identities_end_boot(recovery->engine, err);
}

/* On the side that they are on: what somebody loaded is dropped. */
static int release(struct recovery *recovery, struct error *err)
{
	return release_maps(recovery->engine, recovery->import, false, err);
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

static const struct mend mends[] = {
	{ ERR_BOOT_RULES, "end_boot", "Write store and rules, and take away those of the check at boot.", end_boot },
	{ ERR_VERB_UNFINISHED, "finish_verb",
	  "Finish what was interrupted, or take it back, as the kernel's tables show.", finish_verb },
	{ ERR_IDENTITY_WRONG, "present", "Write store and rules, and have udev present the disks by them.", present },
	{ ERR_IDENTITY_MISSING, "present", "Write store and rules as the import's record says, and have udev follow.",
	  present },
	{ ERR_MAP_SUSPENDED, "release", "Drop loaded tables and release the maps where they are.", release },
	{ ERR_TABLE_LOADED, "release", "Drop the loaded tables.", release },
	{ ERR_IDENTITY_FILES, "present", "Write store and rules anew, and have udev read them.", present },
	{ ERR_NOT_HIDDEN, "hide", "Have udev hide the idle maps, and remove what was made of their partitions.", hide },
	{ ERR_MULTIPATHD_NOT_RUNNING, "start_multipathd", "Start multipathd.", start_multipathd },
	{ ERR_MAP_RENAMED, "rename", "Give the live maps their names back.", rename_maps },
	{ ERR_MAP_INCOMPLETE, "build_maps", "Have multipathd build or complete the maps.", build_maps },
	{ ERR_DISKS_LEFT, "remove_disks",
	  "Take the disks off this host. Unmap the LUN, or the next scan brings them back.", remove_disks },
	{ ERR_IMPORT_MISSING, "record_import", "Record the import again that the identities were made for.",
	  record_import },
	{ ERR_ATTENTION_STALE, "end_attention", "Record that the import is well.", end_attention },
};

bool recovery_mends(enum error_code code)
{
	for (size_t i = 0; i < ARRAY_SIZE(mends); i++)
		if (mends[i].code == code)
			return true;
	return false;
}

/* While the sides contradict each other nothing else was looked for, and nothing is done. */
static const struct mend *next_mend(const struct recovery *recovery)
{
	for (size_t i = 0; i < ARRAY_SIZE(mends); i++)
		if (recovery->found[mends[i].code])
			return &mends[i];
	return NULL;
}

static void tell(struct recovery *recovery, const struct mend *mend, bool done)
{
	struct json_object *row = json_object_new_object();

	json_object_object_add(row, "action", json_object_new_string(mend->name));
	json_object_object_add(row, "code", json_object_new_string(error_name(mend->code)));
	json_object_object_add(row, "detail", json_object_new_string(mend->does));
	json_object_object_add(row, "done", json_object_new_boolean(done));
	json_object_array_add(recovery->actions, row);
}

static int mend_one(struct recovery *recovery, const struct mend *mend, struct error *err)
{
	const struct observer *observer = recovery->observer;
	int result;

	if (observer && observer->step)
		observer->step(observer->ctx, mend->name, (unsigned)((size_t)(mend - mends) * 100 / ARRAY_SIZE(mends)));
	result = mend->act(recovery, err);
	if (result == 0 && recovery->engine->files.why.code != ERR_NONE)
		result = identities_look_again(recovery->engine, err);
	if (result < 0)
		snprintf(err->step, sizeof(err->step), "%s", mend->name);
	tell(recovery, mend, result == 0);
	return result;
}

static int mend_all(struct recovery *recovery, struct error *err)
{
	const struct mend *mend, *last = NULL;

	if (journal_mend(recovery->engine, err) < 0)
		return -1;
	for (size_t rounds = 0; rounds < 2 * ARRAY_SIZE(mends); rounds++, last = mend) {
		if (recover_look(recovery, err) < 0)
			return -1;
		mend = next_mend(recovery);
		if (!mend)
			return 0;
		if (mend == last)
			break;
		if (mend_one(recovery, mend, err) < 0)
			return -1;
	}
	return error_set(err, mend->code, recovery->import->id, "(still, after this: %s)", mend->does);
}

/* Only where the import would go on as if nothing were; a committed one has nothing to wait for. */
static void mark_attention(struct recovery *recovery)
{
	struct import *import = recovery->import;

	if (recovery->lone || (import->state != IMPORT_PREPARED && import->state != IMPORT_ON_DESTINATION) ||
	    (recovery->person.code != ERR_SIDE_CONTRADICTED && recovery->person.code != ERR_PATHS_MIXED))
		return;
	import->state = IMPORT_NEEDS_ATTENTION;
	import->attention = recovery->person;
	import_save(recovery->engine, import, JOURNAL_STUCK, NULL);
}

static int recover(struct recovery *recovery, struct error *err)
{
	if (mend_all(recovery, err) < 0)
		return -1;
	if (recovery->person.code == ERR_NONE)
		return 0;
	mark_attention(recovery);
	*err = recovery->person;
	return -1;
}

static int plan(struct recovery *recovery, struct error *err)
{
	if (recover_look(recovery, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(mends); i++)
		if (recovery->found[mends[i].code])
			tell(recovery, &mends[i], false);
	return 0;
}

static void add_member(struct import *import, const struct identity_record *record, const struct inventory *now)
{
	struct member *member = &import->members[import->member_count++];
	const struct map *live = inventory_map(now, record->source_wwid);

	memcpy(member->source_wwid, record->source_wwid, sizeof(member->source_wwid));
	memcpy(member->destination_wwid, record->destination_wwid, sizeof(member->destination_wwid));
	snprintf(member->name, sizeof(member->name), "%s", live ? live->dm.name : record->source_wwid);
	member->size_bytes = live ? live->paths.length_sectors * 512 : 0;
	member->exchanged = record->role != IDENTITY_HIDDEN;
}

/*
 * The import that these identities were made for, as far as they tell. Whether it came to the destination by a held
 * switch they do not; the way back that is right for both is the held one.
 */
static int import_of_record(struct recovery *recovery, const struct identity_record *record, struct error *err)
{
	static const enum import_state states[] = { IMPORT_NEW, IMPORT_ON_DESTINATION, IMPORT_COMMITTED };
	const struct engine *engine = recovery->engine;
	const struct host_port *host = &engine->ports->host;
	CLEANUP_INVENTORY struct inventory now = { 0 };
	struct import *import;

	if (inventory_load(engine->ports, &now, err) < 0)
		return -1;
	import = recovery->lone = recovery->import = calloc(1, sizeof(*import));
	if (import)
		import->members = calloc(engine->identities.count, sizeof(*import->members));
	if (!import || !import->members)
		return error_no_memory(err);
	snprintf(import->id, sizeof(import->id), "%s", record->import_id);
	import->state = states[record->role];
	import->by_hold = record->role == IDENTITY_EXCHANGED;
	import->min_paths = engine->options.min_paths;
	import->created_ms = host->wall_ms(host->ctx);
	for (size_t i = 0; i < engine->identities.count && import->member_count < MEMBERS_MAX; i++)
		if (strcmp(engine->identities.records[i].import_id, record->import_id) == 0 &&
		    engine->identities.records[i].role == record->role)
			add_member(import, &engine->identities.records[i], &now);
	return 0;
}

static int find_import(struct recovery *recovery, const char *wwid, struct error *err)
{
	struct engine *engine = recovery->engine;
	const struct identity_record *record = identity_find(&engine->identities, wwid);
	const struct boot_finding *files = &engine->files;

	recovery->import = import_of_lun(engine, wwid);
	if (recovery->import)
		return 0;
	if (record)
		return import_of_record(recovery, record, err);
	if (files->verdict == BOOT_LOST || lun_set_has(&files->down, wwid)) {
		*err = files->why;
		return -1;
	}
	return error_set(err, ERR_NOT_IMPORTED, wwid, "%s", "");
}

static struct json_object *result_of(struct recovery *recovery)
{
	struct json_object *result = json_object_new_object();

	json_object_object_add(result, "findings", TAKE(recovery->findings));
	json_object_object_add(result, "actions", TAKE(recovery->actions));
	json_object_object_add(result, "state", json_object_new_string(import_state_name(recovery->import->state)));
	return result;
}

int engine_recover(struct engine *engine, const char *wwid, bool dry_run, const struct observer *observer,
		   struct json_object **ret_result, struct error *err)
{
	struct recovery recovery = { .engine = engine, .observer = observer };
	int result;

	if (!identity_wwid_valid(wwid))
		return error_set(err, ERR_WWID_FORM, wwid, "%s", "");
	if (held_refuse(engine, NULL, err) < 0)
		return -1;
	result = find_import(&recovery, wwid, err);
	if (result == 0) {
		recovery.findings = json_object_new_array();
		recovery.actions = json_object_new_array();
		result = dry_run ? plan(&recovery, err) : recover(&recovery, err);
		*ret_result = result_of(&recovery);
	}
	import_free(recovery.lone);
	return result;
}
