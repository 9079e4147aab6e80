/*
 * Having udev look at devices again.
 */
#ifndef DM_IMPORT_SYSTEM_DEVICES_REIDENTIFY_H
#define DM_IMPORT_SYSTEM_DEVICES_REIDENTIFY_H

#include "base/error.h"

/* Run udevadm, as sys_exec; UDEV_TIMEOUT when udevd does not answer it in time. */
int sys_udevadm(const char *const *argv, unsigned timeout_ms, char *ret_output, size_t size, int *ret_status,
		struct error *err);

/* The `reidentify` operation of struct device_port; ctx is the struct udev. */
int sys_reidentify(void *ctx, const char *const *disks, size_t count, unsigned timeout_ms, struct error *err);

#endif
