/*
 * What the engine knows about the host, as plain structs: disks (one SCSI disk = one path), dm devices, and
 * who uses them. Filled by the ports (ports.h), read by everything above. No behaviour here.
 *
 * A disk has two identities: `true_wwid` is what the LUN says (kernel, VPD page 83h), `published_wwid` is what
 * udev tells everybody above it (ID_SERIAL). An import makes them differ on purpose.
 */
#ifndef DM_IMPORT_MODEL_H
#define DM_IMPORT_MODEL_H

#include "dm-import/formats/pr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WWID_SIZE = 64,	 /* "3" + 32 hex digits and room for "retired-" */
	NAME_SIZE = 128, /* a dm name (DM_NAME_LEN) */
	UUID_SIZE = 129, /* a dm UUID (DM_UUID_LEN) */
	DISK_NAME_SIZE = 32,
	PORT_NAME_SIZE = 256, /* an IQN with its portal group is the longest */
};

enum protocol { PROTOCOL_OTHER, PROTOCOL_FC, PROTOCOL_ISCSI, PROTOCOL_SAS, PROTOCOL_LOOP, PROTOCOL_COUNT };

/* SPC-4, 6.27 REPORT TARGET PORT GROUPS: asymmetric access states */
enum alua_state {
	ALUA_NONE, /* the LUN does not do ALUA */
	ALUA_OPTIMIZED,
	ALUA_NON_OPTIMIZED,
	ALUA_STANDBY,
	ALUA_UNAVAILABLE,
	ALUA_OFFLINE,
	ALUA_TRANSITIONING,
	ALUA_OTHER,
};

/* Request queue limits that an I/O already split for one side must also fit on the other. Sizes in bytes. */
struct queue_limits {
	uint64_t max_io;    /* max_sectors_kb */
	uint64_t max_hw_io; /* max_hw_sectors_kb */
	uint64_t max_segments;
	uint64_t max_segment_size;
	uint64_t max_discard;	   /* discard_max_bytes, 0 = cannot discard */
	uint64_t max_write_zeroes; /* write_zeroes_max_bytes, 0 = cannot */
	uint32_t dma_alignment;	   /* mask; 0 when the kernel does not say */
};

struct disk {
	char name[DISK_NAME_SIZE]; /* "sdc" */
	unsigned major, minor;
	char hctl[32];				  /* "1:0:0:0" */
	char true_wwid[WWID_SIZE];		  /* "" when the LUN has no NAA designator */
	char published_wwid[WWID_SIZE];		  /* "" when udev knows none */
	char vendor[9], product[17], revision[5]; /* INQUIRY, without trailing blanks */
	uint64_t size_bytes;
	uint32_t logical_sector_size, physical_sector_size;
	struct queue_limits limits;
	enum protocol protocol;
	char initiator_port[PORT_NAME_SIZE], target_port[PORT_NAME_SIZE];
	struct pr_nexus nexus; /* the same as persistent reservations name it; what cannot be known is "" or 0 */
	char state[16];	       /* sysfs: "running", "offline", ... */
	enum alua_state alua;
	bool system_ready; /* udev: SYSTEMD_READY is not "0" */
	bool partitions;   /* the kernel shows partitions on the raw disk */
};

/* What a LUN itself says, asked by command. */
struct probed {
	char wwid[WWID_SIZE]; /* "" when it has no NAA designator */
	uint64_t size_bytes;
};

struct dm_device {
	char name[NAME_SIZE];
	char uuid[UUID_SIZE];
	unsigned major, minor;
	uint32_t open_count;
	bool suspended, read_only, has_inactive_table;
	struct queue_limits limits; /* zero when the port could not read them */
};

enum user_kind { USER_MOUNT, USER_LVM, USER_PARTITION, USER_DM, USER_MD, USER_SWAP };

/* Somebody above a block device, directly or through others: depth 1 is a direct holder. */
struct user {
	enum user_kind kind;
	char name[256];	  /* mount point, "vg-lv", "mpatha-part1", "md0" */
	char detail[256]; /* file system type, the device it stands on, ... */
};

#endif
