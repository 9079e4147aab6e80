/*
 * The hold's plain ioctls.
 */
#ifndef DM_IMPORT_SYSTEM_DM_HOLD_H
#define DM_IMPORT_SYSTEM_DM_HOLD_H

#include "dm-import/ports.h"

/* The hold_* operations of struct dm_port. */
int sys_dm_hold_prepare(void *ctx, const char *map, struct dm_hold **ret, struct error *err);
int sys_dm_hold_suspend(struct dm_hold *hold);
int sys_dm_hold_resume(struct dm_hold *hold);
int sys_dm_hold_clear(struct dm_hold *hold);
int sys_dm_hold_completed(struct dm_hold *hold, uint64_t *ret);
void sys_dm_hold_free(struct dm_hold *hold);

#endif
