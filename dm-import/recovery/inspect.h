/*
 * What is wrong with a device.
 */
#ifndef DM_IMPORT_RECOVERY_INSPECT_H
#define DM_IMPORT_RECOVERY_INSPECT_H

#include "facts.h"

/* Look at kernel, udev, files, multipathd and records once; changes nothing. -1: it could not look. */
int recovery_inspect(struct recovery *recovery, struct error *err);

#endif
