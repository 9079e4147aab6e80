/*
 * Ports: the engine's only access to the outside. Each is a struct of operations; one file of system/ implements it
 * with the real library, tests/fakes/ implements it in memory with failures on command, and both pass the same contract
 * tests (tests/contract).
 *
 * Every operation takes the port's own `ctx` first and `err` last, returns 0 or -1, and blocks until done. An array
 * that an operation returns is one malloc, owned by the caller. No operation is called from two threads at once.
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

	/* One dm device, by its name. ENXIO: it does not exist (anymore). */
	int (*device)(void *ctx, const char *map, struct dm_device *ret, struct error *err);

	/* The active table, one target per line: "<start> <length> <type> <parameters>\n". Owned by the caller. */
	int (*table)(void *ctx, const char *map, char **ret_table, struct error *err);

	/* Load a table (one target, format as above) into the inactive slot; the map itself continues unchanged. */
	int (*load)(void *ctx, const char *map, const char *table, bool read_only, struct error *err);

	/* Clear the inactive slot; success if it is empty already. */
	int (*clear)(void *ctx, const char *map, struct error *err);

	/* Remove a map that nobody has open; a map that does not exist is success. Waits for udev. */
	int (*remove)(void *ctx, const char *map, struct error *err);

	/* Give a map another name, open or not. Waits for udev. EBUSY: another map has it. */
	int (*rename)(void *ctx, const char *map, const char *name, struct error *err);

	/* Send a target message to sector 0, e.g. "queue_if_no_path". EBUSY while suspended. */
	int (*message)(void *ctx, const char *map, const char *message, struct error *err);

	/*
	 * suspend_prepare makes everything that the hold needs for one map: suspend, resume and clear_loaded allocate
	 * no memory, open no file, log nothing and need no udev; each is exactly one ioctl. They return an errno (0 =
	 * done) instead of an error struct, and may be called in a forked child.
	 */
	int (*suspend_prepare)(void *ctx, const char *map, struct dm_suspend **ret, struct error *err);
	/* noflush, skip_lockfs; waits for I/O in flight; EINTR on a signal */
	int (*suspend)(struct dm_suspend *suspend);
	/* activates the loaded table, if there is one; a running map: no-op */
	int (*resume)(struct dm_suspend *suspend);
	int (*clear_loaded)(struct dm_suspend *suspend); /* drops the loaded table */
	/* How many I/Os the map has completed since it was created; not an ioctl, but a read of an open sysfs file. */
	int (*completed_ios)(struct dm_suspend *suspend, uint64_t *ret);
	void (*suspend_free)(struct dm_suspend *suspend); /* NULL is allowed */
};

struct scsi_port {
	void *ctx;

	/*
	 * Check that a path answers real commands: TEST UNIT READY, and READ of the first and last block. Unit
	 * attentions are retried. Reports which LUN is behind the path now: the kernel only knows which LUN it was when
	 * it found the disk. ERR_PATH_PROBE_FAILED with status and sense in the detail; bounded by timeout_ms.
	 */
	int (*probe)(void *ctx, const char *disk, unsigned timeout_ms, struct probed *ret, struct error *err);

	/*
	 * All that the LUN reports of its persistent reservations, as one consistent picture: if something changes
	 * during the read, it is read again. All zero for a LUN without persistent reservations. The caller frees it. 5
	 * seconds at most. ERR_SCSI2_RESERVATION if another host's RESERVE(6) prevents reading, else ERR_SCSI_FAILED.
	 */
	int (*pr_read)(void *ctx, const char *disk, struct pr_state *ret, struct error *err);

	/*
	 * One PERSISTENT RESERVE OUT through this path, for its I_T nexus. Temporary conditions (unit attentions, BUSY)
	 * are retried; a command that was carried out although its first answer was a unit attention counts as a
	 * success. A retry never renews a registration that was preempted. ERR_PR_CONFLICT: the LUN answered
	 * RESERVATION CONFLICT. ERR_PR_UNSUPPORTED: it has no persistent reservations. ERR_PR_FAILED: anything else,
	 * with status and sense.
	 */
	int (*pr_out)(void *ctx, const char *disk, const struct pr_request *request, struct error *err);

