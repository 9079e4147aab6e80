/*
 * Persistent reservation data: vectors laid out as in SPC-4 6.15, 6.16 and 7.6.4, every prefix and every byte of valid
 * answers, and random ones (run with MODE=asan: each case is its own allocation).
 */
#include "dm-import/formats/pr.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

#define FC_ID "\0\0\0\0\0\0\0\0\x21\x00\x00\x24\xff\x4c\x12\xab\0\0\0\0\0\0\0\0"
#define SRP_ID "\x04\0\0\0\0\0\0\0\xfe\x80\0\0\0\0\0\0\0\x02\xc9\x03\0\x0e\x8a\xcd"
#define SAS_ID "\x06\0\0\0\x50\x01\x40\x5c\xa8\xfe\x01\x02\0\0\0\0\0\0\0\0\0\0\0\0"
#define ISCSI_ID "\x05\0\0\x14iqn.1993-08.X:Host\0\0"
#define ISID_ID "\x45\0\0\x20iqn.1993-08.x:h,i,0x00023D000001"

struct answer {
	int (*decode)(const uint8_t *data, size_t length, struct pr_state *state, size_t *ret_needed);
	const uint8_t *data;
	size_t length;
};

#define KEYS "\0\0\x12\x34\0\0\0\x18\0\0\0\0\0\0\x0a\xb1\0\0\0\0\0\0\x0a\xb2\0\0\0\0\0\0\x0a\xb1"
#define RESERVATION "\0\0\x12\x34\0\0\0\x10\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\0\x05\0\0"
#define CAPABILITIES "\0\x08\x0d\x81\xea\x01\0\0"
#define DESCRIPTOR(key, flags, type, port, length) \
	"\0\0\0\0\0\0\0" key "\0\0\0\0" flags type "\0\0\0\0\0" port "\0\0\0" length
#define FULL_STATUS \
	"\0\0\x12\x34\0\0\0\x84" DESCRIPTOR("\xa1", "\x01", "\x06", "\x02", "\x18") \
		FC_ID DESCRIPTOR("\xa2", "\x02", "\x05", "\x09", "\x24") \
			ISID_ID DESCRIPTOR("\xa3", "\0", "\x06", "\x03", "\0")

static const struct answer answers[] = {
	{ pr_decode_keys, BYTES(KEYS) },
	{ pr_decode_reservation, BYTES(RESERVATION) },
	{ pr_decode_full_status, BYTES(FULL_STATUS) },
	{ pr_decode_capabilities, BYTES(CAPABILITIES) },
};

static void test_keys(void **state)
{
	CLEANUP_PR_STATE struct pr_state pr = { 0 };
	struct pr_state none = { 0 };
	size_t needed;

	(void)state;
	assert_int_equal(pr_decode_keys(BYTES(KEYS), &pr, &needed), 0);
	assert_int_equal(needed, 0);
	assert_int_equal(pr.generation, 0x1234);
	assert_int_equal(pr.key_count, 3);
	assert_true(pr.keys[0] == 0xab1 && pr.keys[1] == 0xab2 && pr.keys[2] == 0xab1);
	assert_int_equal(pr_decode_keys(BYTES("\0\0\0\x01\0\0\0\0"), &none, &needed), 0);
	assert_int_equal(none.key_count, 0);
	pr_state_free(&none);
	assert_int_equal(pr_decode_keys(BYTES("\0\0\0\x01\0\0\0\x04\0\0\0\0"), &none, &needed), -1);
	assert_int_equal(needed, 0);
	assert_int_equal(pr_decode_keys(BYTES("\0\0\0\x01\xff\xff\xff\xf8\0\0\0\0"), &none, &needed), -1);
	assert_true(needed == 0x100000000);
}

