/*
 * JSON as both ends write it; see json.h.
 */
#include "json.h"

#include "base/clock.h"

struct json_object *json_time(uint64_t wall_ms)
{
	char text[CLOCK_ISO_SIZE];

	clock_iso(wall_ms, text);
	return json_object_new_string(text);
}
