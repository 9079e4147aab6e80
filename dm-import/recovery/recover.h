/*
 * What verbs that were torn left, brought to an end.
 */
#ifndef DM_IMPORT_RECOVERY_RECOVER_H
#define DM_IMPORT_RECOVERY_RECOVER_H

#include "dm-import/core/engine.h"

/* End what the import is in the middle of, forward or back; -1: it is stuck, and recorded so. */
int recover_import(struct engine *engine, struct import *import, const struct observer *observer, struct error *err);

/* At the engine's opening: rules that are missing, then all imports. */
int recover_all(struct engine *engine, struct error *err);

#endif
