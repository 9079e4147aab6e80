/*
 * What the sys_*.c files share: each port's constructor, and small readers of sysfs. Private to them; the rest
 * of the engine sees only struct ports.
 *
 * A constructor fills its port and returns 0 or -1; the destructor takes a port that was never opened, too.
 */
#ifndef DM_IMPORT_SYS_H
#define DM_IMPORT_SYS_H

#include "ports.h"

int sys_dm_open(struct dm_port *ret, struct error *err);

int sys_device_open(struct device_port *ret, struct error *err);
void sys_device_close(struct device_port *port);

void sys_scsi_open(struct scsi_port *ret);

int sys_multipathd_open(struct multipathd_port *ret, struct error *err);
void sys_multipathd_close(struct multipathd_port *port);

void sys_host_open(struct host_port *ret);

/* sys_dm_hold.c: the hold_* operations of struct dm_port. */
int sys_dm_hold_prepare(void *ctx, const char *map, struct dm_hold **ret, struct error *err);
int sys_dm_hold_suspend(struct dm_hold *hold);
int sys_dm_hold_resume(struct dm_hold *hold);
int sys_dm_hold_clear(struct dm_hold *hold);
void sys_dm_hold_free(struct dm_hold *hold);

/* sys_users.c: the `users` operation of struct device_port. */
int sys_users(void *ctx, const char *device, struct user **ret, size_t *ret_count, struct error *err);

/*
 * sys_sysfs.c: one attribute, e.g. "/sys/class/block/sdc" + "device/state", without trailing blanks and newline.
 * sysfs_text: 0, or -1 with errno and ret = "" when it is missing or unreadable. sysfs_number: 0 when it is missing.
 */
int sysfs_text(const char *directory, const char *attribute, char *ret, size_t size);
uint64_t sysfs_number(const char *directory, const char *attribute);
int sysfs_write(const char *directory, const char *attribute, const char *text);

/* The limits of a block device, `directory` as above; zero where the kernel does not say. */
void sysfs_limits(const char *directory, struct queue_limits *ret);

#endif
