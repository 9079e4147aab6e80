/*
 * A failure as the API shows it: RFC 9457, application/problem+json.
 */
#ifndef AGENT_PROBLEM_H
#define AGENT_PROBLEM_H

#include "base/error.h"

#include <json-c/json.h>

/* The caller owns it (json_object_put); NULL when there is no memory. */
struct json_object *problem_json(const struct error *err);

#endif
