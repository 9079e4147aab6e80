/*
 * An import as the journal records it: JSON, with what it is doing. Recovery starts from what it says, but believes the
 * kernel.
 */
#include "import_record.h"

#include "dm-import/core/identity.h"
#include "journal.h"

#include <stdio.h>
#include <string.h>

struct json_object *import_record(const struct import *import)
{
	struct json_object *record = json_object_new_object();
	struct json_object *members = json_object_new_array();

	json_add_number(record, "format", 1);
	json_add_text(record, "id", import->id);
	json_add_text(record, "state", import_state_name(import->state));
	json_add_text(record, "doing", doing_name(import->doing));
	json_add_number(record, "created_ms", import->created_ms);
	json_add_number(record, "updated_ms", import->updated_ms);
	json_add_number(record, "min_paths", import->min_paths);
	json_add_number(record, "forced", import->forced);
	json_add_number(record, "by_hold", import->by_hold);
	json_add_text(record, "session_state", import->session_state);
	json_add_number(record, "session_percent", import->session_percent);
	json_add_text(record, "hold_outcome", hold_outcome_name(import->last_hold.outcome));
	json_add_number(record, "hold_to_destination", import->last_hold.to == SIDE_DESTINATION);
	json_add_number(record, "hold_lease_ms", import->last_hold.lease_ms);
	json_add_number(record, "hold_since_ms", import->last_hold.since_ms);
	json_add_number(record, "hold_held_ms", import->last_hold.held_ms);
	json_add_text(record, "attention", error_name(import->attention.code));
	json_add_text(record, "attention_device", import->attention.device);
	json_add_text(record, "attention_detail", import->attention.detail);
	for (size_t i = 0; i < import->member_count; i++) {
		const struct member *member = &import->members[i];
		struct json_object *row = json_object_new_object();

		json_add_text(row, "source_wwid", member->source_wwid);
		json_add_text(row, "destination_wwid", member->destination_wwid);
		json_add_text(row, "name", member->name);
		json_add_number(row, "size_bytes", member->size_bytes);
		json_add_number(row, "exchanged", member->exchanged);
		json_add_number(row, "pause_us", member->pause_us);
		json_add_number(row, "live_fails", member->live_fails);
		json_add_number(row, "idle_fails", member->idle_fails);
		json_add_number(row, "registered", member->pr.registered);
		json_add_number(row, "fenced", member->pr.fenced);
		json_add_number(row, "reservation_lifted", member->pr.lifted);
		json_object_array_add(members, row);
	}
	json_object_object_add(record, "members", members);
	return record;
}

static uint64_t number_of(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return json_object_is_type(value, json_type_int) ? (uint64_t)json_object_get_int64(value) : 0;
}

static bool read_members(struct json_object *record, struct import *import)
{
	struct json_object *rows = NULL;

	if (!json_object_object_get_ex(record, "members", &rows) || !json_object_is_type(rows, json_type_array))
		return false;
	import->member_count = json_object_array_length(rows);
	import->members = calloc(import->member_count + 1, sizeof(*import->members));
	if (!import->members || import->member_count == 0 || import->member_count > MEMBERS_MAX)
		return false;
	for (size_t i = 0; i < import->member_count; i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		struct member *member = &import->members[i];

		snprintf(member->source_wwid, sizeof(member->source_wwid), "%s", journal_string(row, "source_wwid"));
		snprintf(member->destination_wwid, sizeof(member->destination_wwid), "%s",
			 journal_string(row, "destination_wwid"));
		snprintf(member->name, sizeof(member->name), "%s", journal_string(row, "name"));
		member->size_bytes = number_of(row, "size_bytes");
		member->exchanged = number_of(row, "exchanged");
		member->pause_us = number_of(row, "pause_us");
		member->live_fails = number_of(row, "live_fails");
		member->idle_fails = number_of(row, "idle_fails");
		member->pr.registered = number_of(row, "registered");
		member->pr.fenced = number_of(row, "fenced");
		member->pr.lifted = (enum pr_type)number_of(row, "reservation_lifted");
		if (!identity_wwid_valid(member->source_wwid) || !identity_wwid_valid(member->destination_wwid))
			return false;
	}
	return true;
}

/* Records of the first version have none. */
static struct hold_note read_last_hold(struct json_object *record)
{
	int outcome = hold_outcome_from_name(journal_string(record, "hold_outcome"));

	if (outcome <= 0)
		return (struct hold_note){ .outcome = HOLD_NONE };
	return (struct hold_note){
		.outcome = (enum hold_outcome)outcome,
		.to = number_of(record, "hold_to_destination") ? SIDE_DESTINATION : SIDE_SOURCE,
		.lease_ms = (unsigned)number_of(record, "hold_lease_ms"),
		.since_ms = number_of(record, "hold_since_ms"),
		.held_ms = number_of(record, "hold_held_ms"),
	};
}

bool import_read_record(struct json_object *record, struct import *import)
{
	int state = import_state_from_name(journal_string(record, "state"));
	int doing = doing_from_name(journal_string(record, "doing"));

	if (number_of(record, "format") != 1 || state < 0 || doing < 0)
		return false;
	import->state = (enum import_state)state;
	import->doing = import->recorded = (enum doing)doing;
	snprintf(import->id, sizeof(import->id), "%s", journal_string(record, "id"));
	import->created_ms = number_of(record, "created_ms");
	import->updated_ms = number_of(record, "updated_ms");
	import->min_paths = (unsigned)number_of(record, "min_paths");
	import->forced = number_of(record, "forced");
	import->by_hold = number_of(record, "by_hold");
	snprintf(import->session_state, sizeof(import->session_state), "%s", journal_string(record, "session_state"));
	import->session_percent = (unsigned)number_of(record, "session_percent");
	import->last_hold = read_last_hold(record);
	import->attention.code = error_from_name(journal_string(record, "attention"));
	snprintf(import->attention.device, sizeof(import->attention.device), "%s",
		 journal_string(record, "attention_device"));
	snprintf(import->attention.detail, sizeof(import->attention.detail), "%s",
		 journal_string(record, "attention_detail"));
	return read_members(record, import);
}
