/*
 * A failure as the agent tells it: the document of api/problem.h, clean of what a client or a device wrote into it.
 */
#ifndef AGENT_PROBLEM_H
#define AGENT_PROBLEM_H

#include "base/error.h"

#include <json-c/json.h>

/* The caller owns it (json_object_put); NULL when there is no memory. */
struct json_object *problem_json(const struct error *err);

#endif
