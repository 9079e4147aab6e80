/*
 * What maps do without a path. The setting is noted before the switch; all maps queue during it; after it each map has
 * its old setting.
 */
#ifndef DM_IMPORT_HOST_QUEUEING_H
#define DM_IMPORT_HOST_QUEUEING_H

#include "dm-import/core/work.h"

void queueing_note(struct work *work); /* from work->now */
int queueing_keep(struct work *work, struct error *err);
int queueing_restore(struct work *work, struct error *err);

#endif
