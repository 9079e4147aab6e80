/*
 * Steps that several plans share. Their arguments are in the plan's row (plan.h).
 */
#ifndef DM_IMPORT_VERBS_STEPS_H
#define DM_IMPORT_VERBS_STEPS_H

#include "plan.h"

/* Record in the journal what is about to happen: step->doing. Its undo is work_void_intent. */
int step_intend(struct work *work, struct error *err);

/*
 * The same for a plan that changes rules: if rules cannot be written, they could not be restored either, and that is
 * found here.
 */
int step_intend_rules(struct work *work, struct error *err);

/* The end: record that the import is in step->state. */
int step_record(struct work *work, struct error *err);

#endif
