/*
 * importcli: the table of commands, in the order in which `help` lists them. Each is a `struct command` in its own
 * file; cli.c finds and runs it.
 */
#include "cli.h"
#include "help.h"

#include "cli/agent/commands.h"
#include "cli/certificate/commands.h"
#include "cli/import/commands.h"
#include "cli/show/commands.h"

static const struct command *const commands[] = {
	&command_help,
	&command_status,
	&command_ha_version,
	&command_list_supported_arrays,
	&command_server_port,
	&command_log_show,
	&command_log_level,
	&command_mhd_status,
	&command_restart_web_server,
	&command_recover_device,
	&command_host,
	&command_check,
	&command_metrics,
	&command_idle,
	&command_import,
	&command_job,
	&command_journal,
	&command_certificate,
	&command_trust,
	&command_support,
	NULL,
};

int main(int argc, char **argv)
{
	return cli_main(commands, (const char *const *)(argc > 0 ? argv + 1 : argv));
}
