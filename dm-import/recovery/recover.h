/*
 * What verbs that were torn left, brought to an end; and the verb for what a crash or a person left behind.
 */
#ifndef DM_IMPORT_RECOVERY_RECOVER_H
#define DM_IMPORT_RECOVERY_RECOVER_H

#include "dm-import/core/engine.h"

/* End what the import is in the middle of, forward or back; -1: it is stuck, and recorded so. */
int recover_import(struct engine *engine, struct import *import, const struct observer *observer, struct error *err);

/* At the engine's opening: rules that are missing, then all imports. */
int recover_all(struct engine *engine, struct error *err);

/*
 * VERB_RECOVER: put the device with the request's WWID, and with it all members of its import, back into a correct
 * state; device.c tells how it decides. It never moves an application to the other side but to end a switch that was
 * under way.
 * *ret_result is there on failure, too, when there is something to recover.
 * WWID_FORM, NOT_IMPORTED, IMPORT_HELD; STORE_DAMAGED when the engine was opened with leave_torn, and nothing tells the
 * side for certain; else the code of the first finding that is left, or of what failed in repairing.
 * dry_run fails with none of those.
 */
int recover_device(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		   struct verb_result *ret_result, struct error *err);

#endif
