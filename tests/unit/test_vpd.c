/*
 * VPD page 83h: pages of real arrays, which designator wins, and a sweep over every way to cut or corrupt a page:
 * the parser must never read beyond what it was given (run with MODE=asan: each case is its own allocation).
 */
#include "dm-import/formats/vpd.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A page is its designators; the header is put in front by page(). */
struct bytes {
	uint8_t data[512];
	size_t length;
};

static struct bytes page(const char *designators, size_t length)
{
	struct bytes result = { .length = length + 4 };

	assert_true(length + 4 <= sizeof(result.data));
	result.data[1] = 0x83;
	result.data[2] = (uint8_t)(length >> 8);
	result.data[3] = (uint8_t)length;
	memcpy(result.data + 4, designators, length);
	return result;
}

#define PAGE(designators) page(designators, sizeof(designators) - 1)

/* code set 1 (binary), type 3 (NAA), association 0 (LUN) unless named otherwise */
#define NAA6(byte) "\x01\x03\x00\x10\x60\x06\x01\x60\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb" byte
#define NAA6_TEXT "60060160112233445566778899aabb"
#define NAA5(association) "\x01" association "\x00\x08\x50\x06\x01\x60\xbe\xa0\x12\x34"
#define NAA3 "\x01\x03\x00\x08\x31\x22\x33\x44\x55\x66\x77\x88"
#define NAA2 "\x01\x03\x00\x08\x21\x22\x33\x44\x55\x66\x77\x88"
#define T10_VENDOR "\x02\x01\x00\x0cLIO-ORG serx"
#define TARGET_PORT_GROUP "\x01\x15\x00\x04\x00\x00\x00\x01"

struct wwid_case {
	const char *name;
	struct bytes page;
	const char *wwid; /* "" = refused */
};

