/*
 * What multipathd itself says of its maps (`show maps json`). Pure.
 */
#ifndef DM_IMPORT_MULTIPATHD_MAPS_H
#define DM_IMPORT_MULTIPATHD_MAPS_H

#include "dm-import/model.h"

struct multipathd_path {
	char disk[DISK_NAME_SIZE];
	char dm_state[16];	/* "active", "failed", "undef" */
	char checker_state[16]; /* "ready", "ghost", "faulty", ... */
};

struct multipathd_map {
	struct multipathd_path *paths; /* owned; free with multipathd_map_free */
	size_t path_count;
};

/* True, and *ret filled, when the answer has the map with this WWID; false when not, or when it is no JSON. */
bool multipathd_map_find(const char *answer, const char *wwid, struct multipathd_map *ret);
void multipathd_map_free(struct multipathd_map *map);

/* The path of this disk; NULL when the map has none. */
const struct multipathd_path *multipathd_map_path(const struct multipathd_map *map, const char *disk);

/* multipathd uses the path: active in the kernel and not failed by the checker. */
bool multipathd_path_usable(const struct multipathd_path *path);

#define CLEANUP_MULTIPATHD_MAP __attribute__((cleanup(multipathd_map_free)))

#endif
