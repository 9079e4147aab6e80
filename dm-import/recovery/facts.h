/*
 * One run of recover_device, and questions that all its parts ask.
 */
#ifndef DM_IMPORT_RECOVERY_FACTS_H
#define DM_IMPORT_RECOVERY_FACTS_H

#include "dm-import/core/engine.h"

struct recovery {
	struct engine *engine;
	struct import *import; /* the engine's, or `lone` */
	struct import *lone;   /* owned: made from identity records that belong to no import of the engine */
	const struct observer *observer;
	struct verb_result *result; /* findings and actions of all inspections */
	bool found[ERR_COUNT];	    /* by the last inspection */
	struct error person;	    /* the last inspection's first finding that only a person can repair */
};

/*
 * The side of a member, by the records; and of the import, which is the first member's. If members differ, or
 * contradict the kernel's tables, that is a finding.
 */
enum side recovery_side_of(const struct recovery *recovery, const struct member *member);
enum side recovery_side(const struct recovery *recovery);
enum identity_role recovery_role(const struct recovery *recovery);

/* The import is neither committed nor cancelled. */
bool recovery_in_progress(const struct recovery *recovery);

/* True for a partition that kpartx made on the map with this WWID: "part1-mpath-<wwid>". */
bool recovery_partition_of(const struct dm_device *device, const char *wwid);

#endif