static void test_wwid(void **state)
{
	const struct wwid_case cases[] = {
		{ "NAA 6", PAGE(NAA6("\x01")), "3" NAA6_TEXT "01" },
		{ "NAA 5", PAGE(NAA5("\x03")), "350060160bea01234" },
		{ "NAA 3", PAGE(NAA3), "33122334455667788" },
		{ "NAA 2", PAGE(NAA2), "32122334455667788" },
		{ "NAA 6 after NAA 5", PAGE(NAA5("\x03") NAA6("\x02")), "3" NAA6_TEXT "02" },
		{ "NAA 5 after NAA 2", PAGE(NAA2 NAA5("\x03")), "350060160bea01234" },
		{ "NAA 2 after NAA 3", PAGE(NAA3 NAA2), "32122334455667788" },
		{ "the first of two NAA 6", PAGE(NAA6("\x01") NAA6("\x02")), "3" NAA6_TEXT "01" },
		{ "among others", PAGE(T10_VENDOR NAA5("\x93") TARGET_PORT_GROUP NAA6("\x03")), "3" NAA6_TEXT "03" },
		{ "only a target port's", PAGE(NAA5("\x93")), "" },
		{ "only a target device's", PAGE(NAA5("\xa3")), "" },
		{ "no NAA at all", PAGE(T10_VENDOR), "" },
		{ "no designator", PAGE(""), "" },
		{ "NAA 6 of 8 bytes", PAGE("\x01\x03\x00\x08\x60\x06\x01\x60\xbe\xa0\x12\x34"), "" },
		{ "NAA 5 of 16 bytes",
		  PAGE("\x01\x03\x00\x10\x50\x06\x01\x60\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc"), "" },
		{ "NAA of an unknown format", PAGE("\x01\x03\x00\x08\x90\x06\x01\x60\xbe\xa0\x12\x34"), "" },
		{ "NAA in ASCII", PAGE("\x02\x03\x00\x08\x50\x06\x01\x60\xbe\xa0\x12\x34"), "" },
		{ "NAA of no bytes", PAGE("\x01\x03\x00\x00"), "" },
		{ "the last designator is cut", PAGE(NAA6("\x01") "\x01\x03\x00\x10\x60"), "" },
		{ "half a designator header at the end", PAGE(NAA6("\x01") "\x01\x03"), "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char wwid[64] = "untouched";

		assert_int_equal(vpd_wwid(cases[i].page.data, cases[i].page.length, wwid, sizeof(wwid)),
				 cases[i].wwid[0] != '\0');
		if (strcmp(wwid, cases[i].wwid) != 0)
			fail_msg("%s: got '%s', expected '%s'", cases[i].name, wwid, cases[i].wwid);
	}
}

static void test_page_header(void **state)
{
	struct bytes good = PAGE(NAA6("\x01"));
	char wwid[64];

	(void)state;
	good.data[1] = 0x80;
	assert_false(vpd_wwid(good.data, good.length, wwid, sizeof(wwid)));
	good.data[1] = 0x83;
	good.length += 100; /* what comes after the page does not count */
	assert_true(vpd_wwid(good.data, good.length, wwid, sizeof(wwid)));
	good.data[3]++; /* but then it does, and is no designator */
	assert_false(vpd_wwid(good.data, good.length, wwid, sizeof(wwid)));
	good.data[2] = 0xff;
	assert_false(vpd_wwid(good.data, good.length, wwid, sizeof(wwid)));
	assert_string_equal(wwid, "");
}

static void test_wwid_does_not_fit(void **state)
{
	struct bytes good = PAGE(NAA6("\x01"));
	char wwid[34];

	(void)state;
	assert_true(vpd_wwid(good.data, good.length, wwid, 34));
	assert_false(vpd_wwid(good.data, good.length, wwid, 33));
	assert_string_equal(wwid, "");
}

#define NAME(association, padded) "\x03" association "\x00" padded

static void test_target_name(void **state)
{
	const struct {
		const char *name;
		struct bytes page;
		enum vpd_association association;
		const char *target;
	} cases[] = {
		{ "NAA of a port", PAGE(NAA6("\x01") NAA5("\x93")), VPD_ASSOCIATION_TARGET_PORT,
		  "naa.50060160bea01234" },
		{ "NAA of a device", PAGE(NAA6("\x01") NAA5("\xa3")), VPD_ASSOCIATION_TARGET_DEVICE,
		  "naa.50060160bea01234" },
		{ "not the other's", PAGE(NAA5("\xa3")), VPD_ASSOCIATION_TARGET_PORT, "" },
		{ "name of an iSCSI port", PAGE(NAME("\x98", "\x14iqn.a:b,t,0x0001\0\0\0\0")),
		  VPD_ASSOCIATION_TARGET_PORT, "iqn.a:b" },
		{ "name of a device", PAGE(NAME("\xa8", "\x08iqn.a:b\0")), VPD_ASSOCIATION_TARGET_DEVICE, "iqn.a:b" },
		{ "name without padding", PAGE(NAME("\xa8", "\x07iqn.a:b")), VPD_ASSOCIATION_TARGET_DEVICE, "iqn.a:b" },
		{ "NAA before a name", PAGE(NAME("\x98", "\x08iqn.a:b\0") NAA5("\x93")), VPD_ASSOCIATION_TARGET_PORT,
		  "naa.50060160bea01234" },
		{ "a name with a blank", PAGE(NAME("\xa8", "\x08iqn a:b\0")), VPD_ASSOCIATION_TARGET_DEVICE, "" },
		{ "a name with a newline", PAGE(NAME("\xa8", "\x08iqn\na:b\0")), VPD_ASSOCIATION_TARGET_DEVICE, "" },
		{ "an empty name", PAGE(NAME("\xa8", "\x04\0\0\0\0")), VPD_ASSOCIATION_TARGET_DEVICE, "" },
		{ "a name of no bytes", PAGE(NAME("\xa8", "\x00")), VPD_ASSOCIATION_TARGET_DEVICE, "" },
		{ "only a portal group", PAGE(NAME("\xa8", "\x08,t,0x01\0")), VPD_ASSOCIATION_TARGET_DEVICE, "" },
		{ "a name before a cut designator", PAGE(NAME("\xa8", "\x08iqn.a:b\0") "\x01\x03\x00\x10"),
		  VPD_ASSOCIATION_TARGET_DEVICE, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char target[32] = "untouched";

		assert_int_equal(vpd_target_name(cases[i].page.data, cases[i].page.length, cases[i].association, target,
						 sizeof(target)),
				 cases[i].target[0] != '\0');
		if (strcmp(target, cases[i].target) != 0)
			fail_msg("%s: got '%s', expected '%s'", cases[i].name, target, cases[i].target);
	}
}

/* Give exactly `length` bytes in memory of their own, so that a sanitizer sees a read beyond them. */
static bool parse_alone(const uint8_t *data, size_t length)
{
	CLEANUP_FREE uint8_t *alone = malloc(length ? length : 1);
	char text[64];
	bool found;

	assert_non_null(alone);
	memcpy(alone, data, length);
	found = vpd_wwid(alone, length, text, sizeof(text));
	assert_true(found == (text[0] == '3'));
	for (int association = 0; association < 4; association++) {
		bool named = vpd_target_name(alone, length, association, text, sizeof(text));

		assert_true(named == (text[0] != '\0'));
	}
	return found;
}

static const struct bytes *whole_page(void)
{
	static struct bytes whole;

	whole = PAGE(NAA6("\x01") T10_VENDOR TARGET_PORT_GROUP NAA5("\x93")
			     NAME("\x98", "\x14iqn.a:b,t,0x0001\0\0\0\0"));
	return &whole;
}

static void test_every_truncation_is_refused(void **state)
{
	const struct bytes *whole = whole_page();

	(void)state;
	assert_true(parse_alone(whole->data, whole->length));
	for (size_t length = 0; length < whole->length; length++)
		assert_false(parse_alone(whole->data, length));
}

/* The same with a page length that matches the cut: refused unless the cut is between two designators. */
static void test_every_shorter_page(void **state)
{
	struct bytes shorter = *whole_page();
	size_t boundary = 4;

	(void)state;
	for (size_t length = 4; length <= whole_page()->length; length++) {
		shorter.data[2] = 0;
		shorter.data[3] = (uint8_t)(length - 4);
		assert_int_equal(parse_alone(shorter.data, length), length == boundary && length > 4);
		if (length == boundary)
			boundary += 4 + shorter.data[boundary + 3];
	}
}

static void test_every_byte_with_every_value(void **state)
{
	struct bytes broken = *whole_page();

	(void)state;
	for (size_t at = 0; at < broken.length; at++) {
		uint8_t was = broken.data[at];

		for (unsigned value = 0; value < 256; value++) {
			broken.data[at] = (uint8_t)value;
			parse_alone(broken.data, broken.length);
		}
		broken.data[at] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wwid),
		cmocka_unit_test(test_page_header),
		cmocka_unit_test(test_wwid_does_not_fit),
		cmocka_unit_test(test_target_name),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_every_shorter_page),
		cmocka_unit_test(test_every_byte_with_every_value),
	};

	return cmocka_run_group_tests_name("vpd", tests, NULL, NULL);
}
