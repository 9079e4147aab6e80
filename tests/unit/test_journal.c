/*
 * The journal as text: every length that a crash can leave of it, every changed byte, what counts, and what compacting
 * leaves.
 */
#include "dm-import/store/journal.h"

#include "base/buf.h"
#include "base/checksum.h"
#include "base/cleanup.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *id;
	enum journal_event event;
	const char *record;
};

static const struct row rows[] = {
	{ "db01", JOURNAL_CREATED, "{\"state\":\"new\"}" },
	{ "gone", JOURNAL_CREATED, "{\"state\":\"new\"}" },
	{ "db01", JOURNAL_INTENT, "{\"state\":\"new\",\"doing\":\"prepare\"}" },
	{ "db01", JOURNAL_DONE, "{\"state\":\"prepared\",\"name\":\"Gr\xc3\xb6\xc3\x9f\x65 / \\u0001\"}" },
	{ "gone", JOURNAL_FORGOTTEN, "{\"state\":\"cancelled\"}" },
	{ "db02", JOURNAL_CREATED, "{\"state\":\"new\",\"detail\":\"\xe2\x82\xac\"}" },
};

enum { ROWS = ARRAY_SIZE(rows) };

/* The sample as text, and where each of its lines ends. */
static struct buf sample;
static size_t ends[ROWS + 1];

static void add_row(struct buf *text, uint64_t sequence, const struct row *row)
{
	struct json_object *record = json_tokener_parse(row->record);
	char *line = journal_line(sequence, 1767225600000 + sequence, row->id, row->event, record);

	assert_non_null(line);
	buf_puts(text, line);
	json_object_put(record);
	free(line);
}

