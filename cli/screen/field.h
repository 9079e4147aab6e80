/*
 * Reading the agent's JSON: a field that is missing, null or of another type reads as empty, so that a newer or older
 * agent never breaks importcli. The object owns what is returned.
 */
#ifndef CLI_FIELD_H
#define CLI_FIELD_H

#include "api/json.h"

#include <stdbool.h>
#include <stdint.h>

struct json_object *field_get(struct json_object *object, const char *name); /* NULL if missing or null */
const char *field_text(struct json_object *object, const char *name);	     /* "" if it is not a string */
int64_t field_number(struct json_object *object, const char *name);	     /* 0 if it is not a number */
bool field_true(struct json_object *object, const char *name);

/* The array `name`, or NULL, and how many elements it has (0 for NULL). */
struct json_object *field_list(struct json_object *object, const char *name, size_t *ret_count);

/*
 * Replace control characters in all strings of a value by '?': the name of an array or a volume must not begin a line
 * that scripts take for ours. For text output; JSON escapes them.
 */
void field_make_plain(struct json_object *value);

#endif
