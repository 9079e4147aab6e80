/*
 * The SCSI port by libsgutils2 (SG_IO on the sd device): running commands, probes, and what a LUN says of itself.
 * Persistent reservations are in pr.c.
 *
 * A timeout bounds the command; when the kernel then has to abort it and reset the device, SG_IO returns only after
 * that, and never where the array does not answer that either. A probe is bounded nevertheless (sys_bounded). Unit
 * attentions, busy states and "becoming ready" are retried within the same time.
 */
#include "scsi.h"

#include "dm-import/formats/vpd.h"
#include "dm-import/system/tools/bounded.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <scsi/sg_pt.h>
#include <scsi/sg_unaligned.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_TIMEOUT_MS = 30000,
	RETRY_PAUSE_MS = 100,
	ATTENTION_PAUSE_MS = 1, /* a unit attention is gone once it was told; several may wait */
	BLOCK_SIZE_MAX = 4096,
	PAGE_LENGTH = 4096,
	KERNEL_MS = 2000, /* a command's own timeout is in whole seconds */
};

enum { TEST_UNIT_READY = 0x00, INQUIRY = 0x12, READ_16 = 0x88, SERVICE_ACTION_IN = 0x9e };

static void free_pt(struct sg_pt_base **pt)
{
	if (*pt)
		destruct_scsi_pt_obj(*pt);
}

static void describe_sense(struct scsi_command *c)
{
	char key[40], additional[100];

	sg_get_sense_key_str(c->sense.sense_key, sizeof(key), key);
	sg_get_asc_ascq_str(c->sense.asc, c->sense.ascq, sizeof(additional), additional);
	snprintf(c->outcome, sizeof(c->outcome), "CHECK CONDITION, %s, %s [%x/%02x/%02x]", key, additional,
		 c->sense.sense_key, c->sense.asc, c->sense.ascq);
}

static void read_outcome(struct sg_pt_base *pt, const uint8_t *sense, struct scsi_command *c)
{
	char text[120];

	c->status = get_scsi_pt_status_response(pt);
	c->received = c->length - get_scsi_pt_resid(pt);
	switch (get_scsi_pt_result_category(pt)) {
	case SCSI_PT_RESULT_GOOD:
		c->good = true;
		break;
	case SCSI_PT_RESULT_SENSE:
		sg_scsi_normalize_sense(sense, get_scsi_pt_sense_len(pt), &c->sense);
		c->good = c->sense.sense_key == SPC_SK_NO_SENSE || c->sense.sense_key == SPC_SK_RECOVERED_ERROR;
		describe_sense(c);
		break;
	case SCSI_PT_RESULT_STATUS:
		sg_get_scsi_status_str(c->status, sizeof(text), text);
		snprintf(c->outcome, sizeof(c->outcome), "status %s", text);
		break;
	case SCSI_PT_RESULT_TRANSPORT_ERR:
		get_scsi_pt_transport_err_str(pt, sizeof(text), text);
		snprintf(c->outcome, sizeof(c->outcome), "transport: %.*s", (int)strcspn(text, "\n"), text);
		break;
	default:
		snprintf(c->outcome, sizeof(c->outcome), "%s", strerrordesc_np(get_scsi_pt_os_err(pt)));
		break;
	}
}

static void run_once(int fd, struct scsi_command *c, unsigned timeout_ms)
{
	CLEANUP(free_pt) struct sg_pt_base *pt = construct_scsi_pt_obj_with_fd(fd, 0);
	uint8_t sense[64] = { 0 };
	int rc;

	c->good = false;
	c->status = 0;
	memset(&c->sense, 0, sizeof(c->sense));
	if (!pt) {
		snprintf(c->outcome, sizeof(c->outcome), "no memory");
		return;
	}
	set_scsi_pt_cdb(pt, c->cdb, c->cdb_length);
	set_scsi_pt_sense(pt, sense, sizeof(sense));
	if (c->length && c->writes)
		set_scsi_pt_data_out(pt, c->data, c->length);
	else if (c->length)
		set_scsi_pt_data_in(pt, c->data, c->length);
	rc = do_scsi_pt(pt, -1, (int)((timeout_ms + 999) / 1000), 0);
	if (rc == 0)
		read_outcome(pt, sense, c);
	else
		snprintf(c->outcome, sizeof(c->outcome), "%s",
			 rc < 0 ? strerrordesc_np(-rc) : "the kernel refused the command");
}

