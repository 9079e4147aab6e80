/*
 * The I_T nexus of a disk, as persistent reservations name it.
 */
#ifndef DM_IMPORT_SYSTEM_DEVICES_NEXUS_H
#define DM_IMPORT_SYSTEM_DEVICES_NEXUS_H

#include "dm-import/model.h"

/*
 * Fill in the nexus of a disk whose protocol and ports must be set. `path` is its resolved sysfs path;
 * `page` is its VPD page 83h, or NULL.
 */
void sys_disk_nexus(const char *path, const uint8_t *page, size_t length, struct disk *disk);

#endif
