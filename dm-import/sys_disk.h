/* Describing one SCSI disk; see sys_disk.c. Private to sys_device.c. */
#ifndef DM_IMPORT_SYS_DISK_H
#define DM_IMPORT_SYS_DISK_H

#include "model.h"

struct udev_device;

/* Fill *ret from a block device of type "disk" and its scsi_device. What cannot be read stays empty or 0. */
void sys_disk_read(struct udev_device *device, struct udev_device *scsi, struct disk *ret);

/*
 * Protocol, initiator port and target port of the disk, whose hctl must be set. `path` is its resolved sysfs path;
 * `page` is its VPD page 83h, or NULL.
 */
void sys_disk_transport(const char *path, const uint8_t *page, size_t length, struct disk *disk);

/* That page as the kernel keeps it, owned by the caller; NULL when it has none. */
uint8_t *sys_disk_page_83(const char *directory, size_t *ret_length);

#endif