	/*
	 * For the hold, like suspend_prepare: prepare opens and allocates everything, for the paths of one LUN, count >
	 * 0; paths that cannot be opened are left out. A read only sends READ RESERVATION (again after a unit
	 * attention, three times at most) through the path that answered last, and through the next if that fails, for
	 * one second in total. It returns an errno, 0 = done, and may be called in a forked child. *ret_scope_type is
	 * the answer's byte with scope and type; without a reservation it and the key are 0.
	 */
	int (*pr_watch_prepare)(void *ctx, const char *const *disks, size_t count, struct pr_watch **ret,
				struct error *err);
	int (*pr_watch_read)(struct pr_watch *watch, uint32_t *ret_generation, uint64_t *ret_reservation_key,
			     uint8_t *ret_scope_type);
	void (*pr_watch_free)(struct pr_watch *watch); /* NULL is allowed */

	/*
	 * The array's own name for the system that has the LUN (VPD 83h target designators, vendor rules), "" if there
	 * is none.
	 */
	int (*array_id)(void *ctx, const char *disk, char ret[static NAME_SIZE], struct error *err);
};

struct device_port {
	void *ctx;

	/* All SCSI disks of the host (sysfs), with what udev's database publishes for them. */
	int (*disks)(void *ctx, struct disk **ret, size_t *ret_count, struct error *err);

	/* Scan all SCSI hosts for new LUNs, including iSCSI sessions. Does not wait for udev. */
	int (*rescan)(void *ctx, struct error *err);

	/*
	 * Have udev read its rules again, send it a change event for exactly these disks (or maps, "dm-3"), and wait
	 * until it has processed them; a disk that is gone needs none. ERR_UDEV_TIMEOUT if that takes longer than
	 * timeout_ms. count 0: only read the rules again.
	 */
	int (*reidentify)(void *ctx, const char *const *disks, size_t count, unsigned timeout_ms, struct error *err);

	/* Wait until udev has handled all events that were queued at the time of the call. */
	int (*settle)(void *ctx, unsigned timeout_ms, struct error *err);

	/* Remove a disk from the host (sysfs device/delete); success if it is gone already. */
	int (*delete_disk)(void *ctx, const char *disk, struct error *err);

	/*
	 * The users of a block device ("dm-3", "sdc") at all depths, up to mount points, without the path's own maps.
	 */
	int (*users)(void *ctx, const char *device, struct user **ret, size_t *ret_count, struct error *err);

	/* A property of a block device in udev's database; *ret is NULL if it does not have it. Owned by the caller. */
	int (*property)(void *ctx, const char *device, const char *name, char **ret, struct error *err);
};

struct multipathd_port {
	void *ctx;

	/* Running means that it answers on its socket. Never starts it by socket activation. */
	int (*running)(void *ctx, bool *ret, struct error *err);

	/* Send one multipathd command, e.g. "show maps json". The reply is owned by the caller. */
	int (*command)(void *ctx, const char *command, char **ret_reply, struct error *err);

	/*
	 * stop stops service and socket together. Until `start` nothing can start them again, even if this process
	 * dies. start starts the socket, if it was up, and the service, and returns when multipathd answers; success if
	 * it already runs.
	 */
	int (*stop)(void *ctx, struct error *err);
	int (*start)(void *ctx, struct error *err);

	/*
	 * Names of active units that a stop would stop, too, separated by blanks; "" if there are none. Owned by the
	 * caller.
	 */
	int (*dependents)(void *ctx, char **ret_units, struct error *err);

	/* Record a LUN as multipath's (/etc/multipath/wwids), by one of its disks: multipath -a. */
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

	/* Bytes that root can still write to the file system of `path`. */
	int (*free_bytes)(void *ctx, const char *path, uint64_t *ret, struct error *err);

	uint64_t (*now_us)(void *ctx);	/* CLOCK_MONOTONIC */
	uint64_t (*wall_ms)(void *ctx); /* CLOCK_REALTIME */
	void (*sleep_ms)(void *ctx, unsigned ms);

	/*
	 * Whether a hold has a guardian (guardian.h): a child that releases held maps when this process dies or the
	 * deadline passes. False in tests without processes.
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

/* Only files and clocks: opens nothing, needs no privilege. */
void ports_system_host(struct host_port *ret);

#endif