static int setup(void **state)
{
	(void)state;
	buf_puts(&sample, journal_header);
	ends[0] = sample.length;
	for (size_t i = 0; i < ROWS; i++) {
		add_row(&sample, i + 1, &rows[i]);
		ends[i + 1] = sample.length;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_free(&sample);
	return 0;
}

/* Each entry is one of the sample's, whole, in its order. */
static void must_be_of_the_sample(const struct journal *journal)
{
	uint64_t last = 0;

	for (size_t i = 0; i < journal->count; i++) {
		const struct journal_entry *entry = &journal->entries[i];
		size_t row = entry->sequence - 1;

		assert_in_range(entry->sequence, last + 1, ROWS);
		last = entry->sequence;
		assert_int_equal(entry->length, ends[row + 1] - ends[row]);
		assert_memory_equal(entry->line, sample.data + ends[row], entry->length);
		assert_string_equal(entry->import_id, rows[row].id);
		assert_int_equal(entry->event, rows[row].event);
	}
}

static void what_is_written_is_read(void **state)
{
	CLEANUP_JOURNAL struct journal journal = { 0 };

	(void)state;
	assert_int_equal(journal_parse(sample.data, sample.length, &journal, NULL), 0);
	assert_int_equal(journal.count, ROWS);
	assert_int_equal(journal.damage.code, ERR_NONE);
	assert_false(journal.torn);
	assert_int_equal(journal.whole_size, sample.length);
	assert_int_equal(journal_last_sequence(&journal), ROWS);
	must_be_of_the_sample(&journal);
	for (size_t i = 0; i < ROWS; i++) {
		struct json_object *record = json_tokener_parse(rows[i].record);

		assert_true(json_object_equal(record, journal.entries[i].record));
		json_object_put(record);
		assert_int_equal(journal.entries[i].wall_ms, 1767225600001 + i);
		assert_int_equal(journal.entries[i].number, i + 2);
		assert_int_equal(journal.entries[i].newest, i >= 3);
	}
}

/* Names get into udev's rules: one that the API would not have let in is damage, however whole its line is. */
static void names_are_checked(void **state)
{
	static const char *const bad[] = { "", ".", "-x", "a/b", "a b", "a\\", "a\"b", "$env{x}", "a\n", "\xc3\xa4" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct row row = { bad[i], JOURNAL_CREATED, "{\"state\":\"new\"}" };
		CLEANUP_JOURNAL struct journal journal = { 0 };
		CLEANUP_BUF struct buf text = { 0 };

		buf_puts(&text, journal_header);
		add_row(&text, 1, &row);
		add_row(&text, 2, &rows[0]);
		assert_int_equal(journal_parse(text.data, text.length, &journal, NULL), 0);
		assert_int_equal(journal.damaged_line, 2);
	}
}

/* The text without its terminating NUL, so that a sanitizer sees each read behind it. */
static void parse_copy(const char *text, size_t length, struct journal *ret, char **ret_copy)
{
	*ret_copy = malloc(length ? length : 1);
	assert_non_null(*ret_copy);
	memcpy(*ret_copy, text, length);
	assert_int_equal(journal_parse(*ret_copy, length, ret, NULL), 0);
}

static void every_length(void **state)
{
	(void)state;
	for (size_t length = 0; length <= sample.length; length++) {
		CLEANUP_JOURNAL struct journal journal = { 0 };
		CLEANUP_FREE char *copy = NULL;
		size_t whole = 0;

		while (whole < ROWS && ends[whole + 1] <= length)
			whole++;
		parse_copy(sample.data, length, &journal, &copy);
		must_be_of_the_sample(&journal);
		if (length < ends[0]) { /* the first line is replaced whole, no crash tears it */
			assert_int_equal(journal.damage.code, ERR_STORE_DAMAGED);
			continue;
		}
		assert_int_equal(journal.damage.code, ERR_NONE);
		assert_int_equal(journal.count, whole);
		assert_int_equal(journal.whole_size, ends[whole]);
		assert_int_equal(journal.torn, length > ends[whole]);
	}
}

/* What the kernel had not written yet reads as zeros. */
static void zeros_at_the_end(void **state)
{
	(void)state;
	for (size_t length = ends[ROWS - 1]; length < sample.length; length++) {
		CLEANUP_JOURNAL struct journal journal = { 0 };
		CLEANUP_FREE char *text = calloc(1, sample.length + 1);

		assert_non_null(text);
		memcpy(text, sample.data, length);
		text[sample.length - 1] = length % 2 ? '\n' : '\0';
		assert_int_equal(journal_parse(text, sample.length, &journal, NULL), 0);
		assert_int_equal(journal.damage.code, ERR_NONE);
		assert_true(journal.torn || length + 1 == sample.length);
		must_be_of_the_sample(&journal);
		assert_in_range(journal.count, ROWS - 1, ROWS);
	}
}

static void change_byte(size_t at, char byte)
{
	CLEANUP_JOURNAL struct journal journal = { 0 };
	CLEANUP_FREE char *copy = NULL;
	char before = sample.data[at], line[32];
	size_t number = 1;

	if (byte == before)
		return;
	while (number <= ROWS && ends[number - 1] <= at)
		number++;
	sample.data[at] = byte;
	parse_copy(sample.data, sample.length, &journal, &copy);
	sample.data[at] = before;
	must_be_of_the_sample(&journal);
	if (journal.damage.code == ERR_NONE) { /* taken for torn */
		assert_in_range(at, ends[ROWS - 1], sample.length);
		assert_int_equal(journal.count, ROWS - 1);
		assert_true(journal.torn);
		return;
	}
	snprintf(line, sizeof(line), "line %zu ", number);
	assert_memory_equal(journal.damage.detail, line, strlen(line));
	for (size_t i = journal.certain_first; i < journal.count; i++)
		assert_true(journal.entries[i].sequence > number - 1);
}

static void every_changed_byte(void **state)
{
	(void)state;
	for (size_t at = 0; at < sample.length; at++) {
		for (unsigned bit = 0; bit < 8; bit++)
			change_byte(at, (char)(sample.data[at] ^ 1 << bit));
		change_byte(at, '\0');
		change_byte(at, '\n');
		change_byte(at, ' ');
		change_byte(at, '0');
	}
}

static void damage_of(const char *text, const char *detail)
{
	CLEANUP_JOURNAL struct journal journal = { 0 };

	assert_int_equal(journal_parse(text, strlen(text), &journal, NULL), 0);
	assert_int_equal(journal.damage.code, ERR_STORE_DAMAGED);
	assert_memory_equal(journal.damage.detail, detail, strlen(detail));
}

static void records_out_of_sequence(void **state)
{
	static const uint64_t second[] = { 0, 6, 7 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(second); i++) {
		CLEANUP_BUF struct buf text = { 0 };

		buf_puts(&text, journal_header);
		add_row(&text, 7, &rows[0]);
		add_row(&text, second[i], &rows[2]);
		damage_of(buf_text(&text), "line 3 is out of sequence");
	}
}

/* Their checksum says that they were written so: no crash made them. */
static void lines_of_another_version(void **state)
{
	static const char *const json[] = {
		"{\"import\":\"a\",\"event\":\"dreamt\",\"record\":{}}\n", "{\"import\":\"a\",\"event\":\"done\"}\n",
		"{\"import\":\"\",\"event\":\"done\",\"record\":{}}\n",	   "{\"event\":\"done\",\"record\":{}}\n",
		"{\"import\":\"a\",\"event\":\"done\",\"record\":[]}\n",   "[]\n",
		"{\"import\":\"a\",\"event\":\"done\",\"record\":{}} x\n", "\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(json); i++) {
		CLEANUP_BUF struct buf text = { 0 };
		uint64_t sum = checksum_add(checksum_add(CHECKSUM_BEGIN, "1 2 ", 4), json[i], strlen(json[i]));

		buf_printf(&text, "%s1 2 %016" PRIx64 " %s", journal_header, sum, json[i]);
		damage_of(buf_text(&text), "line 2 is no record of this version");
	}
	damage_of("dm-import-journal 2\n", "line 1 names a version that this program does not know");
	damage_of("dm-import-journal 12\n", "line 1 names a version that this program does not know");
	damage_of("{}\n", "line 1 is not the first line of a journal");
}

/* The sequence numbers of a compacted sample, "1 4 6"; compacting that again changes nothing. */
static void compacts_to(size_t keep, size_t keep_bytes, const char *expected)
{
	CLEANUP_JOURNAL struct journal journal = { 0 };
	CLEANUP_JOURNAL struct journal shorter = { 0 };
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *again = NULL;
	CLEANUP_BUF struct buf numbers = { 0 };
	size_t dropped;

	assert_int_equal(journal_parse(sample.data, sample.length, &journal, NULL), 0);
	text = journal_compact(&journal, keep, keep_bytes, &dropped);
	assert_non_null(text);
	assert_int_equal(journal_parse(text, strlen(text), &shorter, NULL), 0);
	assert_int_equal(shorter.damage.code, ERR_NONE);
	assert_int_equal(shorter.count + dropped, ROWS);
	must_be_of_the_sample(&shorter);
	for (size_t i = 0; i < shorter.count; i++)
		buf_printf(&numbers, "%s%" PRIu64, i ? " " : "", shorter.entries[i].sequence);
	assert_string_equal(buf_text(&numbers), expected);
	again = journal_compact(&shorter, keep, keep_bytes, &dropped);
	assert_string_equal(again, text);
	assert_int_equal(dropped, 0);
}

static void compacting(void **state)
{
	(void)state;
	compacts_to(0, SIZE_MAX, "4 6"); /* db01 and db02; "gone" is gone */
	compacts_to(1, SIZE_MAX, "4 6");
	compacts_to(2, SIZE_MAX, "4 5 6");
	compacts_to(5, SIZE_MAX, "2 3 4 5 6");
	compacts_to(200, SIZE_MAX, "1 2 3 4 5 6");
	compacts_to(200, 0, "4 6");
	compacts_to(200, ends[ROWS] - ends[2], "3 4 5 6");
	compacts_to(200, ends[ROWS] - ends[2] - 1, "4 5 6");
}

/* Sequence numbers go on even when nothing lives. */
static void nothing_lives(void **state)
{
	CLEANUP_JOURNAL struct journal journal = { 0 };
	CLEANUP_BUF struct buf text = { 0 };
	CLEANUP_FREE char *shorter = NULL;
	size_t dropped;

	(void)state;
	buf_puts(&text, journal_header);
	add_row(&text, 4, &rows[1]);
	add_row(&text, 5, &rows[4]);
	assert_int_equal(journal_parse(buf_text(&text), text.length, &journal, NULL), 0);
	shorter = journal_compact(&journal, 0, 0, &dropped);
	assert_int_equal(dropped, 1);
	assert_non_null(strstr(shorter, "\n5 "));
}

/* Of the sessions only the newest of each import stay: 2 is older than 5. And 1 is too old. */
static void sessions_are_no_history(void **state)
{
	static const struct row more[] = {
		{ "db01", JOURNAL_CREATED, "{}" }, { "db01", JOURNAL_SESSION, "{}" }, { "db02", JOURNAL_SESSION, "{}" },
		{ "db01", JOURNAL_DONE, "{}" },	   { "db01", JOURNAL_SESSION, "{}" },
	};
	CLEANUP_JOURNAL struct journal journal = { 0 };
	CLEANUP_JOURNAL struct journal shorter = { 0 };
	CLEANUP_BUF struct buf text = { 0 };
	CLEANUP_FREE char *compact = NULL;
	size_t dropped;

	(void)state;
	buf_puts(&text, journal_header);
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		add_row(&text, i + 1, &more[i]);
	assert_int_equal(journal_parse(buf_text(&text), text.length, &journal, NULL), 0);
	compact = journal_compact(&journal, 3, SIZE_MAX, &dropped);
	assert_int_equal(journal_parse(compact, strlen(compact), &shorter, NULL), 0);
	assert_int_equal(dropped, 2);
	assert_int_equal(shorter.count, 3);
	assert_int_equal(shorter.entries[0].sequence, 3);
	assert_int_equal(shorter.entries[1].sequence, 4);
	assert_int_equal(shorter.entries[2].sequence, 5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(every_length),
		cmocka_unit_test(zeros_at_the_end),
		cmocka_unit_test(every_changed_byte),
		cmocka_unit_test(records_out_of_sequence),
		cmocka_unit_test(lines_of_another_version),
		cmocka_unit_test(compacting),
		cmocka_unit_test(nothing_lives),
		cmocka_unit_test(sessions_are_no_history),
	};

	return cmocka_run_group_tests_name("journal", tests, setup, teardown);
}