/* SPC-4 4.5.6: UNIT ATTENTION, ABORTED COMMAND, and NOT READY in the process of becoming ready, 04h/01h and 04h/0Ah */
static bool is_passing(const struct scsi_command *c)
{
	switch (c->sense.sense_key) {
	case SPC_SK_UNIT_ATTENTION:
	case SPC_SK_ABORTED_COMMAND:
		return true;
	case SPC_SK_NOT_READY:
		return c->sense.asc == 0x04 && (c->sense.ascq == 0x01 || c->sense.ascq == 0x0a);
	default:
		return c->status == SAM_STAT_BUSY || c->status == SAM_STAT_TASK_SET_FULL;
	}
}

int sys_scsi_run(int fd, const char *disk, struct scsi_command *c, uint64_t deadline_us, enum error_code code,
		 struct error *err)
{
	for (c->repeats = 0;; c->repeats++) {
		uint64_t now = clock_mono_us();

		run_once(fd, c, now < deadline_us ? (unsigned)((deadline_us - now) / 1000 + 1) : 1);
		if (c->good)
			return 0;
		if (!is_passing(c) || clock_mono_us() >= deadline_us)
			return error_set(err, code, disk, "%s: %s", c->name, c->outcome);
		poll(NULL, 0, c->sense.sense_key == SPC_SK_UNIT_ATTENTION ? ATTENTION_PAUSE_MS : RETRY_PAUSE_MS);
	}
}

bool sys_scsi_is_unknown(const struct scsi_command *c)
{
	return c->sense.sense_key == SPC_SK_ILLEGAL_REQUEST && (c->sense.asc == 0x20 || c->sense.asc == 0x24);
}

int sys_scsi_open_disk(const char *disk, enum error_code code, struct error *err)
{
	char path[DISK_NAME_SIZE + 8];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", disk);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 ? fd : error_set_sys(err, code, disk, errno, "cannot open %s", path);
}

/* SBC-3 5.11 READ (16) of one block. Without FUA: LUNs without a write cache may refuse it. */
static int read_block(int fd, const char *disk, uint64_t block, int block_size, uint64_t deadline_us, struct error *err)
{
	uint8_t data[BLOCK_SIZE_MAX] __attribute__((aligned(BLOCK_SIZE_MAX)));
	char name[48];
	struct scsi_command c = { .name = name, .cdb_length = 16, .data = data, .length = block_size };

	snprintf(name, sizeof(name), "READ of block %llu", (unsigned long long)block);
	c.cdb[0] = READ_16;
	sg_put_unaligned_be64(block, &c.cdb[2]);
	sg_put_unaligned_be32(1, &c.cdb[10]);
	if (sys_scsi_run(fd, disk, &c, deadline_us, ERR_PATH_PROBE_FAILED, err) < 0)
		return -1;
	if (c.received < block_size)
		return error_set(err, ERR_PATH_PROBE_FAILED, disk, "%s: %d of %d bytes came", name, c.received,
				 block_size);
	return 0;
}

/* Page 83h as the LUN has it now; an array that has no such page says so by ILLEGAL REQUEST. */
static int read_identification(int fd, const char *disk, uint64_t deadline_us, enum error_code code,
			       uint8_t page[static PAGE_LENGTH], size_t *ret_length, struct error *err)
{
	struct scsi_command c = {
		.name = "INQUIRY of page 83h",
		.cdb = { INQUIRY, 0x01, 0x83, PAGE_LENGTH >> 8, PAGE_LENGTH & 0xff },
		.cdb_length = 6,
		.data = page,
		.length = PAGE_LENGTH,
	};

	if (sys_scsi_run(fd, disk, &c, deadline_us, code, err) < 0 && c.sense.sense_key != SPC_SK_ILLEGAL_REQUEST)
		return -1;
	*ret_length = c.good && c.received > 0 ? (size_t)c.received : 0;
	return 0;
}

