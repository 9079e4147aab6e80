/*
 * The hold's plain ioctls.
 */
#ifndef DM_IMPORT_SYSTEM_DM_SUSPEND_H
#define DM_IMPORT_SYSTEM_DM_SUSPEND_H

#include "dm-import/ports.h"

/* The operations of struct dm_port that take a struct dm_suspend. */
int sys_dm_suspend_prepare(void *ctx, const char *map, struct dm_suspend **ret, struct error *err);
int sys_dm_suspend(struct dm_suspend *suspend);
int sys_dm_resume(struct dm_suspend *suspend);
int sys_dm_clear_loaded(struct dm_suspend *suspend);
int sys_dm_completed_ios(struct dm_suspend *suspend, uint64_t *ret);
void sys_dm_suspend_free(struct dm_suspend *suspend);

#endif
