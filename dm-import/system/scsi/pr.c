/*
 * Persistent reservations of a LUN through one path: PERSISTENT RESERVE IN and OUT (SPC-4 6.15, 6.16), sent to the sd
 * device; the kernel's own reservation ioctls know neither FULL STATUS nor one path of several.
 *
 * A target may answer a command with a unit attention although it carried it out. Sent again, it then conflicts with
 * what it did itself; confirm() tells that from a true conflict without ever renewing what another node has preempted.
 */
#include "pr.h"

#include "scsi.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <scsi/sg_unaligned.h>
#include <string.h>

enum {
	PERSISTENT_RESERVE_OUT = 0x5f,
	READ_TIMEOUT_MS = 5000,
	OUT_TIMEOUT_MS = 10000,
	ABORT_TIMEOUT_MS = 30000,
	READ_ROUNDS = 5,
	ANSWER_LENGTH = 8192,
	ANSWER_LENGTH_MAX = 65535, /* the ALLOCATION LENGTH has 16 bits */
	CAPABILITIES_ANSWER = 8,
	DESCRIPTOR_MAX = 24 + 4 + 256, /* SPC-4 6.15.5, with the longest iSCSI name and its ISID (7.6.4.6) */
};

typedef int decode_fn(const uint8_t *data, size_t length, struct pr_state *state, size_t *ret_needed);

static const struct {
	const char *name;
	size_t length; /* asked for at first */
	decode_fn *decode;
} reads[] = {
	[READ_KEYS] = { "PERSISTENT RESERVE IN, READ KEYS", ANSWER_LENGTH, pr_decode_keys },
	[READ_RESERVATION] = { "PERSISTENT RESERVE IN, READ RESERVATION", RESERVATION_ANSWER, pr_decode_reservation },
	[REPORT_CAPABILITIES] = { "PERSISTENT RESERVE IN, REPORT CAPABILITIES", CAPABILITIES_ANSWER,
				  pr_decode_capabilities },
	[READ_FULL_STATUS] = { "PERSISTENT RESERVE IN, READ FULL STATUS", ANSWER_LENGTH, pr_decode_full_status },
};

/* What a round of reads is made with. */
struct reader {
	int fd;
	const char *disk;
	uint64_t deadline_us;
	uint8_t *answer; /* ANSWER_LENGTH bytes on the stack: most answers are short, and a page of the heap costs more
			  */
};

enum read_result { READ_FAILED = -1, READ_DONE, READ_UNKNOWN };

static int send_read(const struct reader *reader, enum service_action action, uint8_t *answer, int length,
		     struct scsi_command *c, struct error *err)
{
	*c = (struct scsi_command){
		.name = reads[action].name,
		.cdb = { PERSISTENT_RESERVE_IN, (uint8_t)action, [7] = (uint8_t)(length >> 8), [8] = (uint8_t)length },
		.cdb_length = 10,
		.data = answer,
		.length = length,
	};
	memset(answer, 0, (size_t)length);
	return sys_scsi_run(reader->fd, reader->disk, c, reader->deadline_us, ERR_SCSI_FAILED, err);
}

/*
 * Linux targets leave out the descriptors that do not fit and count only the others, so that an answer with less room
 * left than one may need is taken for cut short.
 */
static bool is_cut(const uint8_t *answer, size_t length)
{
	return 8 + (size_t)sg_get_unaligned_be32(answer + 4) + DESCRIPTOR_MAX > length;
}

/* One service action into its part of *state; a longer answer than expected is asked for once more. */
static enum read_result read_part(const struct reader *reader, enum service_action action, struct pr_state *state,
				  struct error *err)
{
	size_t length = reads[action].length, needed;
	CLEANUP_FREE uint8_t *longer = NULL;
	uint8_t *answer = reader->answer;
	struct error why = { 0 };
	struct scsi_command c;

	for (;;) {
		if (send_read(reader, action, answer, (int)length, &c, &why) < 0) {
			if (c.status == SAM_STAT_RESERVATION_CONFLICT)
				/* SPC-2 5.5.1: only another's RESERVE(6) refuses these */
				return error_set(err, ERR_SCSI2_RESERVATION, reader->disk, "%s: %s", c.name, c.outcome);
			if (sys_scsi_is_unknown(&c))
				return READ_UNKNOWN;
			if (err)
				*err = why;
			return READ_FAILED;
		}
		needed = ANSWER_LENGTH_MAX;
		if ((action != READ_FULL_STATUS || length == ANSWER_LENGTH_MAX || !is_cut(answer, length)) &&
		    reads[action].decode(answer, c.received > 0 ? (size_t)c.received : 0, state, &needed) == 0)
			return READ_DONE;
		if (needed <= length || needed > ANSWER_LENGTH_MAX)
			return error_set(err, ERR_SCSI_FAILED, reader->disk, "%s: an answer of %d bytes makes no sense",
					 c.name, c.received);
		answer = longer = malloc(ANSWER_LENGTH_MAX);
		if (!longer)
			return error_no_memory(err);
		length = ANSWER_LENGTH_MAX;
	}
}

