/*
 * Imports; see reports.h.
 */
#include "json.h"
#include "reports.h"

#include "base/json.h"

/* null: 0 */
static void add_number_or_null(struct json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, number ? json_object_new_int64((int64_t)number) : NULL);
}

static void add_names(struct json_object *object, const char *key, const struct disk_names *names)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < names->count; i++)
		json_object_array_add(list, json_object_new_string(names->list[i]));
	json_object_object_add(object, key, list);
}

static struct json_object *reservation_json(const struct reservation_report *lun)
{
	struct json_object *object, *keys;
	char text[PR_KEY_SIZE];

	if (!lun->known)
		return NULL;
	object = json_object_new_object();
	keys = json_object_new_array();
	for (size_t i = 0; i < lun->key_count; i++) {
		pr_key_format(lun->keys[i], text);
		json_object_array_add(keys, json_object_new_string(text));
	}
	pr_key_format(lun->holder_key, text);
	json_add_number(object, "generation", lun->generation);
	json_object_object_add(object, "keys", keys);
	json_add_text_or_null(object, "type", lun->type ? pr_type_name(lun->type) : NULL);
	json_add_text_or_null(object, "holder_key", lun->holder_key ? text : NULL);
	json_add_flag(object, "held_by_this_host", lun->holder);
	json_add_number(object, "registered_paths", lun->own_paths);
	json_add_number(object, "paths", lun->paths);
	return object;
}

static void add_reservations(struct json_object *object, const struct member_report *member)
{
	struct json_object *reservations = NULL;

	if (member->has_reservations) {
		reservations = json_object_new_object();
		json_add_flag(reservations, "registered", member->registered);
		json_add_flag(reservations, "fenced", member->fenced);
		json_add_flag(reservations, "source_reservation_lifted", member->lifted);
		for (int side = 0; side < 2; side++)
			json_object_object_add(reservations, side_name(side),
					       reservation_json(&member->reservations[side]));
	}
	json_object_object_add(object, "reservations", reservations);
}

static struct json_object *member_json(const struct member_report *member)
{
	struct json_object *object = json_object_new_object();

	json_add_text(object, "source_wwid", member->source_wwid);
	json_add_text(object, "destination_wwid", member->destination_wwid);
	json_add_text(object, "name", member->name);
	if (member->mapped)
		json_add_dm_device(object, member->dm_minor);
	else
		json_add_text(object, "dm_device", "");
	json_add_number(object, "size_bytes", member->size_bytes);
	json_add_text(object, "active_path", active_path_name(member->active));
	add_number_or_null(object, "pause_us", member->pause_us);
	add_reservations(object, member);
	add_names(object, "source_paths", &member->paths[SIDE_SOURCE]);
	add_names(object, "destination_paths", &member->paths[SIDE_DESTINATION]);
	return object;
}

static void add_session(struct json_object *object, const struct import_report *import)
{
	struct json_object *session = NULL;

	if (*import->session_state) {
		session = json_object_new_object();
		json_add_text(session, "state", import->session_state);
		json_add_number(session, "percent", import->session_percent);
	}
	json_object_object_add(object, "session", session);
}

/* "hold" while the import is held, "last_hold" of the one before; null when there is none. */
static void add_hold(struct json_object *object, const struct import_report *import)
{
	bool held = import->state == IMPORT_HELD;
	struct json_object *hold = NULL;

	if (import->hold.outcome != HOLD_NONE) {
		hold = json_object_new_object();
		if (!held)
			json_add_text(hold, "outcome", hold_outcome_name(import->hold.outcome));
		json_add_text(hold, "to", side_name(import->hold.to));
		json_add_number(hold, "lease_ms", import->hold.lease_ms);
		json_object_object_add(hold, "since", json_time(import->hold.since_ms));
		if (!held)
			add_number_or_null(hold, "held_ms", import->hold.held_ms);
	}
	json_object_object_add(object, "hold", held ? hold : NULL);
	json_object_object_add(object, "last_hold", held ? NULL : hold);
}

struct json_object *import_json(const struct import_report *import)
{
	struct json_object *object = json_object_new_object(), *members = json_object_new_array();
	const struct error *attention = &import->attention;

	for (size_t i = 0; i < import->member_count; i++)
		json_object_array_add(members, member_json(&import->members[i]));
	json_add_text(object, "id", import->id);
	json_add_text(object, "state", import_state_name(import->state));
	json_add_text(object, "active_path",
		      active_path_name(import->side == SIDE_SOURCE ? ACTIVE_SOURCE : ACTIVE_DESTINATION));
	json_object_object_add(object, "created", json_time(import->created_ms));
	json_object_object_add(object, "updated", json_time(import->updated_ms));
	json_add_number(object, "min_paths", import->min_paths);
	add_session(object, import);
	json_object_object_add(object, "members", members);
	json_object_object_add(object, "attention",
			       explanation_json(attention->code, attention->device, attention->detail, NULL));
	add_hold(object, import);
	return object;
}

struct json_object *imports_json(const struct import_reports *imports)
{
	struct json_object *object = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < imports->count; i++)
		json_object_array_add(list, import_json(&imports->list[i]));
	json_object_object_add(object, "imports", list);
	return object;
}
