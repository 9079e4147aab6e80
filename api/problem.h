/*
 * A failure as the API shows it: RFC 9457, application/problem+json.
 */
#ifndef API_PROBLEM_H
#define API_PROBLEM_H

#include "base/error.h"

#include <json-c/json.h>

/* Of every code; it is the column of base/error_codes.def that only HTTP needs. */
unsigned problem_http_status(enum error_code code);

/* The members that every problem has. The caller owns it (json_object_put). */
struct json_object *problem_document(enum error_code code, const char *detail, const char *remedy);

#endif
