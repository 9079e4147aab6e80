/*
 * READ RESERVATION (SPC-4 6.15.3) while maps are held: all is opened and allocated before, and a look takes one ioctl.
 * A path may be lost since, so the next one is asked when one fails; a path that hangs uses up the time of them all.
 */
#include "pr.h"
#include "scsi.h"

#include "base/clock.h"

#include <errno.h>
#include <scsi/sg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	TIMEOUT_MS = 1000, /* of a look, through however many paths */
	TRIES = 3,	   /* through one path; unit attentions */
};

struct pr_watch {
	uint8_t cdb[10], answer[RESERVATION_ANSWER], sense[64];
	size_t good; /* the path that answered last */
	size_t count;
	int fds[];
};

int sys_pr_watch_prepare(void *ctx, const char *const *disks, size_t count, struct pr_watch **ret, struct error *err)
{
	struct pr_watch *watch = calloc(1, sizeof(*watch) + count * sizeof(watch->fds[0]));
	struct error failure = { 0 };

	(void)ctx;
	if (!watch)
		return error_no_memory(err);
	watch->cdb[0] = PERSISTENT_RESERVE_IN;
	watch->cdb[1] = READ_RESERVATION;
	watch->cdb[8] = RESERVATION_ANSWER;
	for (size_t i = 0; i < count; i++) {
		int fd = sys_scsi_open_disk(disks[i], ERR_SCSI_FAILED, &failure);

		if (fd >= 0)
			watch->fds[watch->count++] = fd;
	}
	if (watch->count == 0) {
		free(watch);
		if (err)
			*err = failure;
		return -1;
	}
	*ret = watch;
	return 0;
}

static bool is_unit_attention(const struct pr_watch *watch, const sg_io_hdr_t *io)
{
	struct sg_scsi_sense_hdr sense;

	return io->status == SAM_STAT_CHECK_CONDITION && sg_scsi_normalize_sense(watch->sense, io->sb_len_wr, &sense) &&
	       sense.sense_key == SPC_SK_UNIT_ATTENTION;
}

/* 0, an errno, or EAGAIN after a unit attention. */
static int send_once(struct pr_watch *watch, int fd, unsigned timeout_ms, struct pr_state *ret)
{
	sg_io_hdr_t io = {
		.interface_id = 'S',
		.dxfer_direction = SG_DXFER_FROM_DEV,
		.cmd_len = sizeof(watch->cdb),
		.cmdp = watch->cdb,
		.mx_sb_len = sizeof(watch->sense),
		.sbp = watch->sense,
		.dxfer_len = sizeof(watch->answer),
		.dxferp = watch->answer,
		.timeout = timeout_ms,
	};
	size_t needed;

	if (ioctl(fd, SG_IO, &io) < 0)
		return errno;
	if (is_unit_attention(watch, &io))
		return EAGAIN;
	if (io.status || io.host_status || (io.driver_status & 0x0f) || io.resid < 0 ||
	    io.resid > (int)sizeof(watch->answer))
		return EIO;
	if (pr_decode_reservation(watch->answer, sizeof(watch->answer) - (size_t)io.resid, ret, &needed) < 0)
		return EIO;
	return 0;
}

int sys_pr_watch_read(struct pr_watch *watch, uint32_t *ret_generation, uint64_t *ret_reservation_key,
		      uint8_t *ret_scope_type)
{
	uint64_t begin_us = clock_mono_us(), passed_ms = 0;
	struct pr_state state = { 0 };
	int error = EAGAIN;

	for (size_t i = 0; i < watch->count * TRIES && error && passed_ms < TIMEOUT_MS; i++) {
		if (error != EAGAIN || (i > 0 && i % TRIES == 0))
			watch->good = (watch->good + 1) % watch->count;
		error = send_once(watch, watch->fds[watch->good], (unsigned)(TIMEOUT_MS - passed_ms), &state);
		passed_ms = (clock_mono_us() - begin_us) / 1000;
	}
	if (error)
		return error;
	*ret_generation = state.generation;
	*ret_reservation_key = state.reservation_key;
	*ret_scope_type = (uint8_t)(state.scope << 4 | (unsigned)state.type);
	return 0;
}

void sys_pr_watch_free(struct pr_watch *watch)
{
	if (!watch)
		return;
	for (size_t i = 0; i < watch->count; i++)
		close(watch->fds[i]);
	free(watch);
}
