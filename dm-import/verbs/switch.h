/*
 * The plans of the switch; switch.c ends in their tables.
 */
#ifndef DM_IMPORT_VERBS_SWITCH_H
#define DM_IMPORT_VERBS_SWITCH_H

#include "plan.h"

enum plan_outcome switch_run(struct work *work, struct error *err);

/* Go on with a torn switch, to whichever side it is nearer to. */
enum plan_outcome switch_complete(struct work *work, struct error *err);

/* The same in two halves, for a held switch: up to the hold, and after it; or all of the first half undone. */
enum plan_outcome hold_run(struct work *work, struct error *err);
enum plan_outcome release_run(struct work *work, struct error *err);
enum plan_outcome hold_undo(struct work *work, struct error *err);

void switch_leave_safe(struct work *work); /* after a plan that got stuck with multipathd stopped */

#endif
