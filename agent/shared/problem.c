/*
 * struct error as a problem document; see problem.h.
 */
#include "problem.h"

#include "log.h"

#include "api/problem.h"

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
	char detail[sizeof(err->detail)];
	struct json_object *json;

	log_sanitise(err->detail, detail, sizeof(detail));
	json = problem_document(err->code, detail, error_remedy(err->code));
	if (err->device[0])
		json_object_object_add(json, "device", clean_string(err->device));
	if (err->step[0])
		json_object_object_add(json, "step", clean_string(err->step));
	if (err->sys_errno && strerrorname_np(err->sys_errno))
		json_object_object_add(json, "raw", json_object_new_string(strerrorname_np(err->sys_errno)));
	return json;
}
