/*
 * The warning of `status` about the agent's certificate.
 */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "cli/run/run.h"

/* One line on standard error if something has to be done; does not ask the agent. */
void certificate_warn(struct cli *cli);

#endif
