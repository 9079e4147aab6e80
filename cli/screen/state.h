/*
 * What the state of an import or a job means. Pure.
 */
#ifndef CLI_STATE_H
#define CLI_STATE_H

#include <json-c/json.h>
#include <stdbool.h>

/* A job that is done or has failed. */
bool job_has_ended(struct json_object *job);

/* Nothing had to be done: the import was in that state already. */
bool job_unchanged(struct json_object *job);

/* Of something with a "state": an import, a record of the journal. A state that this importcli does not know counts. */
bool import_in_progress(struct json_object *import);

/* What the records of a journal (journal show) leave in progress: {"<import>":"<state>"}, owned by the caller. */
struct json_object *import_recorded(struct json_object *journal);

#endif