/* READ KEYS is what READ FULL STATUS says shorter. */
static enum read_result keys_of_registrations(struct pr_state *state, struct error *err)
{
	state->keys = calloc(state->registration_count + 1, sizeof(*state->keys));
	if (!state->keys)
		return error_no_memory(err);
	for (size_t i = 0; i < state->registration_count; i++)
		state->keys[state->key_count++] = state->registrations[i].key;
	return READ_DONE;
}

/* Does the reservation that READ RESERVATION tells fit the holder that READ FULL STATUS marks? */
static bool fits_holder(const struct pr_state *state)
{
	const struct pr_registration *holder = NULL;

	for (size_t i = 0; i < state->registration_count && !holder; i++)
		if (state->registrations[i].holder)
			holder = &state->registrations[i];
	if (pr_type_is_all_registrants(state->type))
		return !holder || holder->type == state->type;
	return holder ? state->reserved && holder->type == state->type && holder->key == state->reservation_key
		      : !state->reserved;
}

/* *ret_same: nothing changed from the first command to the last. */
static enum read_result read_with_full_status(const struct reader *reader, struct pr_state *state, bool *ret_same,
					      struct error *err)
{
	enum read_result result = read_part(reader, READ_FULL_STATUS, state, err);
	uint32_t generation = state->generation;

	if (result != READ_DONE)
		return result;
	if (keys_of_registrations(state, err) != READ_DONE ||
	    read_part(reader, REPORT_CAPABILITIES, state, err) == READ_FAILED)
		return READ_FAILED;
	result = read_part(reader, READ_RESERVATION, state, err);
	*ret_same = state->generation == generation && fits_holder(state);
	return result;
}

/* A reservation does not count in the generation, therefore it is read at both ends. */
static enum read_result read_without_full_status(const struct reader *reader, struct pr_state *state, bool *ret_same,
						 struct error *err)
{
	struct pr_state first = { 0 };
	enum read_result result = read_part(reader, READ_RESERVATION, &first, err);

	if (result != READ_DONE)
		return result;
	result = read_part(reader, READ_KEYS, state, err);
	if (result != READ_DONE)
		return result;
	*ret_same = state->generation == first.generation;
	if (read_part(reader, REPORT_CAPABILITIES, state, err) == READ_FAILED)
		return READ_FAILED;
	result = read_part(reader, READ_RESERVATION, state, err);
	*ret_same = *ret_same && state->generation == first.generation && state->reserved == first.reserved &&
		    state->reservation_key == first.reservation_key && state->type == first.type &&
		    state->scope == first.scope;
	return result;
}

/* One look. READ_UNKNOWN: the LUN has no persistent reservations. */
static enum read_result read_once(const struct reader *reader, struct pr_state *state, bool *ret_same,
				  struct error *err)
{
	enum read_result result = read_with_full_status(reader, state, ret_same, err);

	return result == READ_UNKNOWN ? read_without_full_status(reader, state, ret_same, err) : result;
}

static int read_state(const struct reader *reader, struct pr_state *ret, struct error *err)
{
	for (unsigned round = 0; round < READ_ROUNDS; round++) {
		CLEANUP_PR_STATE struct pr_state state = { 0 };
		bool same = false;

		switch (read_once(reader, &state, &same, err)) {
		case READ_FAILED:
			return -1;
		case READ_UNKNOWN:
			*ret = (struct pr_state){ 0 };
			return 0;
		case READ_DONE:
			break;
		}
		if (!same)
			continue;
		*ret = state;
		state = (struct pr_state){ 0 };
		return 0;
	}
	return error_set(err, ERR_SCSI_FAILED, reader->disk, "the reservations changed %d times while they were read",
			 READ_ROUNDS);
}

