/*
 * The held switch between its two halves.
 */
#ifndef DM_IMPORT_VERBS_HELD_H
#define DM_IMPORT_VERBS_HELD_H

#include "dm-import/core/engine.h"

/* End the hold that is going on, if there is one, on the side that its import was on. -1: it is stuck. */
int held_take_back(struct engine *engine, enum hold_outcome outcome, const struct observer *observer,
		   struct error *err);

#endif
