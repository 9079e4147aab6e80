/*
 * Reading fields of JSON objects; see field.h.
 */
#include "field.h"

#include "print.h"

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

static void make_string_plain(struct json_object *value)
{
	CLEANUP_BUF struct buf plain = { 0 };
	bool changed = false;

	for (const char *text = json_object_get_string(value); *text;) {
		size_t length = print_control(text);

		buf_add(&plain, length ? "?" : text, 1);
		text += length ? length : 1;
		changed = changed || length;
	}
	if (changed && !buf_failed(&plain))
		json_object_set_string(value, buf_text(&plain));
}

void field_make_plain(struct json_object *value)
{
	if (json_object_is_type(value, json_type_string))
		make_string_plain(value);
	if (json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < json_object_array_length(value); i++)
			field_make_plain(json_object_array_get_idx(value, i));
	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, name, member)
		{
			(void)name;
			field_make_plain(member);
		}
	}
}
