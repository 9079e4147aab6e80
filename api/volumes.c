/*
 * Volumes; see reports.h.
 */
#include "reports.h"

#include "base/json.h"

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

static void add_protocols(struct json_object *object, const struct volume_report *volume)
{
	struct json_object *protocols = json_object_new_array();

	for (size_t i = 0; i < volume->protocol_count; i++)
		json_object_array_add(protocols, json_object_new_string(protocol_name(volume->protocols[i])));
	json_object_object_add(object, "protocols", protocols);
}

static void add_paths(struct json_object *object, const char *key, const struct path_list *paths)
{
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < paths->count; i++) {
		const struct path_report *path = &paths->list[i];
		struct json_object *row = json_object_new_object();

		json_add_text(row, "device", path->device);
		json_add_text(row, "hctl", path->hctl);
		json_add_text(row, "initiator_port", path->initiator_port);
		json_add_text(row, "target_port", path->target_port);
		json_add_text(row, "alua_state", alua_name(path->alua));
		json_add_text(row, "checker_state", path->checker_state);
		json_add_text(row, "true_wwid", path->true_wwid);
		json_object_array_add(rows, row);
	}
	json_object_object_add(object, key, rows);
}

/* null when the LUN has no registrations or does not answer */
static void add_reservations(struct json_object *object, const struct volume_report *volume)
{
	struct json_object *summary = NULL;
	char key[PR_KEY_SIZE] = "";

	if (volume->reservations.registrations) {
		summary = json_object_new_object();
		json_add_number(summary, "generation", volume->reservations.generation);
		json_add_number(summary, "registrations", volume->reservations.registrations);
		if (volume->reservations.holder_key)
			pr_key_format(volume->reservations.holder_key, key);
		json_add_text_or_null(summary, "type",
				      volume->reservations.reserved ? pr_type_name(volume->reservations.type) : NULL);
		json_add_text_or_null(summary, "holder_key", key);
	}
	json_object_object_add(object, "persistent_reservations", summary);
}

static void add_import(struct json_object *object, const struct volume_report *volume)
{
	const char *state = import_state_name(volume->import_state);
	const struct error *reason = &volume->reason;
	bool open = *volume->import_id;
	struct json_object *explanation = explanation_json(reason->code, volume->imported ? reason->device : "",
							   reason->detail, NULL),
			   *text;

	json_add_text_or_null(object, "import_id", volume->import_id);
	json_add_text_or_null(object, "import_state", open ? state : NULL);
	json_add_flag(object, "is_migrating", open && volume->import_state != IMPORT_NEW);
	json_add_flag(object, "importable", volume->importable);
	if (volume->imported)
		json_add_text(object, "import_status", state);
	else if (json_object_object_get_ex(explanation, "text", &text))
		json_object_object_add(object, "import_status", json_object_get(text));
	else
		json_add_text(object, "import_status", "READY FOR IMPORT");
	json_object_object_add(object, "reason", explanation);
}

static void add_users(struct json_object *object, const struct volume_report *volume)
{
	struct json_object *mounts = json_object_new_array(), *rows = json_object_new_array();

	for (size_t i = 0; i < volume->user_count; i++) {
		const struct user *user = &volume->users[i];
		struct json_object *row = json_object_new_object();

		json_add_text(row, "kind", user_kind_name(user->kind));
		json_add_text(row, "name", user->name);
		json_add_text(row, "detail", user->detail);
		json_object_array_add(rows, row);
		if (user->kind == USER_MOUNT)
			json_object_array_add(mounts, json_object_new_string(user->name));
	}
	json_object_object_add(object, "mount_paths", mounts);
	json_object_object_add(object, "users", rows);
}

struct json_object *volume_json(const struct volume_report *volume)
{
	struct json_object *object = json_object_new_object();

	json_add_text(object, "name", volume->name);
	json_add_dm_device(object, volume->dm_minor);
	json_add_text(object, "wwid", volume->wwid);
	json_add_text(object, "naa_id", volume->wwid + (volume->wwid[0] == '3'));
	json_add_number(object, "size_bytes", volume->size_bytes);
	add_protocols(object, volume);
	add_paths(object, "paths", &volume->paths);
	add_paths(object, "other_side_paths", &volume->other_side_paths);
	json_add_text(object, "array_type", *volume->array ? volume->array : "unknown");
	json_add_text_or_null(object, "array_id", volume->array_id);
	json_add_text(object, "vendor", volume->vendor);
	json_add_text(object, "product", volume->product);
	json_add_number(object, "logical_sector_size", volume->logical_sector_size);
	json_add_number(object, "physical_sector_size", volume->physical_sector_size);
	add_reservations(object, volume);
	json_add_text(object, "active_path", active_path_name(volume->active));
	json_add_text(object, "status", volume->online ? "online" : "offline");
	add_import(object, volume);
	add_users(object, volume);
	return object;
}

struct json_object *volumes_json(const struct volume_reports *volumes, bool importable_only)
{
	struct json_object *object = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < volumes->count; i++)
		if (volumes->list[i].importable || !importable_only)
			json_object_array_add(list, volume_json(&volumes->list[i]));
	json_object_object_add(object, "volumes", list);
	return object;
}
