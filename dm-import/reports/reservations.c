/*
 * What an import's report says of a member's reservations: the views of the last look, see move.h.
 */
#include "reservations.h"

static struct json_object *view_object(const struct pr_view *view)
{
	struct json_object *object, *keys;
	char text[PR_KEY_SIZE];
	enum pr_type type = view->scope_type & 0xf;

	if (!view->known)
		return NULL;
	object = json_object_new_object();
	keys = json_object_new_array();
	for (size_t i = 0; i < view->key_count; i++) {
		pr_key_format(view->keys[i], text);
		json_object_array_add(keys, json_object_new_string(text));
	}
	json_object_object_add(object, "generation", json_object_new_int64(view->generation));
	json_object_object_add(object, "keys", keys);
	json_object_object_add(object, "type", type ? json_object_new_string(pr_type_name(type)) : NULL);
	pr_key_format(view->holder_key, text);
	json_object_object_add(object, "holder_key", view->holder_key ? json_object_new_string(text) : NULL);
	json_object_object_add(object, "held_by_this_host", json_object_new_boolean(view->holder));
	json_object_object_add(object, "registered_paths", json_object_new_int64((int64_t)view->own_paths));
	json_object_object_add(object, "paths", json_object_new_int64((int64_t)view->paths));
	return object;
}

struct json_object *pr_move_report(const struct member *member)
{
	const struct pr_view *views = member->pr.views;
	struct json_object *object;

	if (!views[SIDE_SOURCE].key_count && !views[SIDE_DESTINATION].key_count && !member->pr.registered &&
	    !member->pr.fenced)
		return NULL;
	object = json_object_new_object();
	json_object_object_add(object, "registered", json_object_new_boolean(member->pr.registered));
	json_object_object_add(object, "fenced", json_object_new_boolean(member->pr.fenced));
	json_object_object_add(object, "source_reservation_lifted", json_object_new_boolean(member->pr.lifted));
	json_object_object_add(object, "source", view_object(&views[SIDE_SOURCE]));
	json_object_object_add(object, "destination", view_object(&views[SIDE_DESTINATION]));
	return object;
}
