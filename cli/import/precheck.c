/*
 * import precheck: what stands in the way, without changing anything.
 */
#include "commands.h"
#include "request.h"

#include "cli/link/client.h"
#include "cli/link/job.h"
#include "cli/screen/describe.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include <string.h>

static void show(struct json_object *job)
{
	struct json_object *result = field_get(job, "result");
	CLEANUP_BUF struct buf text = { 0 };
	size_t count, errors = describe_findings(&text, result);

	field_list(result, "findings", &count);
	buf_printf(&text, "Pre-check %s: ", field_true(result, "passed") ? "passed" : "failed");
	print_count(&text, errors, "error");
	buf_puts(&text, ", ");
	print_count(&text, count - errors, "other finding");
	buf_puts(&text, ".\n");
	print_text(stdout, buf_text(&text));
}

/* One operand names an import, more are pairs of WWIDs. */
static int start(struct cli *cli, struct json_object **ret_job)
{
	CLEANUP_JSON struct json_object *body = NULL;
	CLEANUP_BUF struct buf path = { 0 };

	if (cli->args.operand_count > 1)
		return import_body(cli, &body) < 0 ? -1 : job_run(cli, "/precheck", body, ret_job);
	if (args_option(&cli->args, "min-paths"))
		return cli_usage(cli, "option '--min-paths' goes with WWIDs, not with an import");
	return import_path(cli, "/precheck", &path) < 0 ? -1 : job_run(cli, buf_text(&path), NULL, ret_job);
}

static int run(struct cli *cli)
{
	CLEANUP_JSON struct json_object *job = NULL;

	if (start(cli, &job) < 0)
		return -1;
	if (!job) /* --no-wait */
		return 0;
	print_result(cli->json, job, show);
	return field_true(field_get(job, "result"), "passed") ? 0 : -1;
}

static const struct option_spec options[] = {
	IMPORT_MIN_PATHS_OPTION,
	JOB_NO_WAIT,
	{ 0 },
};

const struct command command_import_precheck = {
	.name = "precheck",
	.usage = "import precheck [--no-wait] <import>\n"
		 "import precheck [--no-wait] [--min-paths n] <source> <destination>...",
	.summary = "check whether an import is possible; changes nothing",
	.help = "Takes an import, or WWIDs in pairs before there is an import. Every finding has\n"
		"a code and a remedy. Exit status 1 if there are errors.\n",
	.options = options,
	.min_operands = 1,
	.max_operands = OPERANDS_MAX,
	.run = run,
};
