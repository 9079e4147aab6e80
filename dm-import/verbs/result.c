/*
 * See result.h.
 */
#include "result.h"

#include "dm-import/core/work.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "plan.h"
#include "plans.h"

#include "base/cleanup.h"
#include "base/json.h"

struct json_object *result_unchanged(void)
{
	struct json_object *result = json_object_new_object();

	json_object_object_add(result, "unchanged", json_object_new_boolean(true));
	return result;
}

static struct json_object *switch_result(const struct import *import, enum side to)
{
	struct json_object *result = json_object_new_object(), *pauses = json_object_new_object();
	struct json_object *held_at = json_object_new_object();

	for (size_t i = 0; i < import->member_count; i++) {
		const struct member *member = &import->members[i];

		json_object_object_add(pauses, member->name, json_object_new_int64((int64_t)member->pause_us));
		json_object_object_add(held_at, member->name, json_object_new_int64((int64_t)member->held_at_ms));
	}
	json_object_object_add(result, "to", json_object_new_string(side_name(to)));
	json_object_object_add(result, "pauses_us", pauses);
	json_object_object_add(result, "held_at_ms", held_at);
	return result;
}

struct json_object *result_state(const struct import *import)
{
	struct json_object *result = json_object_new_object();

	json_object_object_add(result, "state", json_object_new_string(import_state_name(import->state)));
	return result;
}

/* A plan got stuck: the record says where, so that the verb or the next start goes on from there. */
static void record_stuck(struct work *work, enum doing doing, const struct error *why)
{
	work->import->state = IMPORT_RECOVERING;
	work->import->doing = doing;
	work->import->attention = *why;
	import_save(work->engine, work->import, JOURNAL_STUCK, NULL);
}

int import_finish(struct work *work, enum plan_outcome outcome, enum doing doing, const struct error *why,
		  struct json_object **ret_result)
{
	if (outcome == PLAN_STUCK) {
		switch_leave_safe(work);
		record_stuck(work, doing, why);
	}
	if (outcome == PLAN_DONE)
		*ret_result = doing == DOING_TO_DESTINATION || doing == DOING_TO_SOURCE
				      ? switch_result(work->import, work->to)
				      : result_state(work->import);
	else if (why->code == ERR_PRECHECK_FAILED)
		*ret_result = TAKE(work->findings);
	work_free(work);
	return outcome == PLAN_DONE ? 0 : -1;
}
