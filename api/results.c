/*
 * What came of a verb, as a job shows it; see reports.h.
 */
#include "reports.h"

#include "base/json.h"

static const char *severity_name(enum severity severity)
{
	static const char *const names[] = { "info", "warning", "error" };

	return names[severity];
}

static struct json_object *precheck_finding_json(const struct finding *finding)
{
	struct json_object *row = json_object_new_object();

	json_add_text(row, "code", error_name(finding->code));
	json_add_text(row, "severity", severity_name(finding->severity));
	json_add_text(row, "source_wwid", finding->source_wwid);
	json_add_text(row, "destination_wwid", finding->destination_wwid);
	json_add_text(row, "device", finding->device);
	json_add_sentence(row, "text", finding->code, "", finding->detail);
	json_add_text(row, "remedy", error_remedy(finding->code));
	return row;
}

/* A remedy is there when only a person can repair it. */
static struct json_object *recovery_finding_json(const struct finding *finding)
{
	struct json_object *row = json_object_new_object();

	json_add_text(row, "code", error_name(finding->code));
	json_add_text(row, "device", finding->device);
	json_add_sentence(row, "detail", finding->code, "", finding->detail);
	if (finding->manual)
		json_add_text(row, "remedy", error_remedy(finding->code));
	return row;
}

static void add_findings(struct json_object *object, const struct finding_list *findings,
			 struct json_object *(*make)(const struct finding *finding))
{
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < findings->count; i++)
		json_object_array_add(rows, make(&findings->list[i]));
	json_object_object_add(object, "findings", rows);
}

static void add_actions(struct json_object *object, const struct verb_result *result)
{
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < result->action_count; i++) {
		struct json_object *row = json_object_new_object();

		json_add_text(row, "action", result->actions[i].name);
		json_add_text(row, "code", error_name(result->actions[i].code));
		json_add_text(row, "detail", result->actions[i].does);
		json_add_flag(row, "done", result->actions[i].done);
		json_object_array_add(rows, row);
	}
	json_object_object_add(object, "actions", rows);
}

static void add_pauses(struct json_object *object, const struct verb_result *result)
{
	struct json_object *pauses = json_object_new_object(), *held_at = json_object_new_object();

	for (size_t i = 0; i < result->pause_count; i++) {
		json_add_number(pauses, result->pauses[i].map, result->pauses[i].pause_us);
		json_add_number(held_at, result->pauses[i].map, result->pauses[i].held_at_ms);
	}
	json_object_object_add(object, "pauses_us", pauses);
	json_object_object_add(object, "held_at_ms", held_at);
}

static void add_fields(struct json_object *object, const struct verb_result *result)
{
	switch (result->kind) {
	case RESULT_NONE:
		return;
	case RESULT_UNCHANGED:
		json_add_flag(object, "unchanged", true);
		return;
	case RESULT_STATE:
		json_add_text(object, "state", import_state_name(result->state));
		return;
	case RESULT_SWITCHED:
		json_add_text(object, "to", side_name(result->to));
		add_pauses(object, result);
		return;
	case RESULT_HELD:
		json_add_text(object, "to", side_name(result->to));
		json_add_number(object, "lease_ms", result->lease_ms);
		if (result->renewed)
			json_add_flag(object, "renewed", true);
		return;
	case RESULT_TAKEN_BACK:
		json_add_text(object, "to", side_name(result->to));
		json_add_number(object, "held_ms", result->held_ms);
		return;
	case RESULT_PRECHECK:
		json_add_flag(object, "passed", !finding_list_errors(&result->findings));
		add_findings(object, &result->findings, precheck_finding_json);
		return;
	case RESULT_RECOVERY:
		add_findings(object, &result->findings, recovery_finding_json);
		add_actions(object, result);
		json_add_text(object, "state", import_state_name(result->state));
	}
}

struct json_object *verb_result_json(const struct verb_result *result)
{
	struct json_object *object;

	if (result->kind == RESULT_NONE)
		return NULL;
	object = json_object_new_object();
	add_fields(object, result);
	return object;
}
