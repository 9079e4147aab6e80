/*
 * The family `importcli import`.
 */
#include "commands.h"

static const struct command *const verbs[] = {
	&command_import_create, &command_import_precheck, &command_import_prepare,     &command_import_switch,
	&command_import_hold,	&command_import_release,  &command_import_reservation, &command_import_cutover,
	&command_import_commit, &command_import_cancel,	  &command_import_delete,      &command_import_list,
	&command_import_show,	&command_import_watch,	  &command_import_session,     NULL,
};

const struct command command_import = {
	.name = "import",
	.usage = "import <command> [options]\nimport <command> help",
	.summary = "",
	.help = "Drives an import by hand: create, map the destination, prepare, switch, and,\n"
		"when the array has copied everything, cutover. Cancel goes back, at any time\n"
		"before the cutover.\n",
	.verbs = verbs,
};
