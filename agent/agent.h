/*
 * The agent's life, from start to stop.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "base/error.h"

/* Run until SIGTERM or SIGINT. On failure err says what kept it from starting; it is logged too. */
int agent_run(const char *config_path, struct error *err);

#endif
