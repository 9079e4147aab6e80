/*
 * The journal for people: the records that are whole, and where it is not.
 */
#include "dm-import/store/journal.h"
#include "dm-import/store/import_record.h"
#include "dm-import/store/journal_file.h"

#include "base/cleanup.h"

#include <string.h>

/* The side of all volumes together; between a torn switch and its recovery they may differ. */
static void fill_side(const struct import *import, struct record_report *ret)
{
	size_t exchanged = 0;

	for (size_t i = 0; i < import->member_count; i++)
		exchanged += import->members[i].exchanged;
	ret->mixed = exchanged > 0 && exchanged < import->member_count;
	ret->side = exchanged ? SIDE_DESTINATION : SIDE_SOURCE;
}

static int fill_record(const struct journal_entry *entry, struct record_report *ret, struct error *err)
{
	struct import *import = calloc(1, sizeof(*import));

	if (!import)
		return error_no_memory(err);
	*ret = (struct record_report){ .sequence = entry->sequence,
				       .wall_ms = entry->wall_ms,
				       .line = entry->number,
				       .event = entry->event,
				       .readable = import_read_record(entry->record, import) };
	memcpy(ret->import_id, entry->import_id, sizeof(ret->import_id));
	if (ret->readable) {
		ret->doing = import->doing;
		ret->state = import->state;
		fill_side(import, ret);
	}
	import_free(import);
	return 0;
}

int engine_report_journal(const struct engine_options *options, const struct host_port *host, const char *import_id,
			  struct journal_report *ret, struct error *err)
{
	CLEANUP_JOURNAL struct journal journal = { 0 };
	CLEANUP(journal_report_free) struct journal_report report = { 0 };
	CLEANUP_FREE char *text = NULL;

	if (journal_read(options, host, &text, &journal, err) < 0)
		return -1;
	report.records = calloc(journal.count + 1, sizeof(*report.records));
	if (!report.records)
		return error_no_memory(err);
	for (size_t i = 0; i < journal.count; i++) {
		const struct journal_entry *entry = &journal.entries[i];

		if (import_id && strcmp(import_id, entry->import_id) != 0)
			continue;
		if (fill_record(entry, &report.records[report.count++], err) < 0)
			return -1;
	}
	report.damaged_line = journal.damaged_line;
	report.damage = journal.damage;
	report.torn = journal.torn;
	*ret = report;
	report = (struct journal_report){ 0 };
	return 0;
}
