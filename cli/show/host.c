/*
 * host, host refresh: who this host is to an orchestrator, and looking for new LUNs.
 */
#include "commands.h"

#include "cli/link/client.h"
#include "cli/link/job.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "base/cleanup.h"

#include <string.h>

static void add_initiators(struct buf *text, struct json_object *host)
{
	static const char *const headings[] = { "Protocol", "Name" };
	CLEANUP_TABLE struct table table = { .columns = ARRAY_SIZE(headings), .indent = 4 };
	size_t count;
	struct json_object *initiators = field_list(host, "initiators", &count);

	buf_puts(text, count ? "Initiators:\n" : "Initiators: none\n");
	if (!count)
		return;
	table_headings(&table, headings);
	for (size_t i = 0; i < count; i++) {
		struct json_object *initiator = json_object_array_get_idx(initiators, i);

		table_cell(&table, "%s", field_text(initiator, "protocol"));
		table_cell(&table, "%s", field_text(initiator, "iqn_or_wwn"));
	}
	table_print(&table, text);
}

static void add_findings(struct buf *text, struct json_object *host)
{
	size_t count;
	struct json_object *findings = field_list(host, "findings", &count);

	buf_puts(text, count ? "Findings:\n" : "Findings: none\n");
	for (size_t i = 0; i < count; i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);

		buf_printf(text, "    %s: %s\n    What to do: %s\n", field_text(finding, "code"),
			   field_text(finding, "text"), field_text(finding, "remedy"));
	}
}

static void show(struct json_object *host)
{
	static const struct {
		const char *label, *field;
	} lines[] = {
		{ "Host", "name" },
		{ "Operating system", "os" },
		{ "Kernel", "kernel" },
		{ "Agent version", "agent_version" },
		{ "Build version", "agent_build" },
		{ "API version", "agent_api_version" },
		{ "Agent type", "agent_type" },
		{ "Agent status", "agent_status" },
	};
	struct json_object *cluster = field_get(host, "cluster"), *multipathd = field_get(host, "multipathd");
	CLEANUP_BUF struct buf text = { 0 };
	size_t members;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		buf_printf(&text, "%s: %s\n", lines[i].label, field_text(host, lines[i].field));
	buf_printf(&text, "multipathd: %s", field_true(multipathd, "running") ? "running" : "not running");
	if (*field_text(multipathd, "version"))
		buf_printf(&text, ", version %s", field_text(multipathd, "version"));
	buf_printf(&text, "\nCluster: %s", field_text(cluster, "type"));
	if (field_list(cluster, "members", &members) && members) {
		buf_puts(&text, ": ");
		print_words(&text, field_get(cluster, "members"));
	}
	buf_puts(&text, "\n");
	add_initiators(&text, host);
	add_findings(&text, host);
	print_text(stdout, buf_text(&text));
}

static int refresh(struct cli *cli)
{
	CLEANUP_JSON struct json_object *job = NULL;

	if (job_run(cli, "/host/refresh", NULL, &job) < 0)
		return -1;
	if (!job) /* --no-wait */
		return 0;
	if (cli->json)
		print_json(job);
	else
		puts("All SCSI hosts were scanned; see the volumes with: importcli status");
	return 0;
}

static int run(struct cli *cli)
{
	const struct args *args = &cli->args;

	if (args->operand_count && strcmp(args->operands[0], "refresh") != 0)
		return cli_usage(cli, "unexpected argument '%s'", args->operands[0]);
	if (args->operand_count)
		return refresh(cli);
	if (args_option(args, "no-wait"))
		return cli_usage(cli, "option '--no-wait' goes with refresh");
	return client_show(cli, "/host", show);
}

static const struct option_spec options[] = {
	JOB_NO_WAIT,
	{ 0 },
};

const struct command command_host = {
	.name = "host",
	.usage = "host\nhost refresh [--no-wait]",
	.summary = "show this host and what is wrong with it, or scan for LUNs",
	.help = "Prints what an orchestrator sees of this host: names, versions, initiators,\n"
		"cluster, and findings with their remedies. `refresh` scans all SCSI hosts for\n"
		"new LUNs, and waits until udev has processed them.\n",
	.options = options,
	.max_operands = 1,
	.run = run,
};
