/*
 * What a thread may do. The agent runs as root, because device-mapper and SCSI require it; but only the device worker,
 * and the guardian that it starts, need more than root's files.
 */
#ifndef AGENT_PRIVILEGES_H
#define AGENT_PRIVILEGES_H

#include "base/error.h"

/*
 * Drop all capabilities of the calling thread for good, and of all threads that it starts later: they keep only root's
 * user id. No device-mapper, no SCSI commands that change a reservation, no other user's files. ERR_INTERNAL.
 */
int privileges_drop(struct error *err);

#endif
