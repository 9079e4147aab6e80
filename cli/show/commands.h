/*
 * The commands of this room.
 */
#ifndef CLI_SHOW_COMMANDS_H
#define CLI_SHOW_COMMANDS_H

#include "cli/run/run.h"

extern const struct command command_status, command_ha_version, command_list_supported_arrays, command_host,
	command_check, command_metrics, command_idle, command_job, command_journal;

#endif
