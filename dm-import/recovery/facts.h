/*
 * One run of recover_device, and what its parts ask of it.
 */
#ifndef DM_IMPORT_RECOVERY_FACTS_H
#define DM_IMPORT_RECOVERY_FACTS_H

#include "dm-import/core/engine.h"

struct recovery {
	struct engine *engine;
	struct import *import; /* the engine's; or `lone` */
	struct import *lone;   /* owned: made of identity records that no import of the engine knows */
	const struct observer *observer;
	struct verb_result *result; /* findings and actions of all looks */
	bool found[ERR_COUNT];	    /* by the last look */
	struct error person;	    /* of the last look, the first finding that only a person can repair */
};

/*
 * By the records: the side of a member, and of all, which is the first one's. That they differ, or contradict the
 * kernel's tables, is a finding.
 */
enum side recovery_side_of(const struct recovery *recovery, const struct member *member);
enum side recovery_side(const struct recovery *recovery);
enum identity_role recovery_role(const struct recovery *recovery);

/* The import is neither committed nor cancelled. */
bool recovery_in_progress(const struct recovery *recovery);

/* kpartx made it of the map with this WWID: "part1-mpath-<wwid>". */
bool recovery_partition_of(const struct dm_device *device, const char *wwid);

#endif
