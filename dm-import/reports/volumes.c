/*
 * What the engine reports, as the JSON objects of the API: volumes and imports. The host itself is in host.c.
 */
#include "dm-import/checks/precheck.h"
#include "dm-import/core/inventory.h"
#include "dm-import/formats/multipathd_maps.h"
#include "reservations.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

#include <string.h>
#include <time.h>

/* What is read once for all volumes. */
struct report {
	struct engine *engine;
	struct inventory now;
	char *multipath_config;
	char *multipathd_maps; /* NULL while multipathd does not answer */
};

static const char *protocol_name(enum protocol protocol)
{
	static const char *const names[] = { "other", "FC", "iSCSI", "SAS", "loop" };

	return names[protocol];
}

static const char *alua_name(enum alua_state state)
{
	static const char *const names[] = { "none",	    "active/optimized", "active/non-optimized", "standby",
					     "unavailable", "offline",		"transitioning",	"other" };

	return names[state];
}

static const char *user_kind_name(enum user_kind kind)
{
	static const char *const names[] = { "mount", "lvm", "partition", "dm", "md", "swap" };

	return names[kind];
}

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

/* One that has not come to its end. NULL: no import. */
static bool import_is_open(const struct import *import)
{
	return import && import_state_in_progress(import->state);
}

/* The map of the side that is not live: everything about it is the import's business, not a volume's. */
static bool hidden(const struct engine *engine, const struct map *map)
{
	const struct identity_record *record = identity_find(&engine->identities, map->wwid);

	return strncmp(map->wwid, "retired-", 8) == 0 || (record && strcmp(record->destination_wwid, map->wwid) == 0);
}

static struct json_object *path_object(const struct disk *disk, const struct multipathd_map *map)
{
	const struct multipathd_path *path = multipathd_map_path(map, disk->name);
	struct json_object *row = json_object_new_object();

	json_add_text(row, "device", disk->name);
	json_add_text(row, "hctl", disk->hctl);
	json_add_text(row, "initiator_port", disk->initiator_port);
	json_add_text(row, "target_port", disk->target_port);
	json_add_text(row, "alua_state", alua_name(disk->alua));
	json_add_text(row, "checker_state", path ? path->checker_state : "");
	json_add_text(row, "true_wwid", disk->true_wwid);
	return row;
}

/* What multipathd and the disks say of a map's paths. NULL: no map, an empty list. */
static struct json_object *path_list(const struct report *report, const struct map *map)
{
	CLEANUP_MULTIPATHD_MAP struct multipathd_map known = { 0 };
	struct json_object *paths = json_object_new_array();

	if (map && report->multipathd_maps)
		multipathd_map_find(report->multipathd_maps, map->wwid, &known);
	for (size_t i = 0; map && i < map->paths.path_count; i++) {
		const struct disk *disk = inventory_path(&report->now, map->paths.paths[i]);

		if (disk)
			json_object_array_add(paths, path_object(disk, &known));
	}
	return paths;
}

/* Protocols; the first disk, for what all of them share, or NULL. */
static const struct disk *add_protocols(const struct report *report, const struct map *map, struct json_object *volume)
{
	struct json_object *protocols = json_object_new_array();
	const struct disk *first = NULL;
	unsigned seen = 0;

	for (size_t i = 0; i < map->paths.path_count; i++) {
		const struct disk *disk = inventory_path(&report->now, map->paths.paths[i]);

		if (!disk)
			continue;
		first = first ? first : disk;
		if (!(seen & 1u << disk->protocol))
			json_object_array_add(protocols, json_object_new_string(protocol_name(disk->protocol)));
		seen |= 1u << disk->protocol;
	}
	json_object_object_add(volume, "protocols", protocols);
	return first;
}

/* Its own, and those of the side of its import that no application is on: a way forward, or back. */
static void add_paths(const struct report *report, const struct map *map, struct json_object *volume)
{
	const struct identity_record *record = identity_find(&report->engine->identities, map->wwid);
	const struct map *other = NULL;

	if (import_is_open(import_of_wwid(report->engine, map->wwid)) && record)
		other = inventory_map(&report->now, record->destination_wwid);
	json_object_object_add(volume, "paths", path_list(report, map));
	json_object_object_add(volume, "other_side_paths", path_list(report, other));
}

