/*
 * The journal's records; see reports.h.
 */
#include "json.h"
#include "reports.h"

#include "base/json.h"

static struct json_object *record_json(const struct record_report *record)
{
	struct json_object *row = json_object_new_object();

	json_add_number(row, "sequence", record->sequence);
	json_add_number(row, "line", record->line);
	json_object_object_add(row, "time", json_time(record->wall_ms));
	json_add_text(row, "import", record->import_id);
	json_add_text(row, "event", journal_event_name(record->event));
	if (record->readable) {
		json_add_text(row, "doing", doing_name(record->doing));
		json_add_text(row, "state", import_state_name(record->state));
		json_add_text(row, "side", record->mixed ? "mixed" : side_name(record->side));
	}
	return row;
}

struct json_object *journal_json(const struct journal_report *journal)
{
	struct json_object *object = json_object_new_object(), *records = json_object_new_array(), *damage = NULL;

	for (size_t i = 0; i < journal->count; i++)
		json_object_array_add(records, record_json(&journal->records[i]));
	if (journal->damaged_line) {
		damage = json_object_new_object();
		json_add_number(damage, "line", journal->damaged_line);
		json_add_text(damage, "device", journal->damage.device);
		json_add_text(damage, "detail", journal->damage.detail);
	}
	json_object_object_add(object, "records", records);
	json_object_object_add(object, "damage", damage);
	json_add_flag(object, "torn", journal->torn);
	return object;
}
