/*
 * The state machine of an import: which verb is allowed when.
 */
#ifndef DM_IMPORT_VERBS_STATE_H
#define DM_IMPORT_VERBS_STATE_H

#include "dm-import/core/engine.h"

/* -1 and HOLD_NEEDED: the application's writes since the switch are on the destination alone; only a held switch goes
 * back. */
int import_check_way_back(const struct import *import, struct error *err);

/* 1 = the verb is allowed, 0 = the import is there already, -1: STATE_WRONG, LEASE_EXPIRED, IMPORT_HELD (another one)
 */
int import_check_allowed(struct engine *engine, const struct import *import, const struct verb_request *request,
			 struct error *err);

#endif
