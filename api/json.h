/*
 * JSON as both ends write it.
 */
#ifndef API_JSON_H
#define API_JSON_H

#include <json-c/json.h>
#include <stdint.h>

#define CLEANUP_JSON __attribute__((cleanup(cleanup_json)))
static inline void cleanup_json(struct json_object **object)
{
	json_object_put(*object);
}

/* A moment, milliseconds since 1970: "2026-11-30T19:46:32.000Z". The caller owns it. */
struct json_object *json_time(uint64_t wall_ms);

#endif
