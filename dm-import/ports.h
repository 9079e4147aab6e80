/*
 * Ports: the engine's only ways to the world. Each is a struct of operations; one file of system/ implements it
 * with the real library, tests/fakes/ implements it in memory with failures on command, and both pass the
 * same contract tests (tests/contract).
 *
 * Every operation takes the port's own `ctx` first, `err` last, returns 0 or -1, and blocks until done. Arrays
 * that an operation returns are one malloc, owned by the caller. None is called from two threads at once.
 */
#ifndef DM_IMPORT_PORTS_H
#define DM_IMPORT_PORTS_H

#include "dm-import/formats/pr.h"
#include "model.h"

#include "base/error.h"

#include <sys/types.h>

struct dm_suspend; /* the prepared ioctls of one map, see suspend_prepare */
struct pr_watch;   /* the prepared command to one path, see pr_watch_prepare */

struct dm_port {
	void *ctx;

	/* All dm devices of the host. */
	int (*list)(void *ctx, struct dm_device **ret, size_t *ret_count, struct error *err);

	/* One of them, by its name. ENXIO: there is none (any more). */
	int (*device)(void *ctx, const char *map, struct dm_device *ret, struct error *err);

	/* The active table, one target a line: "<start> <length> <type> <parameters>\n". Owned by the caller. */
	int (*table)(void *ctx, const char *map, char **ret_table, struct error *err);

	/* Put a table (one target, format as above) into the inactive slot; the map itself goes on unchanged. */
	int (*load)(void *ctx, const char *map, const char *table, bool read_only, struct error *err);

	/* Empty the inactive slot; success when it is empty already. */
	int (*clear)(void *ctx, const char *map, struct error *err);

	/* Remove a map that nobody has open; a map that does not exist is success. Waits for udev. */
	int (*remove)(void *ctx, const char *map, struct error *err);

	/* Give a map another name, open or not. Waits for udev. EBUSY: another map has it. */
	int (*rename)(void *ctx, const char *map, const char *name, struct error *err);

	/* Send a target message to sector 0, e.g. "queue_if_no_path". EBUSY while suspended. */
	int (*message)(void *ctx, const char *map, const char *message, struct error *err);

	/*
	 * Everything that the hold needs for one map is made here: no later hold_* call allocates memory, opens
	 * a file, logs, or needs udev; each is exactly one ioctl. They report errno (0 = done) instead of an
	 * error struct, and may be called in a forked child.
	 */
	int (*suspend_prepare)(void *ctx, const char *map, struct dm_suspend **ret, struct error *err);
	int (*suspend)(
		struct dm_suspend *suspend); /* noflush, skip_lockfs; waits for I/O in flight; EINTR on a signal */
	int (*resume)(
		struct dm_suspend *suspend); /* swaps the loaded table in, if there is one; a running map: no-op */
	int (*clear_loaded)(struct dm_suspend *suspend); /* drops the loaded table */
	/* How many I/Os the map has completed since it was made; not an ioctl, but a read of an open sysfs file. */
	int (*completed_ios)(struct dm_suspend *suspend, uint64_t *ret);
	void (*suspend_free)(struct dm_suspend *suspend); /* NULL is allowed */
};

struct scsi_port {
	void *ctx;

	/*
	 * One path answers real commands: TEST UNIT READY, and READ of the first and last block. Unit attentions
	 * are retried. Tells which LUN is behind the path now: the kernel knows only which one was there when it found
	 * the disk. ERR_PATH_PROBE_FAILED with status and sense in the detail; bounded by timeout_ms.
	 */
	int (*probe)(void *ctx, const char *disk, unsigned timeout_ms, struct probed *ret, struct error *err);

	/*
	 * All that the LUN says about its persistent reservations, as one consistent picture: what changes while it is
	 * read is read again. All zero for a LUN that has none. The caller frees it. 5 seconds at most;
	 * ERR_SCSI2_RESERVATION when another's RESERVE(6) forbids to look, else ERR_SCSI_FAILED.
	 */
	int (*pr_read)(void *ctx, const char *disk, struct pr_state *ret, struct error *err);

	/*
	 * One PERSISTENT RESERVE OUT through this path, for its I_T nexus. What passes (unit attentions, BUSY) is
	 * retried; when the command was carried out although its first answer was a unit attention, it is a success. A
	 * registration that was preempted is never renewed by a retry. ERR_PR_CONFLICT: the LUN answered RESERVATION
	 * CONFLICT. ERR_PR_UNSUPPORTED: it has no persistent reservations. ERR_PR_FAILED: anything else, with status
	 * and sense.
	 */
	int (*pr_out)(void *ctx, const char *disk, const struct pr_request *request, struct error *err);

