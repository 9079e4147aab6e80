/*
 * How a verb ends: what is recorded, and the job's result.
 */
#ifndef DM_IMPORT_VERBS_RESULT_H
#define DM_IMPORT_VERBS_RESULT_H

#include "plan.h"

struct verb_result result_unchanged(void);
struct verb_result result_state(const struct import *import);

/* Record what is stuck, make the result, free what `work` has. 0 or -1. */
int import_finish(struct work *work, enum plan_outcome outcome, enum doing doing, const struct error *why,
		  struct verb_result *ret_result);

#endif
