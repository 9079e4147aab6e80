/*
 * Strict reading of a request's body: one JSON object, at most 8 levels deep, no field that is not asked for, every
 * field of its type. Each failure has its own code, and its detail names the field.
 */
#ifndef AGENT_JSON_IN_H
#define AGENT_JSON_IN_H

#include "api/json.h"

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Parse; an empty body is an empty object. The caller owns *ret (json_object_put). */
int json_in_parse(const char *text, size_t length, struct json_object **ret, struct error *err);

/* The object has no other fields than `names` (NULL-terminated). */
int json_in_only(struct json_object *object, const char *const *names, struct error *err);

/*
 * One field. A missing one: ERR_JSON_MISSING_FIELD when `required`, else success with *ret untouched. The returned
 * array and text belong to `object`.
 */
int json_in_text(struct json_object *object, const char *name, bool required, const char **ret, struct error *err);
int json_in_number(struct json_object *object, const char *name, bool required, uint64_t min, uint64_t max,
		   uint64_t *ret, struct error *err);
int json_in_bool(struct json_object *object, const char *name, bool required, bool *ret, struct error *err);
int json_in_array(struct json_object *object, const char *name, bool required, struct json_object **ret,
		  struct error *err);

#endif
