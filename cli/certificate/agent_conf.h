/*
 * What importcli has to know of the agent's configuration, whether or not an agent runs: where its certificate is.
 */
#ifndef CLI_AGENT_CONF_H
#define CLI_AGENT_CONF_H

#include "certs/pair.h"

#define AGENT_CONF_PATH "/etc/dm-import/agent.conf"

/* The agent's two files, by agent.conf; its defaults when that is missing. ERR_CONFIG_INVALID, ERR_IO. */
int agent_conf_pair(const char *path, struct pair_files *ret, struct error *err);

#endif
