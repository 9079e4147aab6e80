/*
 * Imports: creating, checking and deleting them, and what the orchestrator says of them.
 */
#include "dm-import/checks/precheck.h"
#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "dm-import/host/publish.h"
#include "dm-import/store/identities.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "state.h"
#include "verbs.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <string.h>

static bool same_members(const struct import *import, const struct import_request *request)
{
	if (import->member_count != request->member_count)
		return false;
	for (size_t i = 0; i < request->member_count; i++)
		if (strcmp(import->members[i].source_wwid, request->members[i].source_wwid) != 0 ||
		    strcmp(import->members[i].destination_wwid, request->members[i].destination_wwid) != 0)
			return false;
	return true;
}

static int check_wwids(const struct import_request *request, struct error *err)
{
	for (size_t i = 0; i < request->member_count; i++) {
		const struct member_request *member = &request->members[i];

		if (!identity_wwid_valid(member->source_wwid))
			return error_set(err, ERR_WWID_FORM, member->source_wwid, "%s", "");
		if (!identity_wwid_valid(member->destination_wwid))
			return error_set(err, ERR_WWID_FORM, member->destination_wwid, "%s", "");
		if (strcmp(member->source_wwid, member->destination_wwid) == 0)
			return error_set(err, ERR_SAME_LUN, member->source_wwid, "%s", "");
		for (size_t j = 0; j < i; j++) {
			const struct member_request *other = &request->members[j];

			if (strcmp(other->source_wwid, member->source_wwid) == 0 ||
			    strcmp(other->destination_wwid, member->source_wwid) == 0)
				return error_set(err, ERR_MEMBER_TWICE, member->source_wwid, "%s", "");
			if (strcmp(other->destination_wwid, member->destination_wwid) == 0 ||
			    strcmp(other->source_wwid, member->destination_wwid) == 0)
				return error_set(err, ERR_MEMBER_TWICE, member->destination_wwid, "%s", "");
		}
	}
	return 0;
}

static int check_request(const struct engine *engine, const struct import_request *request, struct error *err)
{
	if (request->id[0] && !identity_import_id_valid(request->id))
		return error_set(err, ERR_VALUE_INVALID, NULL,
				 "an import's id is 1 to 64 letters, digits, '.', '_' and '-', and begins with a "
				 "letter, digit or '_'");
	if (request->member_count == 0 || request->member_count > engine->options.max_members)
		return error_set(err, ERR_VALUE_INVALID, NULL, "an import has 1 to %u members, not %zu",
				 engine->options.max_members, request->member_count);
	if (request->min_paths > 64)
		return error_set(err, ERR_VALUE_INVALID, NULL, "min_paths is 1 to 64, not %u", request->min_paths);
	return check_wwids(request, err);
}

/* An import as the request describes it; not recorded anywhere. Free with import_free. */
static struct import *import_of(const struct engine *engine, const struct import_request *request, struct error *err)
{
	struct import *import = calloc(1, sizeof(*import));

	if (import)
		import->members = calloc(request->member_count, sizeof(*import->members));
	if (!import || !import->members) {
		import_free(import);
		error_no_memory(err);
		return NULL;
	}
	snprintf(import->id, sizeof(import->id), "%s", request->id);
	import->min_paths = request->min_paths ? request->min_paths : engine->options.min_paths;
	import->member_count = request->member_count;
	for (size_t i = 0; i < request->member_count; i++) {
		struct member *member = &import->members[i];

		snprintf(member->source_wwid, sizeof(member->source_wwid), "%s", request->members[i].source_wwid);
		snprintf(member->destination_wwid, sizeof(member->destination_wwid), "%s",
			 request->members[i].destination_wwid);
	}
	return import;
}

static int check_luns_free(struct engine *engine, const struct import *import, struct error *err)
{
	for (size_t i = 0; i < import->member_count; i++) {
		const char *wwids[] = { import->members[i].source_wwid, import->members[i].destination_wwid };

		for (size_t w = 0; w < ARRAY_SIZE(wwids); w++) {
			const struct identity_record *record = identity_find(&engine->identities, wwids[w]);

			if (record && record->role == IDENTITY_RETIRED)
				return error_set(err, ERR_IDENTITY_TAKEN, wwids[w], "(import %s)", record->import_id);
			if (record)
				return error_set(err, ERR_MEMBER_IN_IMPORT, wwids[w], "(import %s)", record->import_id);
		}
	}
	return 0;
}

