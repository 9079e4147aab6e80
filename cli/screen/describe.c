/*
 * Objects in a few words; see describe.h.
 */
#include "describe.h"

#include "field.h"
#include "print.h"

#include <string.h>

bool job_has_ended(struct json_object *job)
{
	const char *state = field_text(job, "state");

	return strcmp(state, "done") == 0 || strcmp(state, "failed") == 0;
}

void describe_job(struct buf *buf, struct json_object *job)
{
	const char *state = field_text(job, "state"), *step = field_text(job, "step");

	buf_puts(buf, field_text(job, "kind"));
	if (strcmp(state, "failed") == 0) {
		buf_printf(buf, " failed: %s", field_text(field_get(job, "error"), "title"));
	} else if (job_has_ended(job)) {
		buf_puts(buf, " done in ");
		print_duration(buf, field_number(job, "duration_us"));
	} else if (*step) {
		buf_printf(buf, ": %s, %d %%", step, (int)field_number(job, "percent"));
	} else {
		buf_printf(buf, ": %s", state);
	}
}

void describe_session(struct buf *buf, struct json_object *import)
{
	struct json_object *session = field_get(import, "session");

	if (session)
		buf_printf(buf, "%s, %d %%", field_text(session, "state"), (int)field_number(session, "percent"));
	else
		buf_puts(buf, "-");
}
