/*
 * What the sys_*.c files share: each port's constructor, and small readers of sysfs. Private to them; the rest
 * of the engine sees only struct ports.
 *
 * A constructor fills its port and returns 0 or -1; the destructor takes a port that was never opened, too.
 */
#ifndef DM_IMPORT_SYS_H
#define DM_IMPORT_SYS_H

#include "dm-import/ports.h"

int sys_dm_open(struct dm_port *ret, struct error *err);

int sys_device_open(struct device_port *ret, struct error *err);
void sys_device_close(struct device_port *port);

void sys_scsi_open(struct scsi_port *ret);

/* sys_pr.c: operations of struct scsi_port. */
int sys_pr_read(void *ctx, const char *disk, struct pr_state *ret, struct error *err);
int sys_pr_out(void *ctx, const char *disk, const struct pr_request *request, struct error *err);
int sys_pr_watch_prepare(void *ctx, const char *const *disks, size_t count, struct pr_watch **ret, struct error *err);
int sys_pr_watch_read(struct pr_watch *watch, uint32_t *ret_generation, uint64_t *ret_reservation_key,
		      uint8_t *ret_scope_type);
void sys_pr_watch_free(struct pr_watch *watch);

void sys_multipathd_open(struct multipathd_port *ret);

void sys_host_open(struct host_port *ret);
uint64_t sys_now_us(void); /* CLOCK_MONOTONIC */

/* sys_dm_hold.c: the hold_* operations of struct dm_port. */
int sys_dm_hold_prepare(void *ctx, const char *map, struct dm_hold **ret, struct error *err);
int sys_dm_hold_suspend(struct dm_hold *hold);
int sys_dm_hold_resume(struct dm_hold *hold);
int sys_dm_hold_clear(struct dm_hold *hold);
int sys_dm_hold_completed(struct dm_hold *hold, uint64_t *ret);
void sys_dm_hold_free(struct dm_hold *hold);

/*
 * sys_reidentify.c: run udevadm, as sys_exec; ERR_UDEV_TIMEOUT when udevd does not answer it in time.
 */
int sys_udevadm(const char *const *argv, unsigned timeout_ms, char *ret_output, size_t size, int *ret_status,
		struct error *err);

/* The `reidentify` operation of struct device_port, there too; ctx is the struct udev. */
int sys_reidentify(void *ctx, const char *const *disks, size_t count, unsigned timeout_ms, struct error *err);

/* sys_users.c: the `users` operation of struct device_port. */
int sys_users(void *ctx, const char *device, struct user **ret, size_t *ret_count, struct error *err);

/*
 * sys_sysfs.c: one attribute, e.g. "/sys/class/block/sdc" + "device/state", without trailing blanks and newline.
 * sysfs_text: 0, or -1 with errno and ret = "" when it is missing or unreadable. sysfs_number: 0 when it is missing.
 */
int sysfs_text(const char *directory, const char *attribute, char *ret, size_t size);
uint64_t sysfs_number(const char *directory, const char *attribute);
int sysfs_write(const char *directory, const char *attribute, const char *text);

/*
 * sys_bounded.c: run(argument) in a thread of its own, for timeout_ms at most. 0: it ran, and the argument is the
 * caller's again. ETIMEDOUT: the kernel keeps it; it goes on alone, and the argument is released when it has ended.
 * Another errno: it did not run, because there is no memory, or because too many others are kept like that.
 */
int sys_bounded(void (*run)(void *argument), void *argument, void (*release)(void *argument), unsigned timeout_ms);

/*
 * sys_exec.c: run a program of /usr/sbin, /sbin, /usr/bin or /bin by its name, without a shell, and wait for it.
 * Its output and errors go to ret_output, what does not fit is dropped. 0 when it ran, whatever its exit status
 * (128 + n when signal n ended it); ERR_IO when it could not be started, or was killed after timeout_ms (ETIMEDOUT);
 * ERR_NO_MEMORY.
 */
int sys_exec(const char *const *argv, unsigned timeout_ms, char *ret_output, size_t size, int *ret_status,
	     struct error *err);

/*
 * sys_systemd.c. is_down: inactive or failed, or no such unit. may_connect: connecting to the socket does not make
 * systemd start the service, because it runs, or because systemd does not listen. jobs: `method` "StopUnit" or
 * "StartUnit" for all units at once; returns when all jobs are done. stopped_with: blank-separated names of active
 * units that stop when `units` stop.
 */
int sys_systemd_is_down(const char *unit, bool *ret, struct error *err);
int sys_systemd_may_connect(const char *socket_unit, const char *service_unit, bool *ret, struct error *err);
int sys_systemd_jobs(const char *method, const char *const *units, size_t count, struct error *err);
int sys_systemd_stopped_with(const char *const *units, size_t count, char **ret_units, struct error *err);

/* The limits of a block device, `directory` as above; zero where the kernel does not say. */
void sysfs_limits(const char *directory, struct queue_limits *ret);

#endif
