/*
 * Reading and writing attributes of sysfs.
 */
#ifndef DM_IMPORT_SYSTEM_TOOLS_SYSFS_H
#define DM_IMPORT_SYSTEM_TOOLS_SYSFS_H

#include "dm-import/model.h"

/*
 * One attribute, e.g. "/sys/class/block/sdc" + "device/state", without trailing blanks and newline.
 * sysfs_text: 0, or -1 with errno and ret = "" when it is missing or unreadable. sysfs_number: 0 when it is missing.
 */
int sysfs_text(const char *directory, const char *attribute, char *ret, size_t size);
uint64_t sysfs_number(const char *directory, const char *attribute);
int sysfs_write(const char *directory, const char *attribute, const char *text);

/* The limits of a block device, `directory` as above; zero where the kernel does not say. */
void sysfs_limits(const char *directory, struct queue_limits *ret);

#endif
