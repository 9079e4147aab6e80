/*
 * Running one SCSI command through an sd device, and what is asked of any disk.
 */
#ifndef DM_IMPORT_SYSTEM_SCSI_SCSI_H
#define DM_IMPORT_SYSTEM_SCSI_SCSI_H

#include "dm-import/model.h"

#include "base/error.h"

#include <scsi/sg_lib.h>
#include <stdbool.h>
#include <stdint.h>

/* PERSISTENT RESERVE IN, SPC-4 6.15 */
enum { PERSISTENT_RESERVE_IN = 0x5e, RESERVATION_ANSWER = 24 };
enum service_action { READ_KEYS = 0, READ_RESERVATION = 1, REPORT_CAPABILITIES = 2, READ_FULL_STATUS = 3 };

/* One command with its data, and how it ended. */
struct scsi_command {
	const char *name;
	uint8_t cdb[16];
	int cdb_length;
	uint8_t *data; /* from the device, or with `writes` to it */
	int length, received;
	bool writes;
	int status;
	struct sg_scsi_sense_hdr sense;
	bool good;
	unsigned repeats;  /* how often it was sent again */
	char outcome[200]; /* when it is not good */
};

/* An fd of /dev/<disk>, or -1 and the error with `code`. */
int sys_scsi_open_disk(const char *disk, enum error_code code, struct error *err);

/*
 * Send it until it is good, fails for good, or the time is over (clock_mono_us): unit attentions, busy states and
 * "becoming ready" pass. -1: the outcome is in *err with `code`.
 */
int sys_scsi_run(int fd, const char *disk, struct scsi_command *c, uint64_t deadline_us, enum error_code code,
		 struct error *err);

/* The LUN does not know the command or its service action: INVALID COMMAND OPERATION CODE, INVALID FIELD IN CDB. */
bool sys_scsi_is_unknown(const struct scsi_command *c);

/* Operations of struct scsi_port. */
int sys_scsi_probe(void *ctx, const char *disk, unsigned timeout_ms, struct probed *ret, struct error *err);
int sys_scsi_array_id(void *ctx, const char *disk, char ret[static NAME_SIZE], struct error *err);

#endif
