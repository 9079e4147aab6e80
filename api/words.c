/*
 * What several reports have; see reports.h.
 */
#include "reports.h"

#include "base/json.h"

#include <stdio.h>

const char *protocol_name(enum protocol protocol)
{
	static const char *const names[PROTOCOL_COUNT] = { "other", "FC", "iSCSI", "SAS", "loop" };

	return names[protocol];
}

const char *active_path_name(enum active_path active)
{
	static const char *const names[] = { "None", "Source", "Destination" };

	return names[active];
}

void json_add_dm_device(struct json_object *object, unsigned minor)
{
	char device[32];

	snprintf(device, sizeof(device), "dm-%u", minor);
	json_add_text(object, "dm_device", device);
}

void json_add_sentence(struct json_object *object, const char *key, enum error_code code, const char *device,
		       const char *detail)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s%s%s", error_text(code), *device ? " " : "", device, *detail ? " " : "",
		 detail);
	json_add_text(object, key, text);
}

struct json_object *explanation_json(enum error_code code, const char *device, const char *detail, const char *remedy)
{
	struct json_object *object;

	if (code == ERR_NONE)
		return NULL;
	object = json_object_new_object();
	json_add_text(object, "code", error_name(code));
	json_add_sentence(object, "text", code, device, detail);
	json_add_text(object, "remedy", remedy ? remedy : error_remedy(code));
	return object;
}
