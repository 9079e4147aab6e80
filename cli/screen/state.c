/*
 * States; see state.h.
 */
#include "state.h"

#include "field.h"

#include "dm-import/dm_import.h"

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
	for (int state = IMPORT_NEW; state <= IMPORT_HELD; state++)
		if (strcmp(import_state_name(state), field_text(import, "state")) == 0)
			return import_state_in_progress(state);
	return true;
}

struct json_object *import_recorded(struct json_object *journal)
{
	struct json_object *open = json_object_new_object();
	size_t count;
	struct json_object *records = field_list(journal, "records", &count);

	for (size_t i = 0; i < count; i++) {
		struct json_object *record = json_object_array_get_idx(records, i);
		const char *id = field_text(record, "import");

		json_object_object_del(open, id); /* the last record counts, and its place in their order */
		if (import_in_progress(record) && strcmp(field_text(record, "event"), "forgotten") != 0)
			json_object_object_add(open, id, json_object_new_string(field_text(record, "state")));
	}
	return open;
}
