/* Describing one SCSI disk; see sys_disk.c. Private to sys_device.c. */
#ifndef DM_IMPORT_SYS_DISK_H
#define DM_IMPORT_SYS_DISK_H

#include "dm-import/model.h"

struct udev_device;

/* Fill *ret from a block device of type "disk" and its scsi_device. What cannot be read stays empty or 0. */
void sys_disk_read(struct udev_device *device, struct udev_device *scsi, struct disk *ret);

/*
 * sys_nexus.c: the I_T nexus of the disk, whose protocol and ports must be set. `path` is its resolved sysfs path;
 * `page` is its VPD page 83h, or NULL.
 */
void sys_disk_nexus(const char *path, const uint8_t *page, size_t length, struct disk *disk);

#endif
