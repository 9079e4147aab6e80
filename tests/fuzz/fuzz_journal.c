/*
 * Fuzzes the journal's parser (dm-import/journal.h) with libFuzzer. An input is a whole file; where its first byte is
 * not the header's, it is the lines behind a header.
 *
 * Besides what the sanitizers see: entries lie in the text, in their order; what is whole, cut off behind that or
 * compacted, says the same again.
 */
#include "dm-import/core/identity.h"
#include "dm-import/store/journal.h"
#include "tests/fuzz/fuzz.h"

static void check_entries(const struct journal *journal, const char *text, size_t length)
{
	uint64_t last = 0;

	for (size_t i = 0; i < journal->count; i++) {
		const struct journal_entry *entry = &journal->entries[i];

		require(entry->line >= text && entry->line + entry->length <= text + length);
		require(entry->length && entry->line[entry->length - 1] == '\n');
		require(entry->sequence > last && entry->record);
		require(identity_import_id_valid(entry->import_id)); /* it gets into udev's rules */
		last = entry->sequence;
	}
	require(journal->whole_size <= length && journal->certain_first <= journal->count);
	require(!journal->torn || (!journal->damaged_line && journal->whole_size < length));
	require(!journal->damaged_line == (journal->damage.code == ERR_NONE));
}

static void must_say_the_same(const char *text, size_t length, const struct journal *journal)
{
	struct journal again = { 0 };

	require(journal_parse(text, length, &again, NULL) == 0);
	require(!again.damaged_line && !again.torn && again.whole_size == length);
	require(journal_last_sequence(&again) == journal_last_sequence(journal));
	for (size_t i = 0, k = 0; i < journal->count; i++) {
		if (!journal->entries[i].newest || journal->entries[i].event == JOURNAL_FORGOTTEN)
			continue;
		while (k < again.count && again.entries[k].sequence < journal->entries[i].sequence)
			k++;
		require(k < again.count && again.entries[k].newest &&
			strcmp(again.entries[k].import_id, journal->entries[i].import_id) == 0);
	}
	journal_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf text = { 0 };
	CLEANUP_FREE char *shorter = NULL;
	struct journal journal = { 0 };
	size_t dropped;

	if (size && data[0] != journal_header[0])
		buf_puts(&text, journal_header);
	buf_add(&text, data, size);
	require(journal_parse(buf_text(&text), text.length, &journal, NULL) == 0);
	check_entries(&journal, buf_text(&text), text.length);
	if (!journal.damaged_line) {
		must_say_the_same(buf_text(&text), journal.whole_size, &journal);
		shorter = journal_compact(&journal, size % 3, SIZE_MAX, &dropped);
		require(shorter);
		must_say_the_same(shorter, strlen(shorter), &journal);
	}
	journal_free(&journal);
	return 0;
}
