/*
 * Decoding and encoding persistent reservation data; see pr.h. An answer is taken as a whole or not at all: half a
 * list of registrations would make a registered node look like one that is not.
 */
#include "pr.h"

#include "base/cleanup.h"
#include "base/num.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	LIST_HEADER = 8,
	KEY_LENGTH = 8,
	RESERVATION_LENGTH = 16,
	DESCRIPTOR_HEADER = 24,
	CAPABILITIES_LENGTH = 8,
	RAW_BYTES_MAX = (PR_INITIATOR_SIZE - sizeof("raw:")) / 2,
};

/* SPC-4 7.6.1: protocol identifiers that we have a text for */
enum protocol_id { PROTOCOL_ID_FC = 0, PROTOCOL_ID_SRP = 4, PROTOCOL_ID_ISCSI = 5, PROTOCOL_ID_SAS = 6 };

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)be16(at) << 16 | be16(at + 2);
}

static uint64_t be64(const uint8_t *at)
{
	return (uint64_t)be32(at) << 32 | be32(at + 4);
}

static void put_be64(uint64_t value, uint8_t *at)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		at[i] = (uint8_t)value;
}

void pr_state_free(struct pr_state *state)
{
	free(state->keys);
	free(state->registrations);
	*state = (struct pr_state){ 0 };
}

/* PRGENERATION, ADDITIONAL LENGTH and the list behind them, all there: its length, or -1 and what would be needed. */
static ssize_t list_length(const uint8_t *data, size_t length, size_t *ret_needed)
{
	size_t end = length < LIST_HEADER ? LIST_HEADER : LIST_HEADER + (size_t)be32(data + 4);

	*ret_needed = end > length ? end : 0;
	return end > length ? -1 : (ssize_t)(end - LIST_HEADER);
}

/* SPC-4 6.15.2 */
int pr_decode_keys(const uint8_t *data, size_t length, struct pr_state *state, size_t *ret_needed)
{
	ssize_t list = list_length(data, length, ret_needed);
	size_t count = list > 0 ? (size_t)list / KEY_LENGTH : 0;
	uint64_t *keys;

	if (list < 0 || list % KEY_LENGTH != 0)
		return -1;
	keys = calloc(count + 1, sizeof(*keys));
	if (!keys)
		return -1;
	for (size_t i = 0; i < count; i++)
		keys[i] = be64(data + LIST_HEADER + i * KEY_LENGTH);
	state->generation = be32(data);
	state->keys = keys;
	state->key_count = count;
	return 0;
}

/* SPC-4 6.15.3; there is one reservation at most */
int pr_decode_reservation(const uint8_t *data, size_t length, struct pr_state *state, size_t *ret_needed)
{
	ssize_t list = list_length(data, length, ret_needed);

	if (list < 0 || (list > 0 && list < RESERVATION_LENGTH))
		return -1;
	state->generation = be32(data);
	state->reserved = list > 0;
	state->reservation_key = list > 0 ? be64(data + 8) : 0;
	state->scope = list > 0 ? data[21] >> 4 : 0;
	state->type = list > 0 ? data[21] & 0x0f : PR_NONE;
	return 0;
}

/* One full status descriptor of `length` bytes at most: how many it has, -1 when it does not fit. */
static ssize_t decode_registration(const uint8_t *data, size_t length, struct pr_registration *ret)
{
	size_t transport_id;

	if (length < DESCRIPTOR_HEADER)
		return -1;
	transport_id = be32(data + 20);
	if (transport_id > length - DESCRIPTOR_HEADER)
		return -1;
	*ret = (struct pr_registration){
		.key = be64(data),
		.all_target_ports = data[12] & 0x02,
		.holder = data[12] & 0x01,
		.nexus.relative_port = data[12] & 0x02 ? 0 : be16(data + 18),
	};
	if (ret->holder)
		ret->type = data[13] & 0x0f;
	if (!pr_decode_initiator(data + DESCRIPTOR_HEADER, transport_id, ret->nexus.initiator))
		return -1;
	return (ssize_t)(DESCRIPTOR_HEADER + transport_id);
}

