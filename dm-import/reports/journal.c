/*
 * The journal for people: JSON of the records that are whole, and where it is not.
 */
#include "dm-import/store/journal.h"
#include "dm-import/store/import_record.h"
#include "dm-import/store/journal_file.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

#include <string.h>

/* Of all volumes together; between a torn switch and its recovery they may differ. */
static const char *side_of(const struct import *import)
{
	size_t exchanged = 0;

	for (size_t i = 0; i < import->member_count; i++)
		exchanged += import->members[i].exchanged;
	if (exchanged > 0 && exchanged < import->member_count)
		return "mixed";
	return side_name(exchanged ? SIDE_DESTINATION : SIDE_SOURCE);
}

static struct json_object *row_of(const struct journal_entry *entry)
{
	struct json_object *row = json_object_new_object();
	struct import *import = calloc(1, sizeof(*import));
	char time[CLOCK_ISO_SIZE];

	clock_iso(entry->wall_ms, time);
	json_add_number(row, "sequence", entry->sequence);
	json_add_number(row, "line", entry->number);
	json_add_text(row, "time", time);
	json_add_text(row, "import", entry->import_id);
	json_add_text(row, "event", journal_event_name(entry->event));
	if (import && import_read_record(entry->record, import)) {
		json_add_text(row, "doing", doing_name(import->doing));
		json_add_text(row, "state", import_state_name(import->state));
		json_add_text(row, "side", side_of(import));
	}
	import_free(import);
	return row;
}

static struct json_object *damage_of(const struct journal *journal)
{
	struct json_object *damage = json_object_new_object();

	json_add_number(damage, "line", journal->damaged_line);
	json_add_text(damage, "device", journal->damage.device);
	json_add_text(damage, "detail", journal->damage.detail);
	return damage;
}

int engine_report_journal(const struct engine_options *options, const struct host_port *host, const char *import_id,
			  struct json_object **ret, struct error *err)
{
	CLEANUP_JOURNAL struct journal journal = { 0 };
	CLEANUP_FREE char *text = NULL;
	struct json_object *report, *records;

	if (journal_read(options, host, &text, &journal, err) < 0)
		return -1;
	report = json_object_new_object();
	records = json_object_new_array();
	for (size_t i = 0; i < journal.count; i++)
		if (!import_id || strcmp(import_id, journal.entries[i].import_id) == 0)
			json_object_array_add(records, row_of(&journal.entries[i]));
	json_object_object_add(report, "records", records);
	json_object_object_add(report, "damage", journal.damaged_line ? damage_of(&journal) : NULL);
	json_object_object_add(report, "torn", json_object_new_boolean(journal.torn));
	*ret = report;
	return 0;
}
