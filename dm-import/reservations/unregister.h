/*
 * The end of an import: unregistering this host's keys.
 */
#ifndef DM_IMPORT_RESERVATIONS_UNREGISTER_H
#define DM_IMPORT_RESERVATIONS_UNREGISTER_H

#include "dm-import/core/work.h"

/*
 * Unregister this host's keys from the LUNs of one side, in two steps with a pause between, so that peers see a host
 * that is leaving, and not one that was fenced. Keys of paths that do not answer are removed through paths that do.
 * Failures are only logged: the side goes away in any case.
 */
void pr_unregister(struct work *work, enum side side);

#endif