static void add_disk(const struct report *report, const struct disk *disk, struct json_object *volume)
{
	const struct scsi_port *scsi = &report->engine->ports->scsi;
	const struct array *array =
		disk ? arrays_match(&report->engine->arrays, disk->vendor, disk->product, disk->revision) : NULL;
	char array_id[NAME_SIZE] = "";

	if (disk)
		scsi->array_id(scsi->ctx, disk->name, array_id, NULL);
	json_add_text(volume, "array_type", array ? array->name : "unknown");
	json_add_text_or_null(volume, "array_id", array_id);
	json_add_text(volume, "vendor", disk ? disk->vendor : "");
	json_add_text(volume, "product", disk ? disk->product : "");
	json_add_number(volume, "logical_sector_size", disk ? disk->logical_sector_size : 0);
	json_add_number(volume, "physical_sector_size", disk ? disk->physical_sector_size : 0);
}

/* null when the LUN has no registrations or does not answer */
static void add_reservations(const struct report *report, const struct disk *disk, struct json_object *volume)
{
	const struct scsi_port *scsi = &report->engine->ports->scsi;
	CLEANUP_PR_STATE struct pr_state state = { 0 };
	struct json_object *summary = NULL;
	char key[PR_KEY_SIZE] = "";

	if (disk && scsi->pr_read(scsi->ctx, disk->name, &state, NULL) == 0 && state.key_count) {
		summary = json_object_new_object();
		json_add_number(summary, "generation", state.generation);
		json_add_number(summary, "registrations", state.key_count);
		if (state.reservation_key)
			pr_key_format(state.reservation_key, key);
		json_add_text_or_null(summary, "type", state.reserved ? pr_type_name(state.type) : NULL);
		json_add_text_or_null(summary, "holder_key", key);
	}
	json_object_object_add(volume, "persistent_reservations", summary);
}

static int add_users(const struct report *report, const struct map *map, struct json_object *volume, struct error *err)
{
	const struct device_port *device = &report->engine->ports->device;
	struct json_object *mounts, *rows;
	CLEANUP_FREE struct user *users = NULL;
	char name[32];
	size_t count = 0;

	snprintf(name, sizeof(name), "dm-%u", map->dm.minor);
	if (device->users(device->ctx, name, &users, &count, err) < 0)
		return -1;
	mounts = json_object_new_array();
	rows = json_object_new_array();
	for (size_t i = 0; i < count; i++) {
		struct json_object *row = json_object_new_object();

		json_add_text(row, "kind", user_kind_name(users[i].kind));
		json_add_text(row, "name", users[i].name);
		json_add_text(row, "detail", users[i].detail);
		json_object_array_add(rows, row);
		if (users[i].kind == USER_MOUNT)
			json_object_array_add(mounts, json_object_new_string(users[i].name));
	}
	json_object_object_add(volume, "mount_paths", mounts);
	json_object_object_add(volume, "users", rows);
	return 0;
}

static struct json_object *explanation(enum error_code code, const char *text)
{
	struct json_object *object = json_object_new_object();

	json_add_text(object, "code", error_name(code));
	json_add_text(object, "text", text);
	json_add_text(object, "remedy", error_remedy(code));
	return object;
}

/* What the import needs a person for, or a verb sent again; NULL: nothing. */
static struct json_object *attention_of(const struct import *import)
{
	const struct error *attention = &import->attention;
	char text[512];

	if (attention->code == ERR_NONE)
		return NULL;
	snprintf(text, sizeof(text), "%s%s%s%s%s", error_text(attention->code), *attention->device ? " " : "",
		 attention->device, *attention->detail ? " " : "", attention->detail);
	return explanation(attention->code, text);
}

static void add_import_state(const struct report *report, const struct map *map, struct json_object *volume)
{
	const struct import *import = import_of_wwid(report->engine, map->wwid);
	bool open = import_is_open(import);
	struct json_object *reason = NULL;
	struct error err = { 0 };
	char text[1024] = "READY FOR IMPORT";

	if (open || (import && import->state == IMPORT_COMMITTED)) {
		snprintf(text, sizeof(text), "%s", import_state_name(import->state));
		reason = attention_of(import);
	} else if (precheck_source(report->engine, &report->now, report->multipath_config, map->wwid, &err) < 0) {
		snprintf(text, sizeof(text), "%s%s%s", error_text(err.code), *err.detail ? " " : "", err.detail);
		reason = explanation(err.code, text);
	}
	json_add_text_or_null(volume, "import_id", open ? import->id : NULL);
	json_add_text_or_null(volume, "import_state", open ? import_state_name(import->state) : NULL);
	json_object_object_add(volume, "is_migrating", json_object_new_boolean(open && import->state != IMPORT_NEW));
	json_object_object_add(volume, "importable", json_object_new_boolean(strcmp(text, "READY FOR IMPORT") == 0));
	json_add_text(volume, "import_status", text);
	json_object_object_add(volume, "reason", reason);
}