static int probe_disk(const char *disk, unsigned timeout_ms, struct probed *ret, struct error *err)
{
	uint64_t deadline_us = clock_mono_us() + (uint64_t)timeout_ms * 1000;
	uint8_t capacity[32] = { 0 };
	struct scsi_command ready = { .name = "TEST UNIT READY", .cdb = { TEST_UNIT_READY }, .cdb_length = 6 };
	struct scsi_command size = {
		.name = "READ CAPACITY",
		.cdb = { SERVICE_ACTION_IN, 0x10, [13] = sizeof(capacity) },
		.cdb_length = 16,
		.data = capacity,
		.length = sizeof(capacity),
	};
	CLEANUP_FD int fd = sys_scsi_open_disk(disk, ERR_PATH_PROBE_FAILED, err);
	uint8_t page[PAGE_LENGTH] = { 0 };
	struct probed probed = { 0 };
	uint32_t block_size;
	size_t length;

	if (fd < 0 || sys_scsi_run(fd, disk, &ready, deadline_us, ERR_PATH_PROBE_FAILED, err) < 0 ||
	    sys_scsi_run(fd, disk, &size, deadline_us, ERR_PATH_PROBE_FAILED, err) < 0)
		return -1;
	block_size = sg_get_unaligned_be32(&capacity[8]);
	if (block_size == 0 || block_size > BLOCK_SIZE_MAX)
		return error_set(err, ERR_PATH_PROBE_FAILED, disk, "READ CAPACITY: blocks of %u bytes", block_size);
	if (read_block(fd, disk, 0, (int)block_size, deadline_us, err) < 0 ||
	    read_block(fd, disk, sg_get_unaligned_be64(capacity), (int)block_size, deadline_us, err) < 0 ||
	    read_identification(fd, disk, deadline_us, ERR_PATH_PROBE_FAILED, page, &length, err) < 0)
		return -1;
	vpd_wwid(page, length, probed.wwid, sizeof(probed.wwid));
	probed.size_bytes = (sg_get_unaligned_be64(capacity) + 1) * block_size;
	*ret = probed;
	return 0;
}

struct probe_call {
	char disk[DISK_NAME_SIZE];
	unsigned timeout_ms;
	struct probed probed;
	struct error err;
	int result;
};

static void call_probe(void *argument)
{
	struct probe_call *call = argument;

	call->result = probe_disk(call->disk, call->timeout_ms, &call->probed, &call->err);
}

int sys_scsi_probe(void *ctx, const char *disk, unsigned timeout_ms, struct probed *ret, struct error *err)
{
	struct probe_call *call = calloc(1, sizeof(*call));
	int sys_errno, result;

	(void)ctx;
	if (!call)
		return error_no_memory(err);
	snprintf(call->disk, sizeof(call->disk), "%s", disk);
	call->timeout_ms = timeout_ms;
	sys_errno = sys_bounded(call_probe, call, free, timeout_ms + KERNEL_MS);
	if (sys_errno == ETIMEDOUT)
		return error_set(err, ERR_PATH_PROBE_FAILED, disk, "the kernel still has a command after %u ms",
				 timeout_ms + KERNEL_MS);
	result = sys_errno ? error_set_sys(err, ERR_PATH_PROBE_FAILED, disk, sys_errno, "cannot start a probe")
			   : call->result;
	if (sys_errno == 0 && result == 0)
		*ret = call->probed;
	else if (sys_errno == 0 && err)
		*err = call->err;
	free(call);
	return result;
}

int sys_scsi_array_id(void *ctx, const char *disk, char ret[static NAME_SIZE], struct error *err)
{
	uint64_t deadline_us = clock_mono_us() + (uint64_t)DEFAULT_TIMEOUT_MS * 1000;
	uint8_t page[PAGE_LENGTH] = { 0 };
	CLEANUP_FD int fd = sys_scsi_open_disk(disk, ERR_SCSI_FAILED, err);
	size_t length;

	(void)ctx;
	if (fd < 0 || read_identification(fd, disk, deadline_us, ERR_SCSI_FAILED, page, &length, err) < 0)
		return -1;
	vpd_target_name(page, length, VPD_ASSOCIATION_TARGET_DEVICE, ret, NAME_SIZE);
	return 0;
}
