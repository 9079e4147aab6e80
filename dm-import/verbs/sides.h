/*
 * Which side the live maps are on, by the kernel's tables in work->now, whatever the records say.
 */
#ifndef DM_IMPORT_VERBS_SIDES_H
#define DM_IMPORT_VERBS_SIDES_H

#include "dm-import/core/work.h"

/* VERIFY_FAILED: the live map is gone, or has paths of no or of several LUNs. */
int sides_of_member(const struct work *work, const struct member *member, enum side *ret, struct error *err);

/* Fill work->changing and work->idle_names. VERIFY_FAILED: an idle map is not what it has to be. */
int sides_find_changing(struct work *work, struct error *err);

/* Idle maps that are gone are built again; work->now is as the host is after that. */
int sides_rebuild_idle(struct work *work, struct error *err);

#endif
