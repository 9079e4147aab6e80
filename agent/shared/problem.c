/*
 * struct error as a problem document. Text and remedy come from the one table of errors.
 */
#include "problem.h"

#include "log.h"

#include <stdio.h>
#include <string.h>

/* What a client, a device or a file said may be in there; JSON wants UTF-8. */
static struct json_object *clean_string(const char *text)
{
	char clean[sizeof(((struct error *)NULL)->detail)];

	log_sanitise(text, clean, sizeof(clean));
	return json_object_new_string(clean);
}

struct json_object *problem_json(const struct error *err)
{
	struct json_object *json = json_object_new_object();
	char type[96];

	snprintf(type, sizeof(type), "urn:dm-import:error:%s", error_name(err->code));
	json_object_object_add(json, "type", json_object_new_string(type));
	json_object_object_add(json, "title", json_object_new_string(error_text(err->code)));
	json_object_object_add(json, "status", json_object_new_int(error_http_status(err->code)));
	json_object_object_add(json, "code", json_object_new_string(error_name(err->code)));
	json_object_object_add(json, "detail", clean_string(err->detail));
	json_object_object_add(json, "remedy", json_object_new_string(error_remedy(err->code)));
	if (err->device[0])
		json_object_object_add(json, "device", clean_string(err->device));
	if (err->step[0])
		json_object_object_add(json, "step", clean_string(err->step));
	if (err->sys_errno && strerrorname_np(err->sys_errno))
		json_object_object_add(json, "raw", json_object_new_string(strerrorname_np(err->sys_errno)));
	return json;
}