/* SPC-4 6.15.5 */
int pr_decode_full_status(const uint8_t *data, size_t length, struct pr_state *state, size_t *ret_needed)
{
	ssize_t list = list_length(data, length, ret_needed), used;
	CLEANUP_FREE struct pr_registration *registrations = NULL;
	size_t count = 0;

	if (list < 0)
		return -1;
	registrations = calloc((size_t)list / DESCRIPTOR_HEADER + 1, sizeof(*registrations));
	if (!registrations)
		return -1;
	for (const uint8_t *at = data + LIST_HEADER; list > 0; at += used, list -= used, count++) {
		used = decode_registration(at, (size_t)list, &registrations[count]);
		if (used < 0)
			return -1;
	}
	state->generation = be32(data);
	state->has_full_status = true;
	state->registrations = TAKE(registrations);
	state->registration_count = count;
	return 0;
}

/* SPC-4 6.15.4 */
int pr_decode_capabilities(const uint8_t *data, size_t length, struct pr_state *state, size_t *ret_needed)
{
	size_t end = length < 2 ? CAPABILITIES_LENGTH : be16(data);

	*ret_needed = end > length ? end : 0;
	if (end > length || end < CAPABILITIES_LENGTH)
		return -1;
	state->has_capabilities = true;
	state->aptpl_capable = data[2] & 0x01;
	state->all_tg_pt_capable = data[2] & 0x04;
	state->aptpl_active = data[3] & 0x01;
	/* the bits of the first byte are types 1, 3, 5, 6 and 7 by their numbers, bit 0 of the second is type 8 */
	state->type_mask = data[3] & 0x80 ? (uint16_t)((data[4] & 0xea) | (data[5] & 0x01) << 8) : 0;
	return 0;
}

static void format_hex(const char *prefix, const uint8_t *data, size_t length, char ret[static PR_INITIATOR_SIZE])
{
	size_t used = (size_t)snprintf(ret, PR_INITIATOR_SIZE, "%s", prefix);

	num_to_hex(data, length, ret + used);
}

/* SPC-4 7.6.4.6: the name, and with format 01b ",i,0x" and the ISID behind it; NULs fill it up. */
static bool decode_iscsi(const uint8_t *data, size_t length, char ret[static PR_INITIATOR_SIZE])
{
	size_t used = (size_t)snprintf(ret, PR_INITIATOR_SIZE, "iscsi:"), name;

	if (length < 4 || be16(data + 2) > length - 4)
		return false;
	name = strnlen((const char *)data + 4, be16(data + 2));
	if (name == 0 || used + name >= PR_INITIATOR_SIZE)
		return false;
	for (size_t i = 0; i < name; i++) {
		if (data[4 + i] <= ' ' || data[4 + i] >= 0x7f)
			return false;
		ret[used + i] = (char)tolower(data[4 + i]);
	}
	ret[used + name] = '\0';
	return true;
}

bool pr_decode_initiator(const uint8_t *data, size_t length, char ret[static PR_INITIATOR_SIZE])
{
	unsigned protocol = length ? data[0] & 0x0f : 0;

	ret[0] = '\0';
	if (length == 0)
		return true;
	if (protocol == PROTOCOL_ID_ISCSI && decode_iscsi(data, length, ret))
		return true;
	if (protocol == PROTOCOL_ID_FC && length >= 16)
		format_hex("fc:", data + 8, 8, ret);
	else if (protocol == PROTOCOL_ID_SRP && length >= 24)
		format_hex("srp:", data + 8, 16, ret);
	else if (protocol == PROTOCOL_ID_SAS && length >= 12)
		format_hex("sas:", data + 4, 8, ret);
	else if (length <= RAW_BYTES_MAX)
		format_hex("raw:", data, length, ret);
	else
		ret[0] = '\0';
	return ret[0] != '\0';
}

