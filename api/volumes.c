/*
 * Reports of volumes; see volumes.h.
 */
#include "volumes.h"

#include <stdbool.h>

static bool is_importable(struct json_object *volume)
{
	struct json_object *value;

	return json_object_object_get_ex(volume, "importable", &value) && json_object_get_boolean(value);
}

void volumes_keep_importable(struct json_object *report)
{
	struct json_object *volumes;

	if (!json_object_object_get_ex(report, "volumes", &volumes))
		return;
	for (size_t i = json_object_array_length(volumes); i-- > 0;)
		if (!is_importable(json_object_array_get_idx(volumes, i)))
			json_object_array_del_idx(volumes, i, 1);
}
