/*
 * The commands of this room.
 */
#ifndef CLI_AGENT_COMMANDS_H
#define CLI_AGENT_COMMANDS_H

#include "cli/run/run.h"

extern const struct command command_server_port, command_log_show, command_log_level, command_mhd_status,
	command_restart_web_server, command_trust, command_support;

#endif
