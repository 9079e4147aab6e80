/*
 * The commands of this room.
 */
#ifndef CLI_CERTIFICATE_COMMANDS_H
#define CLI_CERTIFICATE_COMMANDS_H

#include "cli/run/run.h"

extern const struct command command_certificate, command_certificate_show, command_certificate_check,
	command_certificate_regenerate, command_certificate_install;

#endif
