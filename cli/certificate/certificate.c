/*
 * The family `importcli certificate`.
 */
#include "commands.h"

static const struct command *const verbs[] = {
	&command_certificate_show,
	&command_certificate_check,
	&command_certificate_regenerate,
	&command_certificate_install,
	NULL,
};

const struct command command_certificate = {
	.name = "certificate",
	.usage = "certificate <command> [options]\ncertificate <command> help",
	.summary = "",
	.help = "The agent's own certificate, which orchestrators pin. A change does not affect\n"
		"imports.\n",
	.verbs = verbs,
};