static void add_side(const struct report *report, const struct map *map, struct json_object *volume)
{
	const struct identity_record *record = identity_find(&report->engine->identities, map->wwid);
	const struct import *import = import_of_wwid(report->engine, map->wwid);
	bool open = import_is_open(import);
	const char *side = "None";
	char carries[WWID_SIZE];

	inventory_true_wwid(&report->now, map, carries);
	if (record && open && strcmp(carries, record->source_wwid) == 0)
		side = "Source";
	else if (record && strcmp(carries, record->destination_wwid) == 0)
		side = "Destination";
	json_add_text(volume, "active_path", side);
	json_add_text(volume, "status", *carries && !map->dm.suspended ? "online" : "offline");
}

static int volume_object(const struct report *report, const struct map *map, struct json_object **ret,
			 struct error *err)
{
	struct json_object *volume = json_object_new_object();
	const struct disk *first;
	char device[32];

	snprintf(device, sizeof(device), "dm-%u", map->dm.minor);
	json_add_text(volume, "name", map->dm.name);
	json_add_text(volume, "dm_device", device);
	json_add_text(volume, "wwid", map->wwid);
	json_add_text(volume, "naa_id", map->wwid[0] == '3' ? map->wwid + 1 : map->wwid);
	json_add_number(volume, "size_bytes", map->paths.length_sectors * 512);
	first = add_protocols(report, map, volume);
	add_paths(report, map, volume);
	add_disk(report, first, volume);
	add_reservations(report, first, volume);
	add_side(report, map, volume);
	add_import_state(report, map, volume);
	if (add_users(report, map, volume, err) < 0) {
		json_object_put(volume);
		return -1;
	}
	*ret = volume;
	return 0;
}

static bool is_importable(struct json_object *volume)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(volume, "importable", &value);
	return json_object_get_boolean(value);
}

int engine_report_volumes(struct engine *engine, bool importable_only, struct json_object **ret, struct error *err)
{
	struct json_object *volumes = json_object_new_array();
	struct report report;
	int result = report_load(engine, &report, err);

	for (size_t i = 0; result == 0 && i < report.now.map_count; i++) {
		struct json_object *volume;

		if (hidden(engine, &report.now.maps[i]))
			continue;
		result = volume_object(&report, &report.now.maps[i], &volume, err);
		if (result == 0 && importable_only && !is_importable(volume))
			json_object_put(volume);
		else if (result == 0)
			json_object_array_add(volumes, volume);
	}
	report_free(&report);
	if (result < 0) {
		json_object_put(volumes);
		return -1;
	}
	*ret = json_object_new_object();
	json_object_object_add(*ret, "volumes", volumes);
	return 0;
}

static void add_time(struct json_object *object, const char *key, uint64_t wall_ms)
{
	char text[CLOCK_ISO_SIZE];

	clock_iso(wall_ms, text);
	json_add_text(object, key, text);
}

static struct json_object *disk_names(const struct inventory *now, const char *true_wwid)
{
	struct json_object *names = json_object_new_array();
	const struct disk *disk;

	for (size_t nth = 0; (disk = inventory_lun_disk(now, true_wwid, nth)); nth++)
		json_object_array_add(names, json_object_new_string(disk->name));
	return names;
}

static struct json_object *member_object(const struct member *member, const struct inventory *now)
{
	const struct map *map = inventory_map(now, member->source_wwid);
	struct json_object *row = json_object_new_object();
	char device[32] = "", carries[WWID_SIZE] = "";

