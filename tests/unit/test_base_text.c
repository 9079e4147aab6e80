/*
 * base's texts: the growing string, numbers, patterns, times, and lines that are safe to log. Tables of input and
 * result, and sweeps over lengths.
 */
#include "agent/shared/log.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/pattern.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Every length up to some growths of the memory: whole, terminated, nothing in between lost. */
static void buf_keeps_everything_at_every_length(void **state)
{
	CLEANUP_BUF struct buf buf = { 0 };

	(void)state;
	assert_string_equal(buf_text(&buf), "");
	for (size_t length = 0; length < 1000; length++) {
		assert_int_equal(buf.length, length);
		assert_int_equal(strlen(buf_text(&buf)), length);
		if (length % 2)
			buf_printf(&buf, "%c", 'a' + (int)(length % 26));
		else
			buf_add(&buf, &"abcdefghijklmnopqrstuvwxyz"[length % 26], 1);
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(buf.data[i], 'a' + i % 26);
	assert_false(buf_failed(&buf));
}

static void buf_takes_long_pieces(void **state)
{
	CLEANUP_BUF struct buf buf = { 0 };
	char *text;

	(void)state;
	buf_printf(&buf, "%*d", 5000, 7);
	buf_puts(&buf, "end");
	assert_int_equal(buf.length, 5003);
	text = buf_take(&buf);
	assert_string_equal(text + 4999, "7end");
	free(text);
	assert_int_equal(buf.length, 0);
	text = buf_take(&buf);
	assert_string_equal(text, "");
	free(text);
}

static void buf_remembers_that_memory_was_short(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	buf_puts(&buf, "x");
	buf_add(&buf, "y", SIZE_MAX / 2);
	assert_true(buf_failed(&buf));
	buf_puts(&buf, "z");
	assert_string_equal(buf_text(&buf), "x");
	assert_null(buf_take(&buf));
	assert_false(buf_failed(&buf));
	buf_free(&buf);
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool valid;
		uint64_t value;
	} rows[] = {
		{ "0", 0, true, 0 },
		{ "1", 0, false, 0 },
		{ "007", 10, true, 7 },
		{ "64", 64, true, 64 },
		{ "65", 64, false, 0 },
		{ "640", 64, false, 0 },
		{ "5", 3, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "99999999999999999999999", UINT64_MAX, false, 0 },
		{ "", 10, false, 0 },
		{ " 1", 10, false, 0 },
		{ "1 ", 10, false, 0 },
		{ "+1", 10, false, 0 },
		{ "-1", 10, false, 0 },
		{ "0x1", 10, false, 0 },
		{ "1e1", 100, false, 0 },
		{ "1.0", 10, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 4711;

		assert_int_equal(num_parse(rows[i].text, rows[i].max, &value), rows[i].valid);
		assert_int_equal(value, rows[i].valid ? rows[i].value : 4711);
	}
}

/* Against the obvious way, around every limit of a byte. */
static void numbers_near_every_limit(void **state)
{
	char text[32];

	(void)state;
	for (uint64_t max = 0; max < 256; max++)
		for (uint64_t number = 0; number < 300; number++) {
			uint64_t value = 0;

			snprintf(text, sizeof(text), "%" PRIu64, number);
			assert_int_equal(num_parse(text, max, &value), number <= max);
			assert_true(number > max || value == number);
		}
}

static void hexadecimal(void **state)
{
	char text[] = "????????";

	(void)state;
	num_to_hex((const unsigned char[]){ 0x00, 0x9a, 0xff }, 3, text);
	assert_string_equal(text, "009aff");
	assert_int_equal(text[7], '?');
	num_to_hex(NULL, 0, text);
	assert_string_equal(text, "");
	assert_true(num_is_hex("0123456789abcdefABCDEF"));
	assert_false(num_is_hex(""));
	assert_false(num_is_hex("12g"));
	assert_false(num_is_hex("12 "));
	assert_false(num_is_hex("0x12"));
}

static void patterns(void **state)
{
	(void)state;
	assert_true(pattern_matches("", "anything"));
	assert_true(pattern_matches("^100E-00$", "100E-00"));
	assert_false(pattern_matches("^100E-00$", "100E-001"));
	assert_true(pattern_matches("Power", "DellEMC PowerStore"));
	assert_true(pattern_matches("(A|B)C", "xBCx"));
	assert_false(pattern_matches("(unclosed", "(unclosed"));
	assert_false(pattern_valid("(unclosed"));
	assert_true(pattern_valid(".*"));
}

static void times(void **state)
{
	char text[CLOCK_ISO_SIZE];
	uint64_t before = clock_mono_us();

	(void)state;
	clock_iso(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	clock_iso(UINT64_C(1709210096007), text);
	assert_string_equal(text, "2024-02-29T12:34:56.007Z");
	clock_iso(UINT64_C(4102444799999), text);
	assert_string_equal(text, "2099-12-31T23:59:59.999Z");
	assert_true(clock_mono_us() >= before);
	assert_true(clock_wall_ms() > UINT64_C(1700000000000));
}

static void lines_for_the_log_are_one_line(void **state)
{
	char text[64], small[8];

	(void)state;
	log_sanitise("plain text, 1", text, sizeof(text));
	assert_string_equal(text, "plain text, 1");
	log_sanitise("a\nb\x1b[31m\xc3\xa4", text, sizeof(text));
	assert_null(strpbrk(text, "\n\x1b"));
	assert_string_equal(text, "a\\x0ab\\x1b[31m\\xc3\\xa4");
	/* never cut inside an escape, never over the end */
	for (size_t size = 1; size <= sizeof(small); size++) {
		memset(small, '#', sizeof(small));
		log_sanitise("\n\n\n", small, size);
		assert_true(strlen(small) < size);
		assert_int_equal(strlen(small) % 4, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_keeps_everything_at_every_length),
		cmocka_unit_test(buf_takes_long_pieces),
		cmocka_unit_test(buf_remembers_that_memory_was_short),
		cmocka_unit_test(numbers),
		cmocka_unit_test(numbers_near_every_limit),
		cmocka_unit_test(hexadecimal),
		cmocka_unit_test(patterns),
		cmocka_unit_test(times),
		cmocka_unit_test(lines_for_the_log_are_one_line),
	};

	return cmocka_run_group_tests_name("base_text", tests, NULL, NULL);
}
