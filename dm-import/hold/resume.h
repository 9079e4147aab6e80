/*
 * Releasing maps that a switch which is no more left suspended, in either direction.
 */
#ifndef DM_IMPORT_HOLD_RESUME_H
#define DM_IMPORT_HOLD_RESUME_H

#include "dm-import/core/engine.h"

/* Live maps first. forward: with the tables that are loaded; else these are dropped. */
int resume_maps(struct engine *engine, const struct import *import, bool forward, struct error *err);

/* What a torn switch left held; *ret_forward (may be NULL): in the direction that it was going */
int resume_torn(struct engine *engine, const struct import *import, bool *ret_forward, struct error *err);

/* Of all imports that are torn; nothing else. */
void resume_all_torn(struct engine *engine);

/* The side that a torn switch was going to. */
enum side torn_target(const struct import *import);

#endif
