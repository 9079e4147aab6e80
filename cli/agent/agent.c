/*
 * server_port, log_show, log_level, mhd_status, restart_webServer: the agent itself.
 */
#include "commands.h"

#include "cli/link/client.h"
#include "cli/run/run.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "base/num.h"

#include <string.h>

/* GET /agent; with --output json print only the named fields of it. */
static int get_agent(struct cli *cli, const char *const *fields, struct json_object **ret)
{
	CLEANUP_JSON struct json_object *agent = NULL;

	if (client_get(cli, "/agent", &agent) < 0)
		return -1;
	if (cli->json) {
		CLEANUP_JSON struct json_object *some = json_object_new_object();

		for (; *fields; fields++)
			json_object_object_add(some, *fields, json_object_get(field_get(agent, *fields)));
		print_json(some);
	}
	*ret = json_object_get(agent);
	return 0;
}

static int put_number(struct cli *cli, const char *path, const char *name, uint64_t value)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();

	json_object_object_add(body, name, json_object_new_int((int)value));
	return client_call(cli, "PUT", path, body, 0, NULL);
}

static int show_port(struct cli *cli, const char *label)
{
	static const char *const fields[] = { "server_port", NULL };
	CLEANUP_JSON struct json_object *agent = NULL;

	if (get_agent(cli, fields, &agent) < 0)
		return -1;
	if (!cli->json)
		printf("%s : %d\n", label, (int)field_number(agent, "server_port"));
	return 0;
}

static int run_server_port(struct cli *cli)
{
	const struct args *args = &cli->args;
	uint64_t port;

	if (args->operand_count == 0)
		return show_port(cli, "Server port");
	if (strcmp(args->operands[0], "change") != 0)
		return cli_usage(cli, "unexpected argument '%s'", args->operands[0]);
	if (args->operand_count == 1)
		return cli_usage(cli, "the new port is missing");
	if (!num_parse(args->operands[1], 65535, &port) ||
	    (port != 8443 && port != 50443 && port != 55443 && port != 60443))
		return cli_usage(cli, "the port is one of 8443, 50443, 55443 and 60443, not '%s'", args->operands[1]);
	if (put_number(cli, "/agent/server_port", "port", port) < 0 || show_port(cli, "Changing Server port to") < 0)
		return -1;
	fputs("The orchestrator must now add this host again, with the new port.\n", stderr);
	return 0;
}

const struct command command_server_port = {
	.name = "server_port",
	.usage = "server_port\nserver_port change <port>",
	.summary = "show or change the agent's HTTPS port",
	.help = "The port is 8443, 50443, 55443 or 60443. It cannot be changed while an import is\n"
		"in progress. Afterwards the orchestrator must add this host again, and a\n"
		"firewall must admit the new port.\n",
	.max_operands = 2,
	.diagnostic = true,
	.run = run_server_port,
};

static int run_log_show(struct cli *cli)
{
	static const char *const fields[] = { "log_level", "log_location", NULL };
	CLEANUP_JSON struct json_object *agent = NULL;

	if (get_agent(cli, fields, &agent) < 0)
		return -1;
	if (!cli->json) {
		printf("Log Level: %d\n", (int)field_number(agent, "log_level"));
		print_text(stdout, "Log Location: ");
		print_text(stdout, field_text(agent, "log_location"));
		print_text(stdout, "\n");
	}
	return 0;
}

const struct command command_log_show = {
	.name = "log_show",
	.usage = "log_show",
	.summary = "show the log's level and directory",
	.help = "Levels: 0 nothing, 1 errors, 2 errors and information, 3 verbose. If the agent\n"
		"does not run: journalctl -u import-agent\n",
	.diagnostic = true,
	.run = run_log_show,
};

static int run_log_level(struct cli *cli)
{
	static const char *const fields[] = { "log_level", NULL };
	CLEANUP_JSON struct json_object *agent = NULL;
	const struct args *args = &cli->args;
	uint64_t level;

	if (args->operand_count > 0) {
		if (strcmp(args->operands[0], "set") != 0)
			return cli_usage(cli, "unexpected argument '%s'", args->operands[0]);
		if (args->operand_count == 1)
			return cli_usage(cli, "the level is missing");
		if (!num_parse(args->operands[1], 3, &level))
			return cli_usage(cli, "the level is 0, 1, 2 or 3, not '%s'", args->operands[1]);
		if (put_number(cli, "/agent/log_level", "level", level) < 0)
			return -1;
	}
	if (get_agent(cli, fields, &agent) < 0)
		return -1;
	if (!cli->json)
		printf("Log Level: %d\n", (int)field_number(agent, "log_level"));
	return 0;
}

const struct command command_log_level = {
	.name = "log_level",
	.usage = "log_level\nlog_level set <0..3>",
	.summary = "show or set how much the agent logs",
	.help = "Levels: 0 nothing, 1 errors, 2 errors and information, 3 verbose. A new level\n"
		"takes effect at once, until the agent is started again.\n",
	.max_operands = 2,
	.run = run_log_level,
};

/* An agent that does not answer has no web server either: that is an answer, not an error. */
static int run_mhd_status(struct cli *cli)
{
	static const char *const fields[] = { "web_server", NULL };
	CLEANUP_JSON struct json_object *agent = NULL;

	if (get_agent(cli, fields, &agent) == 0) {
		if (!cli->json)
			printf("Microhttpd Status: %s\n",
			       strcmp(field_text(agent, "web_server"), "ACTIVE") == 0 ? "ACTIVE" : "INACTIVE");
		return 0;
	}
	if (!cli_problem_is(cli, ERR_AGENT_UNREACHABLE))
		return -1;
	cli_forget_problem(cli);
	puts(cli->json ? "{ \"web_server\": \"INACTIVE\" }" : "Microhttpd Status: INACTIVE");
	fputs("importcli: The agent does not run.\nWhat to do: Start it: systemctl start import-agent\n", stderr);
	return 0;
}

const struct command command_mhd_status = {
	.name = "mhd_status",
	.usage = "mhd_status",
	.summary = "show whether the agent's web server answers",
	.help = "Prints ACTIVE, or INACTIVE if the web server or the agent does not run. The exit\n"
		"status is 0 in both cases.\n",
	.diagnostic = true,
	.run = run_mhd_status,
};

static int run_restart(struct cli *cli)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();

	json_object_object_add(body, "force", json_object_new_boolean(args_option(&cli->args, "force") != NULL));
	if (client_call(cli, "POST", "/agent/restart_web_server", body, 0, NULL) < 0)
		return -1;
	return show_port(cli, "Server port");
}

static const struct option_spec restart_options[] = {
	{ "force", 'f', NULL, "even while an import is in progress" },
	{ 0 },
};

const struct command command_restart_web_server = {
	.name = "restart_webServer",
	.usage = "restart_webServer [--force]",
	.summary = "restart the agent's web server; imports go on",
	.help = "Orchestrators lose their connection and connect again. The restart is refused\n"
		"while an import is in progress, unless it is forced.\n",
	.options = restart_options,
	.diagnostic = true,
	.run = run_restart,
};
