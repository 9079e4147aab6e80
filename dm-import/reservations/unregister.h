/*
 * The end of an import: this host's keys go.
 */
#ifndef DM_IMPORT_RESERVATIONS_UNREGISTER_H
#define DM_IMPORT_RESERVATIONS_UNREGISTER_H

#include "dm-import/core/work.h"

/*
 * Take this host's keys off the LUNs of one side, in two steps with a pause between, so that peers see a host that
 * leaves, and not one that was fenced. The keys of paths that do not answer go through those that do. What cannot be
 * done is logged: the side goes away in any case.
 */
void pr_unregister(struct work *work, enum side side);

#endif
