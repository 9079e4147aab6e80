/*
 * The last check of the reservations, while all maps are held and before they are released to the new side: was this
 * host fenced, or did anything change, since they were moved?
 */
#ifndef DM_IMPORT_PR_GUARD_H
#define DM_IMPORT_PR_GUARD_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct pr_view;
struct work;

/* Uses only prepared commands, because maps are held. 0, or an errno: then the maps go back to the old side. */
int pr_guard_check(struct work *work);

/* After the hold: why pr_guard_check failed. */
void pr_guard_explain(int sys_errno, struct error *err);

/* True when `view` matches what a watch reads now. */
bool pr_view_is(const struct pr_view *view, uint32_t generation, uint64_t holder_key, uint8_t scope_type);

#endif
