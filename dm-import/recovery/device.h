/*
 * What recover_look.c (what is wrong) and recover_device.c (mending it) share.
 */
#ifndef DM_IMPORT_RECOVER_DEVICE_H
#define DM_IMPORT_RECOVER_DEVICE_H

#include "dm-import/core/engine.h"

/* One run of engine_recover. */
struct recovery {
	struct engine *engine;
	struct import *import; /* the engine's; or `lone` */
	struct import *lone;   /* owned: made of identity records that no import of the engine knows */
	const struct observer *observer;
	struct json_object *findings, *actions; /* of all looks, owned */
	bool found[ERR_COUNT];			/* by the last look */
	struct error person;			/* of the last look, the first finding that only a person can mend */
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

/* True when recover_device.c knows what to do about this finding. */
bool recovery_mends(enum error_code code);

/* kpartx made it of the map with this WWID: "part1-mpath-<wwid>". */
bool recovery_partition_of(const struct dm_device *device, const char *wwid);

/* Look at kernel, udev, files, multipathd and records once; changes nothing. -1: it could not look. */
int recover_look(struct recovery *recovery, struct error *err);

#endif
