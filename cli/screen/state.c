/*
 * States; see state.h.
 */
#include "state.h"

#include "field.h"

#include <string.h>

bool job_has_ended(struct json_object *job)
{
	const char *state = field_text(job, "state");

	return strcmp(state, "done") == 0 || strcmp(state, "failed") == 0;
}

bool job_unchanged(struct json_object *job)
{
	return field_true(field_get(job, "result"), "unchanged");
}

bool import_in_progress(struct json_object *import)
{
	int state = import_state_from_name(field_text(import, "state"));

	return state < 0 || import_state_in_progress((enum import_state)state);
}

bool import_recorded_in_progress(const struct journal_report *journal, size_t nth)
{
	const struct record_report *record = &journal->records[nth];

	for (size_t i = nth + 1; i < journal->count; i++)
		if (strcmp(journal->records[i].import_id, record->import_id) == 0)
			return false;
	return record->event != JOURNAL_FORGOTTEN && (!record->readable || import_state_in_progress(record->state));
}
