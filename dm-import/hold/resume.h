/*
 * Releases maps that a dead switch left suspended, in either direction.
 */
#ifndef DM_IMPORT_HOLD_RESUME_H
#define DM_IMPORT_HOLD_RESUME_H

#include "dm-import/core/engine.h"

/* Live maps first. forward: activate the loaded tables; else drop them. */
int resume_maps(struct engine *engine, const struct import *import, bool forward, struct error *err);

/*
 * Release what a torn switch left held, in the direction that resume.c chooses; *ret_forward (may be NULL): which one.
 */
int resume_torn(struct engine *engine, const struct import *import, bool *ret_forward, struct error *err);

/* The same for all imports in a torn switch. */
void resume_all_torn(struct engine *engine);

/* The side that a torn switch was going to. */
enum side torn_target(const struct import *import);

#endif
