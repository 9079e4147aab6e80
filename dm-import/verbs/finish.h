/*
 * The plans of commit and cancel; their steps are the tables in finish.c.
 */
#ifndef DM_IMPORT_VERBS_FINISH_H
#define DM_IMPORT_VERBS_FINISH_H

#include "plan.h"

enum plan_outcome commit_run(struct work *work, struct error *err);
enum plan_outcome cancel_run(struct work *work, struct error *err); /* after the switch back to the source */

#endif
