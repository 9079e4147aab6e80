/*
 * Reading the agent's JSON: a field that is missing, null or of another type reads as "nothing", so that a newer or
 * older agent never breaks importcli. What is returned belongs to the object.
 */
#ifndef CLI_FIELD_H
#define CLI_FIELD_H

#include "api/json.h"

#include <stdbool.h>
#include <stdint.h>

struct json_object *field_get(struct json_object *object, const char *name); /* NULL when missing or null */
const char *field_text(struct json_object *object, const char *name);	     /* "" when it is no string */
int64_t field_number(struct json_object *object, const char *name);	     /* 0 when it is no number */
bool field_true(struct json_object *object, const char *name);

/* The array `name`, or NULL, and how many elements it has (0 for NULL). */
struct json_object *field_list(struct json_object *object, const char *name, size_t *ret_count);

/*
 * In all strings of a value, control characters become '?': what an array or a volume is called must not begin a line
 * that scripts take for ours. For text output; JSON has its own way to write them.
 */
void field_make_plain(struct json_object *value);

#endif
