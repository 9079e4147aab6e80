/*
 * Steps that several plans have. What differs stands in the plan's row (plan.h).
 */
#ifndef DM_IMPORT_VERBS_STEPS_H
#define DM_IMPORT_VERBS_STEPS_H

#include "plan.h"

/* The journal says what is about to happen: step->doing. Its undo is work_void_intent. */
int step_intend(struct work *work, struct error *err);

/* The same where rules change: what cannot write them could not take them back either, and is found here. */
int step_intend_rules(struct work *work, struct error *err);

/* The end: the import is in step->state. */
int step_record(struct work *work, struct error *err);

#endif
