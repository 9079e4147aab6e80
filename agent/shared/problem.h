/*
 * A failure as the agent reports it: the document of api/problem.h, with unsafe bytes from clients or devices replaced.
 */
#ifndef AGENT_PROBLEM_H
#define AGENT_PROBLEM_H

#include "base/error.h"

#include <json-c/json.h>

/* The caller owns it (json_object_put); NULL when there is no memory. */
struct json_object *problem_json(const struct error *err);

#endif