/* SPC-4 6.16.3 */
void pr_encode_out(const struct pr_request *request, uint8_t ret[static PR_OUT_LENGTH])
{
	bool registers = request->action == PR_REGISTER || request->action == PR_REGISTER_AND_IGNORE;

	memset(ret, 0, PR_OUT_LENGTH);
	if (request->action != PR_REGISTER_AND_IGNORE)
		put_be64(request->key, ret);
	put_be64(request->service_action_key, ret + 8);
	if (registers)
		ret[20] = (uint8_t)(request->all_target_ports << 2 | request->aptpl);
}

/* Where the ISID's digits begin, or the end of the text. */
static const char *isid_of(const char *initiator)
{
	const char *separator = strstr(initiator, ",i,0x");

	return separator ? separator + strlen(",i,0x") : initiator + strlen(initiator);
}

static size_t name_length(const char *initiator)
{
	const char *separator = strstr(initiator, ",i,0x");

	return separator ? (size_t)(separator - initiator) : strlen(initiator);
}

bool pr_same_initiator(const char *a, const char *b)
{
	size_t length = name_length(a);

	return length > 0 && name_length(b) == length && memcmp(a, b, length) == 0;
}

bool pr_names_session(const char *initiator)
{
	return *isid_of(initiator) != '\0';
}

/*
 * Open-iSCSI does not tell its ISIDs. It makes them of its OUI and the session's number, in the last three bytes;
 * before 2.1 in the fourth alone.
 */
static bool is_isid_of(const char *isid, uint32_t session)
{
	unsigned long number, made_of = session - 1;

	if (!session || strlen(isid) != 12 || strncmp(isid, "00023d", 6) != 0)
		return true;
	number = strtoul(isid + 6, NULL, 16);
	return number == (made_of & 0xffffff) || number == (made_of & 0xff) << 16;
}

static bool same_session(const struct pr_nexus *nexus, const char *initiator)
{
	const char *ours = isid_of(nexus->initiator), *theirs = isid_of(initiator);
	size_t digits = strlen(ours) < strlen(theirs) ? strlen(ours) : strlen(theirs);

	return *ours ? memcmp(ours, theirs, digits) == 0 : is_isid_of(theirs, nexus->session);
}

bool pr_nexus_registered(const struct pr_nexus *nexus, const struct pr_registration *registration)
{
	if (!pr_same_initiator(nexus->initiator, registration->nexus.initiator) ||
	    !same_session(nexus, registration->nexus.initiator))
		return false;
	return registration->all_target_ports ||
	       (nexus->relative_port && nexus->relative_port == registration->nexus.relative_port);
}

const char *pr_type_name(enum pr_type type)
{
	switch (type) {
	case PR_NONE:
		return "none";
	case PR_WE:
		return "write_exclusive";
	case PR_EA:
		return "exclusive_access";
	case PR_WE_RO:
		return "write_exclusive_registrants_only";
	case PR_EA_RO:
		return "exclusive_access_registrants_only";
	case PR_WE_AR:
		return "write_exclusive_all_registrants";
	case PR_EA_AR:
		return "exclusive_access_all_registrants";
	}
	return "unknown";
}

bool pr_type_is_all_registrants(enum pr_type type)
{
	return type == PR_WE_AR || type == PR_EA_AR;
}

bool pr_type_is_registrants_only(enum pr_type type)
{
	return type == PR_WE_RO || type == PR_EA_RO;
}

void pr_key_format(uint64_t key, char ret[static PR_KEY_SIZE])
{
	snprintf(ret, PR_KEY_SIZE, "0x%llx", (unsigned long long)key);
}

bool pr_key_parse(const char *text, uint64_t *ret)
{
	if (strncasecmp(text, "0x", 2) == 0)
		text += 2;
	if (!num_is_hex(text) || strlen(text) > 16)
		return false;
	*ret = strtoull(text, NULL, 16);
	return true;
}
