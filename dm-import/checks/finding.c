/*
 * See finding.h.
 */
#include "finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void finding_add(struct precheck *check, enum error_code code, enum severity severity, const struct member *member,
		 const char *device, const char *fmt, ...)
{
	struct finding *finding;
	char detail[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	if (severity == SEVERITY_ERROR && check->errors++ == 0)
		error_set(&check->first, code, device, "%s", detail);
	if (!check->findings)
		return;
	finding = finding_list_add(check->findings, code);
	check->no_memory |= !finding;
	if (!finding)
		return;
	finding->severity = severity;
	if (member) {
		memcpy(finding->source_wwid, member->source_wwid, sizeof(finding->source_wwid));
		memcpy(finding->destination_wwid, member->destination_wwid, sizeof(finding->destination_wwid));
	}
	snprintf(finding->device, sizeof(finding->device), "%s", device ? device : "");
	snprintf(finding->detail, sizeof(finding->detail), "%s", detail);
}
