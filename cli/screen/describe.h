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

/* The findings of a pre-check's result. Returns how many of them are errors. */
size_t describe_findings(struct buf *buf, struct json_object *result);

/*
 * What a recovery found and did; `undone` is what an action is called that was not done. True when something is left to
 * a person. The remedy of `problem` (may be NULL), which is printed anyway, is left out.
 */
bool describe_recovery(struct buf *buf, struct json_object *result, struct json_object *problem, const char *undone);

#endif
