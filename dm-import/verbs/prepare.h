/*
 * The plan of prepare; its steps are the table at the end of prepare.c.
 */
#ifndef DM_IMPORT_VERBS_PREPARE_H
#define DM_IMPORT_VERBS_PREPARE_H

#include "plan.h"

enum plan_outcome prepare_run(struct work *work, struct error *err);

#endif
