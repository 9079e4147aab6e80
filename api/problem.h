/*
 * A failure in the API: RFC 9457, application/problem+json.
 */
#ifndef API_PROBLEM_H
#define API_PROBLEM_H

#include "base/error.h"

#include <json-c/json.h>

/* The HTTP status of a code: the column of base/error_codes.def that only HTTP needs. */
unsigned problem_http_status(enum error_code code);

/* A document with the members that every problem has. The caller owns it (json_object_put). */
struct json_object *problem_document(enum error_code code, const char *detail, const char *remedy);

#endif