/* A crash in an earlier create may have left a hiding rule and no record; it belongs to nobody. */
static void drop_orphans(struct engine *engine, const struct import *import)
{
	for (size_t i = 0; i < 2 * import->member_count; i++) {
		const struct member *member = &import->members[i / 2];
		const struct identity_record *record =
			identity_find(&engine->identities, i % 2 ? member->source_wwid : member->destination_wwid);

		if (record && record->role == IDENTITY_HIDDEN && !engine_find(engine, record->import_id))
			identity_drop(&engine->identities, record->destination_wwid);
	}
}

/* The hiding rule must not fall on a LUN that somebody uses, nor the import on a source that is not there. */
static int check_luns(struct engine *engine, struct import *import, struct error *err)
{
	const struct device_port *device = &engine->ports->device;
	CLEANUP_INVENTORY struct inventory now = { 0 };

	if (inventory_load(engine->ports, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < import->member_count; i++) {
		struct member *member = &import->members[i];
		const struct map *source = inventory_map(&now, member->source_wwid);
		const struct map *destination = inventory_map(&now, member->destination_wwid);
		const struct disk *disk;

		if (!source)
			return error_set(err,
					 inventory_lun_disk(&now, member->source_wwid, 0) ? ERR_SOURCE_NOT_MULTIPATH
											  : ERR_VOLUME_UNKNOWN,
					 member->source_wwid, "%s", "");
		snprintf(member->name, sizeof(member->name), "%s", source->dm.name);
		member->size_bytes = source->paths.length_sectors * 512;
		if (destination && destination->dm.open_count)
			return error_set(err, ERR_DESTINATION_IN_USE, destination->dm.name, "(its map is open)");
		for (size_t nth = 0; (disk = inventory_lun_disk(&now, member->destination_wwid, nth)); nth++) {
			CLEANUP_FREE struct user *users = NULL;
			size_t count = 0;

			if (device->users(device->ctx, disk->name, &users, &count, err) < 0)
				return -1;
			if (count)
				return error_set(err, ERR_DESTINATION_IN_USE, disk->name, "(%s)", users[0].name);
		}
	}
	return 0;
}

static int check_space(struct engine *engine, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	const char *const places[] = { engine->options.state_directory, engine->options.etc_directory,
				       engine->options.rules_directory };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		uint64_t free_bytes;

		if (host->free_bytes(host->ctx, places[i], &free_bytes, err) < 0)
			return -1;
		if (free_bytes < FREE_BYTES_NEEDED)
			return error_set(err, ERR_NO_SPACE, places[i], "%" PRIu64 " KiB are free, %u are needed",
					 free_bytes >> 10, FREE_BYTES_NEEDED >> 10);
	}
	return 0;
}

static void drop_identities(struct engine *engine, const struct import *import)
{
	for (size_t i = 0; i < import->member_count; i++)
		identity_drop(&engine->identities, import->members[i].destination_wwid);
}

/* Rules before record: a record without rules could be prepared with its LUN visible, rules without a record only hide.
 */
static int hide_and_record(struct engine *engine, struct import *import, struct error *err)
{
	CLEANUP_INVENTORY struct inventory now = { 0 };
	struct import **imports = reallocarray(engine->imports, engine->import_count + 1, sizeof(struct import *));

	if (!imports)
		return error_no_memory(err);
	engine->imports = imports;
	if (identities_assign(engine, import, IDENTITY_HIDDEN, err) < 0 || publish(engine, import, &now, err) < 0 ||
	    publish_live(engine, import, &now, err) < 0 || import_save(engine, import, JOURNAL_CREATED, err) < 0) {
		drop_identities(engine, import);
		identities_apply(engine, NULL);
		publish(engine, import, &now, NULL);
		return -1;
	}
	engine->imports[engine->import_count++] = import;
	return 0;
}

static int admit(struct engine *engine, struct import *import, struct error *err)
{
	if (engine->import_count >= IMPORTS_MAX)
		return error_set(err, ERR_IMPORT_LIMIT, NULL, "(%d)", IMPORTS_MAX);
	drop_orphans(engine, import);
	if (check_luns_free(engine, import, err) < 0 || check_luns(engine, import, err) < 0 ||
	    check_space(engine, err) < 0)
		return -1;
	return hide_and_record(engine, import, err);
}

int engine_import_create(struct engine *engine, const struct import_request *request, const struct observer *observer,
			 char ret_id[static IMPORT_ID_SIZE], bool *ret_created, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	struct import *import, *known;

	(void)observer;
	if (check_request(engine, request, err) < 0)
		return -1;
	known = engine_find(engine, request->id);
	if (known && !same_members(known, request))
		return error_set(err, ERR_IMPORT_EXISTS, request->id, "%s", "");
	if (known) {
		snprintf(ret_id, IMPORT_ID_SIZE, "%s", known->id);
		*ret_created = false;
		return 0;
	}
	if (held_refuse(engine, NULL, err) < 0)
		return -1;
	import = import_of(engine, request, err);
	if (!import)
		return -1;
	import->created_ms = host->wall_ms(host->ctx);
	if (!import->id[0])
		snprintf(import->id, sizeof(import->id), "import-%" PRIu64, import->created_ms);
	if (admit(engine, import, err) == 0) {
		snprintf(ret_id, IMPORT_ID_SIZE, "%s", import->id);
		*ret_created = true;
		return 0;
	}
	import_free(import);
	return -1;
}

