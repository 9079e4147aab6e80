/*
 * The warning of `status` about the agent's certificate.
 */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "cli/run/run.h"

/* One line on standard error when something is to be done; asks no agent. */
void certificate_warn(struct cli *cli);

#endif
