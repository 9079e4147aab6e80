/* Describing one SCSI disk. */
#ifndef DM_IMPORT_SYSTEM_DEVICES_DISK_H
#define DM_IMPORT_SYSTEM_DEVICES_DISK_H

#include "dm-import/model.h"

struct udev_device;

/* Fill *ret from a block device of type "disk" and its scsi_device. What cannot be read stays empty or 0. */
void sys_disk_read(struct udev_device *device, struct udev_device *scsi, struct disk *ret);

#endif
