/*
 * Maps of LUNs that no application uses, and their disks: having multipathd make them, and taking them off the host.
 */
#ifndef DM_IMPORT_HOST_MAPS_H
#define DM_IMPORT_HOST_MAPS_H

#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"

/* Have multipathd build the map of a LUN, which shows itself as `wwid`. */
int map_lun(struct work *work, const char *true_wwid, const char *wwid, const struct inventory *now, struct error *err);

int map_is_hidden(const struct engine *engine, const struct map *map, bool *ret_hidden, struct error *err);

/* Remove the idle maps. DESTINATION_IN_USE: a process has one open. */
int unmap_destinations(struct work *work, struct error *err);

/* The idle maps, and the disks of the side that work->to is not. */
int remove_side(struct work *work, struct error *err);

#endif
