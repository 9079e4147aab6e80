/*
 * See finding.h.
 */
#include "finding.h"

#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const severity_names[] = { "info", "warning", "error" };

void finding_add(struct precheck *check, enum error_code code, enum severity severity, const struct member *member,
		 const char *device, const char *fmt, ...)
{
	char detail[256], text[512];
	struct json_object *row;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	if (severity == SEVERITY_ERROR && check->errors++ == 0)
		error_set(&check->first, code, device, "%s", detail);
	if (!check->findings)
		return;
	snprintf(text, sizeof(text), "%s%s%s", error_text(code), *detail ? " " : "", detail);
	row = json_object_new_object();
	json_add_text(row, "code", error_name(code));
	json_add_text(row, "severity", severity_names[severity]);
	json_add_text(row, "source_wwid", member ? member->source_wwid : "");
	json_add_text(row, "destination_wwid", member ? member->destination_wwid : "");
	json_add_text(row, "device", device ? device : "");
	json_add_text(row, "text", text);
	json_add_text(row, "remedy", error_remedy(code));
	json_object_array_add(check->findings, row);
}