	/*
	 * For the hold, as dm_port.hold_*: prepare opens and allocates all, for the paths of one LUN, count > 0; those
	 * that cannot be opened are left out. A read only sends READ RESERVATION (again after a unit attention, three
	 * times at most) through the path that answered last, through the next when that one fails, for a second in
	 * all; it answers an errno, 0 = done. It may be called in a forked child. *ret_scope_type is the byte of the
	 * answer, scope and type; 0 and key 0 without a reservation.
	 */
	int (*pr_watch_prepare)(void *ctx, const char *const *disks, size_t count, struct pr_watch **ret,
				struct error *err);
	int (*pr_watch_read)(struct pr_watch *watch, uint32_t *ret_generation, uint64_t *ret_reservation_key,
			     uint8_t *ret_scope_type);
	void (*pr_watch_free)(struct pr_watch *watch); /* NULL is allowed */

	/* The array's own name for the LUN's system (VPD 83h target designators, vendor rules), "" when there is none.
	 */
	int (*array_id)(void *ctx, const char *disk, char ret[static NAME_SIZE], struct error *err);
};

struct device_port {
	void *ctx;

	/* All SCSI disks of the host (sysfs), with what udev's database presents of them. */
	int (*disks)(void *ctx, struct disk **ret, size_t *ret_count, struct error *err);

	/* Look for new LUNs on all SCSI hosts, iSCSI sessions included. Does not wait for udev. */
	int (*rescan)(void *ctx, struct error *err);

	/*
	 * udev reads its rules again, gets a change event for exactly these disks (or maps, "dm-3"), and has processed
	 * each of them on return; a disk that is gone needs none. ERR_UDEV_TIMEOUT when it has not after timeout_ms.
	 * count 0: only read the rules again.
	 */
	int (*reidentify)(void *ctx, const char *const *disks, size_t count, unsigned timeout_ms, struct error *err);

	/* udev has handled everything that was queued when this was called. */
	int (*settle)(void *ctx, unsigned timeout_ms, struct error *err);

	/* Take a disk off the host (sysfs device/delete); a disk that is gone already is success. */
	int (*delete_disk)(void *ctx, const char *disk, struct error *err);

	/* Who stands above a block device ("dm-3", "sdc"), up to mount points, all depths, the path's own maps left
	 * out. */
	int (*users)(void *ctx, const char *device, struct user **ret, size_t *ret_count, struct error *err);

	/* A property of a block device in udev's database; *ret is NULL when it has none. Owned by the caller. */
	int (*property)(void *ctx, const char *device, const char *name, char **ret, struct error *err);
};

struct multipathd_port {
	void *ctx;

	/* Running means: it answers on its socket. Never starts it by socket activation. */
	int (*running)(void *ctx, bool *ret, struct error *err);

	/* One command of multipathd's own language, e.g. "show maps json"; its answer, owned by the caller. */
	int (*command)(void *ctx, const char *command, char **ret_reply, struct error *err);

	/*
	 * Stop service and socket together, and let nothing start them again, this process's death included, but
	 * `start`: the socket when it was up, and the service. It returns when multipathd answers; already running is
	 * success.
	 */
	int (*stop)(void *ctx, struct error *err);
	int (*start)(void *ctx, struct error *err);

	/* Names of active units that a stop would take down, blank-separated; "" when there is none. Owned by the
	 * caller. */
	int (*dependents)(void *ctx, char **ret_units, struct error *err);

	/* Remember a LUN as multipath's (/etc/multipath/wwids), by one of its disks: multipath -a. */
	int (*claim)(void *ctx, const char *disk, struct error *err);
};

struct host_port {
	void *ctx;

	/* As base/file.h. read, read_bytes: a missing file is success with *ret_text NULL. */
	int (*read)(void *ctx, const char *path, char **ret_text, struct error *err);
	int (*read_bytes)(void *ctx, const char *path, char **ret_text, size_t *ret_length, struct error *err);
	int (*replace)(void *ctx, const char *path, const char *text, mode_t mode, struct error *err);
	int (*append)(void *ctx, const char *path, uint64_t offset, const char *text, struct error *err);
	int (*reserve)(void *ctx, const char *path, uint64_t size, struct error *err);
	int (*remove)(void *ctx, const char *path, struct error *err);
	int (*make_directories)(void *ctx, const char *path, mode_t mode, struct error *err);

	/* Names in a directory, "name\nname\n"; "" when it is missing. Owned by the caller. */
	int (*list)(void *ctx, const char *path, char **ret_names, struct error *err);

	/* Bytes that root may still write to the file system of `path`. */
	int (*free_bytes)(void *ctx, const char *path, uint64_t *ret, struct error *err);

	uint64_t (*now_us)(void *ctx);	/* CLOCK_MONOTONIC */
	uint64_t (*wall_ms)(void *ctx); /* CLOCK_REALTIME */
	void (*sleep_ms)(void *ctx, unsigned ms);

	/*
	 * The guardian (guardian.h): a child that releases held maps when this process dies or the deadline passes.
	 * NULL in tests without processes.
	 */
	bool has_guardian;
};

struct ports {
	struct dm_port dm;
	struct scsi_port scsi;
	struct device_port device;
	struct multipathd_port multipathd;
	struct host_port host;
};

/* The real ports (system/). ports_system opens what they need, ports_system_close frees it. */
int ports_system(struct ports *ret, struct error *err);
void ports_system_close(struct ports *ports);

/* Files and clocks alone: opens nothing, needs no privilege. */
void ports_system_host(struct host_port *ret);

#endif
