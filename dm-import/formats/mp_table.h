/*
 * Tables of the multipath target as text. Pure. Only what the engine needs of them: which paths they have, and the same
 * table with one more feature. Format: Documentation/admin-guide/device-mapper of the kernel and dm-mpath.c,
 *   <start> <length> multipath <#features> f… <#handler> h… <#groups> <first> {<selector> <#args> a… <#paths> <#path
 * args> {<dev> a…}…}…
 */
#ifndef DM_IMPORT_MP_TABLE_H
#define DM_IMPORT_MP_TABLE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { MP_PATHS_MAX = 256, DEVNO_SIZE = 24 };

struct mp_table {
	uint64_t length_sectors;
	char paths[MP_PATHS_MAX][DEVNO_SIZE]; /* "8:16" */
	size_t path_count;
	size_t group_count;
	size_t features_at, features_end; /* the feature count and the features: byte offsets in the text */
	unsigned feature_count;
};

/* ERR_DM_FAILED when the text is not exactly one line of a multipath table. */
int mp_table_parse(const char *text, struct mp_table *ret, struct error *err);

bool mp_table_has_feature(const char *text, const char *feature);

/* The same paths and settings for a map of this length, surely with this feature. Owned by the caller. */
int mp_table_adapt(const char *text, uint64_t length_sectors, const char *feature, char **ret, struct error *err);

#endif
