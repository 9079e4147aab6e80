/*
 * Waiting for what others do in their own time: disks appearing, multipathd building and rereading its maps. Each wait
 * polls a condition until it holds or its time is over; none sleeps blindly. work->now is the host as it was when the
 * condition held.
 */
#ifndef DM_IMPORT_WAIT_H
#define DM_IMPORT_WAIT_H

#include "dm-import/core/work.h"

/* Each destination LUN has at least min_paths disks and no new ones come in. PATHS_TOO_FEW or DESTINATION_ABSENT. */
int wait_disks(struct work *work, struct error *err);

/* multipathd has a map of each destination LUN with all its disks usable. DESTINATION_NO_MAP. */
int wait_destination_maps(struct work *work, struct error *err);

/* Each member has a map of the LUN that is idle again, under the destination's WWID. VERIFY_FAILED. */
int wait_idle_maps(struct work *work, struct error *err);

/*
 * Kernel and multipathd agree: each live map consists of exactly the disks of the LUN on work->to, each idle map of the
 * other LUN's. VERIFY_FAILED says what is not so.
 * is_settled looks once.
 */
int wait_settled(struct work *work, struct error *err);
int is_settled(struct work *work, struct error *err);

#endif
