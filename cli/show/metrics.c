/*
 * metrics: the agent's numbers, for node_exporter's textfile collector or for a look.
 */
#include "commands.h"
#include "metrics_text.h"

#include "cli/link/client.h"
#include "cli/screen/print.h"

#include "base/cleanup.h"

static int run(struct cli *cli)
{
	CLEANUP_JSON struct json_object *metrics = NULL;
	CLEANUP_FREE char *text = NULL;
	struct error err;

	if (client_get_text(cli, "/metrics", &text) < 0)
		return -1;
	if (!cli->json) {
		print_text(stdout, text);
		return 0;
	}
	metrics = metrics_parse(text);
	if (!metrics) {
		error_set(&err, ERR_INTERNAL, "", "The agent's metrics are not in Prometheus' text format.");
		return cli_fail(cli, &err);
	}
	print_json(metrics);
	return 0;
}

const struct command command_metrics = {
	.name = "metrics",
	.usage = "metrics",
	.summary = "show the agent's metrics in Prometheus' text format",
	.help = "The same as the API's /metrics, for hosts where Prometheus has no certificate:\n"
		"write it to a file of node_exporter's textfile collector. dm-import-metrics(7)\n"
		"says what each metric means.\n",
	.run = run,
};
