/*
 * The last look at the reservations, while all maps are held and before they are released to the new side: whether this
 * host was fenced, or anything changed, since they were moved.
 */
#ifndef DM_IMPORT_PR_GUARD_H
#define DM_IMPORT_PR_GUARD_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct pr_view;
struct work;

/* Nothing but prepared commands: maps are held. 0, or an errno: then the maps go back to the side they were on. */
int pr_guard_check(struct work *work);

/* Behind the hold: why pr_guard_check said no. */
void pr_guard_explain(int sys_errno, struct error *err);

/* What was seen is what a watch reads now. */
bool pr_view_is(const struct pr_view *view, uint32_t generation, uint64_t holder_key, uint8_t scope_type);

#endif
