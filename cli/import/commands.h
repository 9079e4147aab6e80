/*
 * The commands of this room.
 */
#ifndef CLI_IMPORT_COMMANDS_H
#define CLI_IMPORT_COMMANDS_H

#include "cli/run/run.h"

extern const struct command command_import, command_recover_device, command_import_create, command_import_precheck,
	command_import_prepare, command_import_switch, command_import_hold, command_import_release,
	command_import_reservation, command_import_cutover, command_import_commit, command_import_cancel,
	command_import_delete, command_import_list, command_import_show, command_import_watch, command_import_session;

#endif
