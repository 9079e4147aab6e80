/*
 * Finishing interrupted verbs, and the verb that repairs what a crash or a person left behind.
 */
#ifndef DM_IMPORT_RECOVERY_RECOVER_H
#define DM_IMPORT_RECOVERY_RECOVER_H

#include "dm-import/core/engine.h"

/* Finish the import's interrupted verb, forward or back; -1: it is stuck, and recorded as stuck. */
int recover_import(struct engine *engine, struct import *import, const struct observer *observer, struct error *err);

/* When the engine opens: first missing rules, then all imports. */
int recover_all(struct engine *engine, struct error *err);

/*
 * VERB_RECOVER: bring the device with the request's WWID, and with it all members of its import, back into a correct
 * state; see device.c. It moves an application to the other side only to finish a switch that was under way.
 * *ret_result is set on failure, too, if there is something to recover. WWID_FORM, NOT_IMPORTED, IMPORT_HELD;
 * STORE_DAMAGED if the engine was opened with leave_torn and the side is not known for certain; else the code of the
 * first finding that remains, or of the repair that failed. The findings do not make a dry_run fail.
 */
int recover_device(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		   struct verb_result *ret_result, struct error *err);

#endif
