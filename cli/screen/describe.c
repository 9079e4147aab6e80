/*
 * Objects in a few words; see describe.h.
 */
#include "describe.h"

#include "field.h"
#include "print.h"
#include "state.h"

#include <string.h>

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

static void add_finding(struct buf *buf, struct json_object *finding)
{
	const char *source = field_text(finding, "source_wwid"), *destination = field_text(finding, "destination_wwid");
	const char *device = field_text(finding, "device");

	buf_printf(buf, "%s: %s: %s\n", field_text(finding, "severity"), field_text(finding, "code"),
		   field_text(finding, "text"));
	buf_printf(buf, "    source %s\n    destination %s\n", source, destination);
	if (*device && strcmp(device, source) != 0 && strcmp(device, destination) != 0)
		buf_printf(buf, "    device %s\n", device);
	if (*field_text(finding, "remedy"))
		buf_printf(buf, "    What to do: %s\n", field_text(finding, "remedy"));
}

size_t describe_findings(struct buf *buf, struct json_object *result)
{
	size_t count, errors = 0;
	struct json_object *findings = field_list(result, "findings", &count);

	for (size_t i = 0; i < count; i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);

		add_finding(buf, finding);
		errors += strcmp(field_text(finding, "severity"), "error") == 0;
	}
	return errors;
}

/* True when something is left to a person. */
static bool add_recovery_findings(struct buf *text, struct json_object *result, struct json_object *problem)
{
	size_t count;
	struct json_object *findings = field_list(result, "findings", &count);
	bool person = false;

	for (size_t i = 0; i < count; i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);
		const char *code = field_text(finding, "code"), *device = field_text(finding, "device");
		bool needs_person = field_get(finding, "remedy");

		buf_printf(text, "Found: %s%s%s: %s\n", code, *device ? " " : "", device,
			   field_text(finding, "detail"));
		if (needs_person && strcmp(code, field_text(problem, "code")) != 0)
			buf_printf(text, "    What to do: %s\n", field_text(finding, "remedy"));
		person = person || needs_person;
	}
	if (count == 0)
		buf_puts(text, "Nothing is wrong with the device.\n");
	return person;
}

static void add_actions(struct buf *text, struct json_object *result, const char *undone)
{
	size_t count;
	struct json_object *actions = field_list(result, "actions", &count);

	for (size_t i = 0; i < count; i++) {
		struct json_object *action = json_object_array_get_idx(actions, i);

		buf_printf(text, "%s: %s\n", field_true(action, "done") ? "Done" : undone,
			   field_text(action, "detail"));
	}
}

bool describe_recovery(struct buf *buf, struct json_object *result, struct json_object *problem, const char *undone)
{
	bool person = add_recovery_findings(buf, result, problem);

	add_actions(buf, result, undone);
	return person;
}
