/*
 * The agent's objects in a few words, for lists, screens and progress. Pure.
 */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include "base/buf.h"

#include <json-c/json.h>
#include <stdbool.h>

/* "switch: hold, 60 %", "switch done in 1.84 s", "switch failed: …" */
void describe_job(struct buf *buf, struct json_object *job);

/* What the orchestrator last said of an import: "copy_in_progress, 42 %", or "-". */
void describe_session(struct buf *buf, struct json_object *import);

/* A job that is done or has failed. */
bool job_has_ended(struct json_object *job);

#endif