static void test_reservation(void **state)
{
	static const enum pr_type types[] = { PR_WE, PR_EA, PR_WE_RO, PR_EA_RO, PR_WE_AR, PR_EA_AR };
	struct pr_state pr = { 0 };
	uint8_t data[24];
	size_t needed;

	(void)state;
	memcpy(data, RESERVATION, sizeof(data));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		data[21] = (uint8_t)types[i];
		assert_int_equal(pr_decode_reservation(data, sizeof(data), &pr, &needed), 0);
		assert_true(pr.reserved && pr.type == types[i] && pr.scope == 0 && pr.generation == 0x1234);
		assert_true(pr.reservation_key == 0x0102030405060708);
	}
	data[21] = 0x2f;
	assert_int_equal(pr_decode_reservation(data, sizeof(data), &pr, &needed), 0);
	assert_true(pr.scope == 2 && pr.type == 15);
	data[7] = 0; /* none: what stands behind does not count */
	assert_int_equal(pr_decode_reservation(data, sizeof(data), &pr, &needed), 0);
	assert_true(!pr.reserved && pr.type == PR_NONE && pr.reservation_key == 0 && pr.scope == 0);
	data[7] = 8;
	assert_int_equal(pr_decode_reservation(data, sizeof(data), &pr, &needed), -1);
}

static void test_full_status(void **state)
{
	CLEANUP_PR_STATE struct pr_state pr = { 0 };
	const struct pr_registration *r;
	size_t needed;

	(void)state;
	assert_int_equal(pr_decode_full_status(BYTES(FULL_STATUS), &pr, &needed), 0);
	r = pr.registrations;
	assert_true(pr.has_full_status && pr.registration_count == 3 && pr.generation == 0x1234);
	assert_true(r[0].key == 0xa1 && r[0].holder && r[0].type == PR_EA_RO && !r[0].all_target_ports);
	assert_string_equal(r[0].nexus.initiator, "fc:21000024ff4c12ab");
	assert_int_equal(r[0].nexus.relative_port, 2);
	assert_true(r[1].key == 0xa2 && !r[1].holder && r[1].type == PR_NONE && r[1].all_target_ports);
	assert_string_equal(r[1].nexus.initiator, "iscsi:iqn.1993-08.x:h,i,0x00023d000001");
	assert_int_equal(r[1].nexus.relative_port, 0);
	assert_true(r[2].key == 0xa3 && r[2].nexus.initiator[0] == '\0' && r[2].nexus.relative_port == 3);
}

static void test_capabilities(void **state)
{
	struct pr_state pr = { 0 }, no_mask = { 0 };
	size_t needed;

	(void)state;
	assert_int_equal(pr_decode_capabilities(BYTES(CAPABILITIES), &pr, &needed), 0);
	assert_true(pr.has_capabilities && pr.aptpl_capable && pr.aptpl_active && pr.all_tg_pt_capable);
	assert_int_equal(pr.type_mask,
			 1 << PR_WE | 1 << PR_EA | 1 << PR_WE_RO | 1 << PR_EA_RO | 1 << PR_WE_AR | 1 << PR_EA_AR);
	assert_int_equal(pr_decode_capabilities(BYTES("\0\x08\0\0\xea\x01\0\0"), &no_mask, &needed), 0);
	assert_true(!no_mask.aptpl_capable && !no_mask.aptpl_active && !no_mask.all_tg_pt_capable &&
		    !no_mask.type_mask);
	assert_int_equal(pr_decode_capabilities(BYTES("\0\x04\0\0\0\0\0\0"), &no_mask, &needed), -1);
}

static void test_initiators(void **state)
{
	const struct {
		const uint8_t *data;
		size_t length;
		const char *text;
	} cases[] = {
		{ BYTES(FC_ID), "fc:21000024ff4c12ab" },
		{ BYTES(SRP_ID), "srp:fe800000000000000002c903000e8acd" },
		{ BYTES(SAS_ID), "sas:5001405ca8fe0102" },
		{ BYTES(ISCSI_ID), "iscsi:iqn.1993-08.x:host" },
		{ BYTES(ISID_ID), "iscsi:iqn.1993-08.x:h,i,0x00023d000001" },
		{ BYTES("\x05\0\0\x04"
			"a b\0"),
		  "raw:0500000461206200" },
		{ BYTES("\x05\0\0\x08"
			"iqn"),
		  "raw:0500000869716e" },
		{ BYTES("\x05\0\0\x04\0\0\0\0"), "raw:0500000400000000" },
		{ BYTES("\x0a\x01"), "raw:0a01" },
		{ BYTES("\x06\0\0"), "raw:060000" },
		{ BYTES(""), "" },
	};
	uint8_t large[400] = { 0x05, 0, 1, 0x20 };
	char text[PR_INITIATOR_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(pr_decode_initiator(cases[i].data, cases[i].length, text));
		assert_string_equal(text, cases[i].text);
	}
	memset(large + 4, 'x', sizeof(large) - 4); /* a name that does not fit */
	assert_false(pr_decode_initiator(large, sizeof(large), text));
	assert_string_equal(text, "");
}

