/*
 * Reading fields of JSON objects; see field.h.
 */
#include "field.h"

struct json_object *field_get(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, name, &value);
	return value;
}

const char *field_text(struct json_object *object, const char *name)
{
	struct json_object *value = field_get(object, name);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

int64_t field_number(struct json_object *object, const char *name)
{
	return json_object_get_int64(field_get(object, name));
}

bool field_true(struct json_object *object, const char *name)
{
	return json_object_get_boolean(field_get(object, name));
}

struct json_object *field_list(struct json_object *object, const char *name, size_t *ret_count)
{
	struct json_object *value = field_get(object, name);

	if (!json_object_is_type(value, json_type_array))
		value = NULL;
	*ret_count = value ? json_object_array_length(value) : 0;
	return value;
}
