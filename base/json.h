/*
 * Adding to a json-c object, as often as it is done. `object` owns what is added.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

void json_add_text(struct json_object *object, const char *key, const char *text);
void json_add_text_or_null(struct json_object *object, const char *key, const char *text); /* null: NULL or "" */
void json_add_number(struct json_object *object, const char *key, uint64_t number);
void json_add_flag(struct json_object *object, const char *key, bool flag);

#endif
