/*
 * The checks of one member pair, in their order; the tables end with NULL.
 */
#ifndef DM_IMPORT_CHECKS_PAIR_H
#define DM_IMPORT_CHECKS_PAIR_H

#include "finding.h"

typedef void pair_check(struct precheck *check, const struct member *member);
extern pair_check *const source_checks[], *const destination_checks[];

#endif
