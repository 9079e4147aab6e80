/*
 * recover_device: inspect (inspect.c), repair the first of what was found (repairs.c), inspect again, until nothing is
 * left that can be repaired.
 */
#include "dm-import/boot/judge.h"
#include "dm-import/boot/opening.h"
#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "facts.h"
#include "inspect.h"
#include "recover.h"
#include "repairs.h"

#include "base/cleanup.h"

#include <string.h>

/* While the sides contradict each other nothing else was looked for, and nothing is done. */
static const struct repair *next_repair(const struct recovery *recovery)
{
	for (size_t i = 0; i < repair_count; i++)
		if (recovery->found[repairs[i].code])
			return &repairs[i];
	return NULL;
}

static void tell(struct recovery *recovery, const struct repair *repair, bool done)
{
	struct verb_result *result = recovery->result;
	struct action_report *more = reallocarray(result->actions, result->action_count + 1, sizeof(*more));

	if (!more)
		return;
	result->actions = more;
	more[result->action_count++] = (struct action_report){
		.name = repair->name, .does = repair->does, .code = repair->code, .done = done
	};
}

static int repair_one(struct recovery *recovery, const struct repair *repair, struct error *err)
{
	const struct observer *observer = recovery->observer;
	int result;

	if (observer && observer->step)
		observer->step(observer->ctx, repair->name,
			       (unsigned)((size_t)(repair - repairs) * 100 / repair_count));
	result = repair->act(recovery, err);
	if (result == 0 && recovery->engine->files->why.code != ERR_NONE)
		result = identities_reread(recovery->engine, err);
	if (result < 0)
		snprintf(err->step, sizeof(err->step), "%s", repair->name);
	tell(recovery, repair, result == 0);
	return result;
}

static int repair_all(struct recovery *recovery, struct error *err)
{
	const struct repair *repair = repairs, *last = NULL;

	if (journal_repair(recovery->engine, err) < 0)
		return -1;
	for (size_t rounds = 0; rounds < 2 * repair_count; rounds++, last = repair) {
		if (recovery_inspect(recovery, err) < 0)
			return -1;
		repair = next_repair(recovery);
		if (!repair)
			return 0;
		if (repair == last)
			break;
		if (repair_one(recovery, repair, err) < 0)
			return -1;
	}
	return error_set(err, repair->code, recovery->import->id, "(still, after this: %s)", repair->does);
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
	if (repair_all(recovery, err) < 0)
		return -1;
	if (recovery->person.code == ERR_NONE)
		return 0;
	mark_attention(recovery);
	*err = recovery->person;
	return -1;
}

static int plan(struct recovery *recovery, struct error *err)
{
	if (recovery_inspect(recovery, err) < 0)
		return -1;
	for (size_t i = 0; i < repair_count; i++)
		if (recovery->found[repairs[i].code])
			tell(recovery, &repairs[i], false);
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
	const struct boot_finding *files = engine->files;

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

int recover_device(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		   struct verb_result *ret_result, struct error *err)
{
	struct recovery recovery = { .engine = engine, .observer = observer, .result = ret_result };
	int result;

	if (!identity_wwid_valid(request->wwid))
		return error_set(err, ERR_WWID_FORM, request->wwid, "%s", "");
	if (held_refuse(engine, NULL, err) < 0)
		return -1;
	result = find_import(&recovery, request->wwid, err);
	if (result == 0) {
		result = request->dry_run ? plan(&recovery, err) : recover(&recovery, err);
		ret_result->kind = RESULT_RECOVERY;
		ret_result->state = recovery.import->state;
	}
	import_free(recovery.lone);
	return result;
}
