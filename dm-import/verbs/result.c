/*
 * See result.h.
 */
#include "result.h"

#include "dm-import/core/work.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "plan.h"
#include "plans.h"

#include <stdlib.h>
#include <string.h>

struct verb_result result_unchanged(void)
{
	return (struct verb_result){ .kind = RESULT_UNCHANGED };
}

static struct verb_result switch_result(const struct import *import, enum side to)
{
	struct verb_result result = { .kind = RESULT_SWITCHED,
				      .to = to,
				      .pauses = calloc(import->member_count, sizeof(*result.pauses)) };

	for (size_t i = 0; result.pauses && i < import->member_count; i++) {
		const struct member *member = &import->members[i];
		struct pause_report *pause = &result.pauses[result.pause_count++];

		memcpy(pause->map, member->name, sizeof(pause->map));
		pause->pause_us = member->pause_us;
		pause->held_at_ms = member->held_at_ms;
	}
	return result;
}

struct verb_result result_state(const struct import *import)
{
	return (struct verb_result){ .kind = RESULT_STATE, .state = import->state };
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
		  struct verb_result *ret_result)
{
	if (outcome == PLAN_STUCK) {
		switch_leave_safe(work);
		record_stuck(work, doing, why);
	}
	if (outcome == PLAN_DONE) {
		*ret_result = doing == DOING_TO_DESTINATION || doing == DOING_TO_SOURCE
				      ? switch_result(work->import, work->to)
				      : result_state(work->import);
	} else if (why->code == ERR_PRECHECK_FAILED) {
		*ret_result = (struct verb_result){ .kind = RESULT_PRECHECK, .findings = work->findings };
		work->findings = (struct finding_list){ 0 };
	}
	work_free(work);
	return outcome == PLAN_DONE ? 0 : -1;
}
