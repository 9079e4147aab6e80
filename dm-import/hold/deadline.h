/*
 * A deadline for one blocking ioctl: from `ms` on, the calling thread gets a signal again and again, so that a suspend
 * that waits for a hung command ends with EINTR instead of holding the map. One at a time per process; the thread that
 * starts it stops it. Both are plain system calls; nothing is allocated after deadline_start.
 */
#ifndef DM_IMPORT_DEADLINE_H
#define DM_IMPORT_DEADLINE_H

#include "base/error.h"

#include <stdbool.h>

int deadline_start(unsigned ms, struct error *err);
bool deadline_passed(void);
void deadline_stop(void);

#endif
