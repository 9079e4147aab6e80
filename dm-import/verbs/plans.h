/*
 * The plans, by their entry functions. The steps of each are the tables at the end of prepare.c, switch.c and finish.c.
 */
#ifndef DM_IMPORT_VERBS_PLANS_H
#define DM_IMPORT_VERBS_PLANS_H

#include "plan.h"

enum plan_outcome prepare_run(struct work *work, struct error *err);

enum plan_outcome switch_run(struct work *work, struct error *err);

/* Go on with a torn switch, to whichever side it is nearer to. */
enum plan_outcome switch_complete(struct work *work, struct error *err);

/* The same in two halves, for a held switch: up to the hold, and after it; or all of the first half undone. */
enum plan_outcome hold_run(struct work *work, struct error *err);
enum plan_outcome release_run(struct work *work, struct error *err);
enum plan_outcome hold_undo(struct work *work, struct error *err);

void switch_leave_safe(struct work *work); /* after a plan that got stuck with multipathd stopped */

enum plan_outcome commit_run(struct work *work, struct error *err);
enum plan_outcome cancel_run(struct work *work, struct error *err); /* after the switch back to the source */

#endif
