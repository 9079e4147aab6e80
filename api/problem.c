/*
 * Problem documents; see problem.h. Code, title and status come from the one table of errors.
 */
#include "problem.h"

#include <stdio.h>

unsigned problem_http_status(enum error_code code)
{
	static const unsigned statuses[ERR_COUNT] = {
		[ERR_NONE] = 200,
#define ERROR_CODE(id, name, http_status, text, remedy) [ERR_##id] = (http_status),
#include "base/error_codes.def"
#undef ERROR_CODE
	};

	return statuses[(unsigned)code < ERR_COUNT ? code : ERR_INTERNAL];
}

struct json_object *problem_document(enum error_code code, const char *detail, const char *remedy)
{
	struct json_object *json = json_object_new_object();
	char type[96];

	snprintf(type, sizeof(type), "urn:dm-import:error:%s", error_name(code));
	json_object_object_add(json, "type", json_object_new_string(type));
	json_object_object_add(json, "title", json_object_new_string(error_text(code)));
	json_object_object_add(json, "status", json_object_new_int((int)problem_http_status(code)));
	json_object_object_add(json, "code", json_object_new_string(error_name(code)));
	json_object_object_add(json, "detail", json_object_new_string(detail));
	json_object_object_add(json, "remedy", json_object_new_string(remedy));
	return json;
}
