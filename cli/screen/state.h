/*
 * What the state of an import or a job means. Pure.
 */
#ifndef CLI_STATE_H
#define CLI_STATE_H

#include "dm-import/dm_import.h"

#include <json-c/json.h>

/* A job that is done or has failed. */
bool job_has_ended(struct json_object *job);

/* Nothing had to be done: the import was in that state already. */
bool job_unchanged(struct json_object *job);

/* A state that this importcli does not know counts. */
bool import_in_progress(struct json_object *import);

/* This record is the newest of its import, which it leaves in progress. */
bool import_recorded_in_progress(const struct journal_report *journal, size_t nth);

#endif