static int precheck(struct engine *engine, const struct import *import, struct verb_result *ret_result,
		    struct error *err)
{
	CLEANUP_INVENTORY struct inventory now = { 0 };

	if (inventory_load(engine->ports, &now, err) < 0 ||
	    precheck_run(engine, import, &now, false, &ret_result->findings, err) < 0)
		return -1;
	ret_result->kind = RESULT_PRECHECK;
	return 0;
}

static int precheck_request(struct engine *engine, const struct import_request *request, struct verb_result *ret_result,
			    struct error *err)
{
	struct import *import;
	int result;

	if (held_refuse(engine, NULL, err) < 0 || check_request(engine, request, err) < 0)
		return -1;
	import = import_of(engine, request, err);
	if (!import)
		return -1;
	result = precheck(engine, import, ret_result, err);
	import_free(import);
	return result;
}

int verb_precheck(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		  struct verb_result *ret_result, struct error *err)
{
	const struct import *import;

	(void)observer;
	if (request->members)
		return precheck_request(engine, request->members, ret_result, err);
	import = import_find(engine, request->import_id, err);
	if (!import || import_check_allowed(engine, import, request, err) < 0)
		return -1;
	return precheck(engine, import, ret_result, err);
}

static int refresh(struct engine *engine, struct error *err)
{
	const struct device_port *device = &engine->ports->device;

	if (held_refuse(engine, NULL, err) < 0 || device->rescan(device->ctx, err) < 0)
		return -1;
	return device->settle(device->ctx, SETTLE_TIMEOUT_MS, err);
}

int verb_refresh(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		 struct verb_result *ret_result, struct error *err)
{
	(void)request;
	(void)observer;
	(void)ret_result;
	return refresh(engine, err);
}

static int check_unmapped(struct engine *engine, const struct import *import, struct error *err)
{
	CLEANUP_INVENTORY struct inventory now = { 0 };

	/* cancel took its disks off the host; whether the array still maps it only a new look can tell */
	if (refresh(engine, err) < 0 || inventory_load(engine->ports, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < import->member_count; i++)
		if (inventory_lun_disk(&now, import->members[i].destination_wwid, 0))
			return error_set(err, ERR_STATE_WRONG, import->members[i].destination_wwid,
					 "the destination LUN is still mapped to this host and would become visible; "
					 "unmap it first");
	return 0;
}

/* Only a pair that is on its source for good may lose its record; after a forced cancel it may be anywhere. */
static bool all_hidden(const struct engine *engine, const struct import *import)
{
	for (size_t i = 0; i < import->member_count; i++) {
		const struct identity_record *record =
			identity_find(&engine->identities, import->members[i].destination_wwid);

		if (!record || record->role != IDENTITY_HIDDEN || import->members[i].exchanged)
			return false;
	}
	return true;
}

int engine_import_delete(struct engine *engine, const char *id, struct error *err)
{
	const struct device_port *device = &engine->ports->device;
	struct import *import = engine_find(engine, id);

	if (!import)
		return 0;
	if (held_refuse(engine, import, err) < 0)
		return -1;
	if (import_state_in_progress(import->state))
		return error_set(err, ERR_STATE_WRONG, id,
				 "only a committed or cancelled import can be deleted, this one is %s",
				 import_state_name(import->state));
	if (all_hidden(engine, import)) {
		if (check_unmapped(engine, import, err) < 0)
			return -1;
		drop_identities(engine, import);
		if (identities_apply(engine, err) < 0 ||
		    device->reidentify(device->ctx, NULL, 0, UDEV_TIMEOUT_MS, err) < 0)
			return -1;
	}
	return import_forget(engine, import, err);
}

int engine_import_session(struct engine *engine, const char *id, const char *state, unsigned percent, struct error *err)
{
	struct import *import = import_find(engine, id, err);

	if (!import || held_refuse(engine, import, err) < 0)
		return -1;
	if (!session_state_valid(state) || percent > 100)
		return error_set(err, ERR_VALUE_INVALID, NULL, "no such session state, or a percentage above 100");
	snprintf(import->session_state, sizeof(import->session_state), "%s", state);
	import->session_percent = percent;
	return engine->held ? 0 : import_save(engine, import, JOURNAL_SESSION, err); /* the end of the hold saves it */
}
