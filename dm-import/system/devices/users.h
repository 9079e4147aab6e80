/*
 * Who stands above a block device.
 */
#ifndef DM_IMPORT_SYSTEM_DEVICES_USERS_H
#define DM_IMPORT_SYSTEM_DEVICES_USERS_H

#include "base/error.h"
#include "dm-import/model.h"

/* The `users` operation of struct device_port. */
int sys_users(void *ctx, const char *device, struct user **ret, size_t *ret_count, struct error *err);

#endif
