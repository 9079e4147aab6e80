/*
 * How a member stands with its reservations, as of the last look.
 */
#ifndef DM_IMPORT_REPORTS_RESERVATIONS_H
#define DM_IMPORT_REPORTS_RESERVATIONS_H

#include "dm-import/core/import.h"

/* NULL, or an object for the report; the caller's. */
struct json_object *pr_move_report(const struct member *member);

#endif
