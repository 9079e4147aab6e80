/*
 * What a thread may do. The agent is root's, since device-mapper and SCSI ask for it; but only the device worker, and
 * the guardian that it starts, need more than root's files.
 */
#ifndef AGENT_PRIVILEGES_H
#define AGENT_PRIVILEGES_H

#include "base/error.h"

/*
 * Give up all capabilities of the calling thread, for good, and so of all threads that it starts from then on: they
 * have root's user id and nothing else. No device-mapper, no SCSI commands that change a reservation, no other user's
 * files. ERR_INTERNAL.
 */
int privileges_drop(struct error *err);

#endif
