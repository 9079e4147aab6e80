/*
 * What maps do without a path: noted before the switch, all queue during it, and after it each does as before.
 */
#ifndef DM_IMPORT_HOST_QUEUEING_H
#define DM_IMPORT_HOST_QUEUEING_H

#include "dm-import/core/work.h"

void queueing_note(struct work *work); /* as work->now shows them */
int queueing_keep(struct work *work, struct error *err);
int queueing_restore(struct work *work, struct error *err);

#endif