int sys_pr_read(void *ctx, const char *disk, struct pr_state *ret, struct error *err)
{
	CLEANUP_FD int fd = sys_scsi_open_disk(disk, ERR_SCSI_FAILED, err);
	uint8_t answer[ANSWER_LENGTH];
	struct reader reader = {
		.fd = fd,
		.disk = disk,
		.deadline_us = clock_mono_us() + (uint64_t)READ_TIMEOUT_MS * 1000,
		.answer = answer,
	};

	(void)ctx;
	return fd >= 0 ? read_state(&reader, ret, err) : -1;
}

static const char *action_name(enum pr_action action)
{
	switch (action) {
	case PR_REGISTER:
		return "PERSISTENT RESERVE OUT, REGISTER";
	case PR_RESERVE:
		return "PERSISTENT RESERVE OUT, RESERVE";
	case PR_RELEASE:
		return "PERSISTENT RESERVE OUT, RELEASE";
	case PR_CLEAR:
		return "PERSISTENT RESERVE OUT, CLEAR";
	case PR_PREEMPT:
		return "PERSISTENT RESERVE OUT, PREEMPT";
	case PR_PREEMPT_AND_ABORT:
		return "PERSISTENT RESERVE OUT, PREEMPT AND ABORT";
	case PR_REGISTER_AND_IGNORE:
		return "PERSISTENT RESERVE OUT, REGISTER AND IGNORE EXISTING KEY";
	}
	return "PERSISTENT RESERVE OUT";
}

static int send_out(int fd, const char *disk, const struct pr_request *request, struct scsi_command *c,
		    struct error *err)
{
	unsigned timeout_ms = request->action == PR_PREEMPT_AND_ABORT ? ABORT_TIMEOUT_MS : OUT_TIMEOUT_MS;
	uint8_t parameters[PR_OUT_LENGTH];

	pr_encode_out(request, parameters);
	*c = (struct scsi_command){
		.name = action_name(request->action),
		.cdb = { PERSISTENT_RESERVE_OUT, (uint8_t)request->action,
			 (uint8_t)request->type, [8] = PR_OUT_LENGTH },
		.cdb_length = 10,
		.data = parameters,
		.length = PR_OUT_LENGTH,
		.writes = true,
	};
	return sys_scsi_run(fd, disk, c, clock_mono_us() + (uint64_t)timeout_ms * 1000, ERR_PR_FAILED, err);
}

static bool has_key(const struct pr_state *state, uint64_t key)
{
	for (size_t i = 0; i < state->key_count; i++)
		if (state->keys[i] == key)
			return true;
	return false;
}

/*
 * A command conflicted when it was sent again. Was it carried out at first? For REGISTER: registering the new key over
 * the new key is good only where it is registered, and changes nothing; it never brings back a preempted key. The
 * others: by what the LUN has now. (RESERVE, RELEASE and REGISTER AND IGNORE do not conflict with themselves.)
 */
static bool confirm(int fd, const char *disk, const struct pr_request *request)
{
	CLEANUP_PR_STATE struct pr_state state = { 0 };
	struct pr_request same = *request;
	struct scsi_command c;

	same.key = request->service_action_key;
	if (request->action == PR_REGISTER)
		return send_out(fd, disk, &same, &c, NULL) == 0;
	if (sys_pr_read(NULL, disk, &state, NULL) < 0)
		return false;
	if (request->action == PR_CLEAR)
		return state.key_count == 0;
	return (request->action == PR_PREEMPT || request->action == PR_PREEMPT_AND_ABORT) &&
	       has_key(&state, request->key) && !has_key(&state, request->service_action_key);
}

int sys_pr_out(void *ctx, const char *disk, const struct pr_request *request, struct error *err)
{
	CLEANUP_FD int fd = sys_scsi_open_disk(disk, ERR_PR_FAILED, err);
	enum error_code code = ERR_PR_FAILED;
	struct error failure = { 0 };
	struct scsi_command c;

	(void)ctx;
	if (fd < 0)
		return -1;
	if (send_out(fd, disk, request, &c, &failure) == 0)
		return 0;
	if (c.status == SAM_STAT_RESERVATION_CONFLICT && c.repeats && confirm(fd, disk, request))
		return 0;
	if (c.status == SAM_STAT_RESERVATION_CONFLICT)
		code = ERR_PR_CONFLICT;
	else if (c.sense.sense_key == SPC_SK_ILLEGAL_REQUEST && c.sense.asc == 0x20)
		code = ERR_PR_UNSUPPORTED;
	else if (request->action == PR_PREEMPT_AND_ABORT && sys_scsi_is_unknown(&c))
		code = ERR_PR_UNSUPPORTED; /* a service action is a field in the CDB */
	return error_set(err, code, disk, "%s", failure.detail);
}