	if (map) {
		snprintf(device, sizeof(device), "dm-%u", map->dm.minor);
		inventory_true_wwid(now, map, carries);
	}
	json_add_text(row, "source_wwid", member->source_wwid);
	json_add_text(row, "destination_wwid", member->destination_wwid);
	json_add_text(row, "name", member->name);
	json_add_text(row, "dm_device", device);
	json_add_number(row, "size_bytes", member->size_bytes);
	json_add_text(row, "active_path",
		      strcmp(carries, member->source_wwid) == 0	       ? "Source"
		      : strcmp(carries, member->destination_wwid) == 0 ? "Destination"
								       : "None");
	json_object_object_add(row, "pause_us",
			       member->pause_us ? json_object_new_int64((int64_t)member->pause_us) : NULL);
	json_object_object_add(row, "reservations", pr_move_report(member));
	json_object_object_add(row, "source_paths", disk_names(now, member->source_wwid));
	json_object_object_add(row, "destination_paths", disk_names(now, member->destination_wwid));
	return row;
}

/* "hold" while the import is held, "last_hold" of the one before; null when there is none. */
static void add_hold(const struct import *import, struct json_object *object)
{
	const struct hold_note *note = &import->last_hold;
	struct json_object *hold = NULL;
	char since[CLOCK_ISO_SIZE];

	if (note->outcome != HOLD_NONE) {
		hold = json_object_new_object();
		clock_iso(note->since_ms, since);
		if (import->state != IMPORT_HELD)
			json_object_object_add(hold, "outcome",
					       json_object_new_string(hold_outcome_name(note->outcome)));
		json_add_text(hold, "to", side_name(note->to));
		json_object_object_add(hold, "lease_ms", json_object_new_int((int)note->lease_ms));
		json_object_object_add(hold, "since", json_object_new_string(since));
		if (import->state != IMPORT_HELD)
			json_object_object_add(hold, "held_ms",
					       note->held_ms ? json_object_new_int64((int64_t)note->held_ms) : NULL);
	}
	json_object_object_add(object, "hold", import->state == IMPORT_HELD ? hold : NULL);
	json_object_object_add(object, "last_hold", import->state == IMPORT_HELD ? NULL : hold);
}

static struct json_object *import_object(const struct import *import, const struct inventory *now)
{
	struct json_object *object = json_object_new_object(), *members = json_object_new_array();
	struct json_object *session = NULL;

	json_add_text(object, "id", import->id);
	json_add_text(object, "state", import_state_name(import->state));
	for (size_t i = 0; i < import->member_count; i++)
		json_object_array_add(members, member_object(&import->members[i], now));
	json_add_text(object, "active_path", import->members[0].exchanged ? "Destination" : "Source");
	add_time(object, "created", import->created_ms);
	add_time(object, "updated", import->updated_ms);
	json_add_number(object, "min_paths", import->min_paths);
	if (*import->session_state) {
		session = json_object_new_object();
		json_add_text(session, "state", import->session_state);
		json_add_number(session, "percent", import->session_percent);
	}
	json_object_object_add(object, "session", session);
	json_object_object_add(object, "members", members);
	json_object_object_add(object, "attention", attention_of(import));
	add_hold(import, object);
	return object;
}

/* While an import is held nothing is asked of the host: what it was before the hold still holds. */
static int look(struct engine *engine, struct inventory *ret, const struct inventory **ret_now, struct error *err)
{
	*ret_now = engine->held ? &engine->held->now : ret;
	return engine->held ? 0 : inventory_load(engine->ports, ret, err);
}

int engine_report_imports(struct engine *engine, struct json_object **ret, struct error *err)
{
	CLEANUP_INVENTORY struct inventory loaded = { 0 };
	const struct inventory *now;
	struct json_object *imports;

	if (look(engine, &loaded, &now, err) < 0)
		return -1;
	imports = json_object_new_array();
	for (size_t i = 0; i < engine->import_count; i++)
		json_object_array_add(imports, import_object(engine->imports[i], now));
	*ret = json_object_new_object();
	json_object_object_add(*ret, "imports", imports);
	return 0;
}

int engine_report_import(struct engine *engine, const char *id, struct json_object **ret, struct error *err)
{
	CLEANUP_INVENTORY struct inventory loaded = { 0 };
	const struct import *import = engine_find(engine, id);
	const struct inventory *now;

	if (!import)
		return error_set(err, ERR_IMPORT_UNKNOWN, id, "%s", "");
	if (look(engine, &loaded, &now, err) < 0)
		return -1;
	*ret = import_object(import, now);
	return 0;
}
