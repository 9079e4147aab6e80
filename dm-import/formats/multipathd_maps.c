/*
 * Reads multipathd's JSON with json-c: maps[] → path_groups[] → paths[]; see multipathd_maps.h. Fields that we do not
 * need differ between versions and are not looked at.
 */
#include "multipathd_maps.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static struct json_object *array_in(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return json_object_is_type(value, json_type_array) ? value : NULL;
}

static const char *text_in(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static size_t length(struct json_object *array)
{
	return array ? json_object_array_length(array) : 0;
}

static bool add_group(struct multipathd_map *map, struct json_object *group)
{
	struct json_object *paths = array_in(group, "paths");
	size_t count = length(paths);
	struct multipathd_path *more = reallocarray(map->paths, map->path_count + count + 1, sizeof(*more));

	if (!more)
		return false;
	map->paths = more;
	for (size_t i = 0; i < count; i++) {
		struct json_object *path = json_object_array_get_idx(paths, i);
		struct multipathd_path *row = &map->paths[map->path_count++];

		snprintf(row->disk, sizeof(row->disk), "%s", text_in(path, "dev"));
		snprintf(row->dm_state, sizeof(row->dm_state), "%s", text_in(path, "dm_st"));
		snprintf(row->checker_state, sizeof(row->checker_state), "%s", text_in(path, "chk_st"));
	}
	return true;
}

bool multipathd_map_find(const char *answer, const char *wwid, struct multipathd_map *ret)
{
	struct json_object *root = json_tokener_parse(answer);
	struct json_object *maps = array_in(root, "maps");
	struct multipathd_map map = { 0 };
	bool found = false;

	for (size_t i = 0; i < length(maps) && !found; i++) {
		struct json_object *row = json_object_array_get_idx(maps, i);
		struct json_object *groups = array_in(row, "path_groups");

		if (strcmp(text_in(row, "uuid"), wwid) != 0)
			continue;
		found = true;
		for (size_t g = 0; g < length(groups) && found; g++)
			found = add_group(&map, json_object_array_get_idx(groups, g));
	}
	json_object_put(root);
	if (found)
		*ret = map;
	else
		multipathd_map_free(&map);
	return found;
}

void multipathd_map_free(struct multipathd_map *map)
{
	free(map->paths);
	*map = (struct multipathd_map){ 0 };
}

const struct multipathd_path *multipathd_map_path(const struct multipathd_map *map, const char *disk)
{
	for (size_t i = 0; i < map->path_count; i++)
		if (strcmp(map->paths[i].disk, disk) == 0)
			return &map->paths[i];
	return NULL;
}

bool multipathd_path_usable(const struct multipathd_path *path)
{
	return strcmp(path->dm_state, "active") == 0 &&
	       (strcmp(path->checker_state, "ready") == 0 || strcmp(path->checker_state, "ghost") == 0 ||
		strcmp(path->checker_state, "i/o pending") == 0);
}