static void test_nexus(void **state)
{
	const struct {
		struct pr_nexus nexus;
		struct pr_registration registration;
		bool same;
	} cases[] = {
		{ { "fc:21", 1, 0 }, { .nexus = { .initiator = "fc:21", .relative_port = 1 } }, true },
		{ { "fc:21", 1, 0 }, { .nexus = { .initiator = "fc:21", .relative_port = 2 } }, false },
		{ { "fc:21", 1, 0 }, { .nexus = { .initiator = "fc:22", .relative_port = 1 } }, false },
		{ { "fc:21", 1, 0 }, { .nexus = { .initiator = "fc:2", .relative_port = 1 } }, false },
		{ { "fc:21", 7, 0 },
		  { .nexus = { .initiator = "fc:21", .relative_port = 0 }, .all_target_ports = true },
		  true },
		{ { "fc:21", 0, 0 }, { .nexus = { .initiator = "fc:21", .relative_port = 0 } }, false },
		{ { "", 1, 0 }, { .nexus = { .initiator = "", .relative_port = 1 } }, false },
		{ { "iscsi:a", 1, 0 }, { .nexus = { .initiator = "iscsi:a,i,0x01", .relative_port = 1 } }, true },
		{ { "iscsi:a,i,0x0102", 1, 0 },
		  { .nexus = { .initiator = "iscsi:a,i,0x01", .relative_port = 1 } },
		  true },
		{ { "iscsi:a,i,0x0102", 1, 0 },
		  { .nexus = { .initiator = "iscsi:a,i,0x0103", .relative_port = 1 } },
		  false },
		{ { "iscsi:a", 1, 0 }, { .nexus = { .initiator = "iscsi:ab,i,0x01", .relative_port = 1 } }, false },
		{ { "iscsi:ab", 1, 0 }, { .nexus = { .initiator = "iscsi:a,i,0x01", .relative_port = 1 } }, false },
		/* session 3 of Open-iSCSI, by both of its rules; others' ISIDs, and such as are cut off, may be of any
		   session */
		{ { "iscsi:a", 1, 4 },
		  { .nexus = { .initiator = "iscsi:a,i,0x00023d000003", .relative_port = 1 } },
		  true },
		{ { "iscsi:a", 1, 4 },
		  { .nexus = { .initiator = "iscsi:a,i,0x00023d030000", .relative_port = 1 } },
		  true },
		{ { "iscsi:a", 1, 4 },
		  { .nexus = { .initiator = "iscsi:a,i,0x00023d000004", .relative_port = 1 } },
		  false },
		{ { "iscsi:a", 1, 4 },
		  { .nexus = { .initiator = "iscsi:a,i,0x00023d040000", .relative_port = 1 } },
		  false },
		{ { "iscsi:a", 1, 0x10304 },
		  { .nexus = { .initiator = "iscsi:a,i,0x00023d010303", .relative_port = 1 } },
		  true },
		{ { "iscsi:a", 1, 4 },
		  { .nexus = { .initiator = "iscsi:a,i,0x800000000009", .relative_port = 1 } },
		  true },
		{ { "iscsi:a", 1, 4 }, { .nexus = { .initiator = "iscsi:a,i,0x00023d", .relative_port = 1 } }, true },
		{ { "iscsi:a", 1, 4 }, { .nexus = { .initiator = "iscsi:a", .relative_port = 1 } }, true },
		{ { "iscsi:a,i,0x00023d000009", 1, 4 },
		  { .nexus = { .initiator = "iscsi:a,i,0x00023d000009", .relative_port = 1 } },
		  true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (pr_nexus_registered(&cases[i].nexus, &cases[i].registration) != cases[i].same)
			fail_msg("case %zu: %s is wrong", i, cases[i].nexus.initiator);
}

static void test_encode(void **state)
{
	const struct pr_request request = { .action = PR_REGISTER,
					    .key = 0x0102030405060708,
					    .service_action_key = 0xa1a2a3a4a5a6a7a8,
					    .all_target_ports = true };
	struct pr_request other = request;
	uint8_t data[PR_OUT_LENGTH];

	(void)state;
	pr_encode_out(&request, data);
	assert_memory_equal(data, "\1\2\3\4\5\6\7\x8\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\0\0\0\0\x04\0\0\0", PR_OUT_LENGTH);
	other.action = PR_REGISTER_AND_IGNORE;
	other.aptpl = true;
	pr_encode_out(&other, data);
	assert_memory_equal(data, "\0\0\0\0\0\0\0\0\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\0\0\0\0\x05\0\0\0", PR_OUT_LENGTH);
	other.action = PR_PREEMPT; /* for which the flags are reserved */
	pr_encode_out(&other, data);
	assert_memory_equal(data, "\1\2\3\4\5\6\7\x8\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\0\0\0\0\0\0\0\0", PR_OUT_LENGTH);
}

static void test_texts(void **state)
{
	static const char *const bad[] = { "", "0x", "0xg", "-1", " 1", "1 ", "0x12345678123456789", "0x0x1" };
	char text[PR_KEY_SIZE];
	uint64_t key = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(pr_key_parse(bad[i], &key));
	assert_true(key == 7);
	assert_true(pr_key_parse("0xFFFFffffFFFFfffe", &key) && key == 0xfffffffffffffffe);
	pr_key_format(key, text);
	assert_string_equal(text, "0xfffffffffffffffe");
	assert_true(pr_key_parse("123", &key) && key == 0x123);
	assert_string_equal(pr_type_name(PR_WE_RO), "write_exclusive_registrants_only");
	assert_string_equal(pr_type_name(PR_EA_AR), "exclusive_access_all_registrants");
	assert_string_equal(pr_type_name(PR_NONE), "none");
	assert_string_equal(pr_type_name((enum pr_type)2), "unknown");
}

/* Exactly `length` bytes in memory of their own, so that a sanitizer sees a read beyond them. */
static int decode_alone(const struct answer *answer, const uint8_t *data, size_t length, size_t *ret_needed)
{
	CLEANUP_FREE uint8_t *alone = malloc(length ? length : 1);
	CLEANUP_PR_STATE struct pr_state pr = { 0 };
	const struct pr_state untouched = { 0 };
	int result;

	assert_non_null(alone);
	memcpy(alone, data, length);
	result = answer->decode(alone, length, &pr, ret_needed);
	if (result < 0)
		assert_memory_equal(&pr, &untouched, sizeof(pr));
	return result;
}

static void test_every_prefix_says_what_is_missing(void **state)
{
	size_t needed;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		for (size_t length = 0; length < answers[i].length; length++) {
			assert_int_equal(decode_alone(&answers[i], answers[i].data, length, &needed), -1);
			assert_true(needed > length && needed <= answers[i].length);
		}
		assert_int_equal(decode_alone(&answers[i], answers[i].data, answers[i].length, &needed), 0);
		assert_int_equal(needed, 0);
	}
}

static void test_every_byte_with_every_value(void **state)
{
	uint8_t broken[256];
	size_t needed;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		for (size_t at = 0; at < answers[i].length; at++)
			for (unsigned value = 0; value < 256; value++) {
				assert_true(answers[i].length <= sizeof(broken));
				memcpy(broken, answers[i].data, answers[i].length);
				broken[at] = (uint8_t)value;
				decode_alone(&answers[i], broken, answers[i].length, &needed);
			}
}

static void test_random_bytes(void **state)
{
	uint8_t data[300] = { 0 };
	size_t needed;

	(void)state;
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		size_t length = (size_t)rand() % sizeof(data);

		for (size_t i = 0; i < length; i++)
			data[i] = (uint8_t)rand();
		if (length >= 8 && round % 2) /* half of them with a length that nearly fits */
			memcpy(data + 4, (uint8_t[]){ 0, 0, 0, (uint8_t)(length - 8 - (size_t)rand() % 2) }, 4);
		for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
			decode_alone(&answers[i], data, length, &needed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_reservation),
		cmocka_unit_test(test_full_status),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_initiators),
		cmocka_unit_test(test_nexus),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_every_prefix_says_what_is_missing),
		cmocka_unit_test(test_every_byte_with_every_value),
		cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests_name("pr", tests, NULL, NULL);
}
