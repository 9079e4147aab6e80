/*
 * recover_device: puts a device back into a correct state. Standard output is exactly the line that scripts of the
 * vendor's tool know; what was found and done goes to standard error. A dry run's result is what it found.
 */
#include "commands.h"
#include "request.h"

#include "cli/link/client.h"
#include "cli/link/job.h"
#include "cli/link/offline.h"
#include "cli/run/operand.h"
#include "cli/screen/describe.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include <string.h>

/* The agent's result, or the engine's here when no agent runs; also on failure (NULL when there is none). */
static int recover(struct cli *cli, const char *wwid, bool dry_run, struct json_object **ret_result)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	CLEANUP_JSON struct json_object *job = NULL;
	int result;

	json_object_object_add(body, "wwid", json_object_new_string(wwid));
	json_object_object_add(body, "dry_run", json_object_new_boolean(dry_run));
	result = job_run(cli, "/recover", body, &job);
	if (result < 0 && cli_problem_is(cli, ERR_AGENT_UNREACHABLE))
		return offline_recover(cli, wwid, dry_run, ret_result);
	if (result < 0)
		job = json_object_get(field_get(cli->problem, "job"));
	*ret_result = json_object_get(field_get(job, "result"));
	return result;
}

/* The problem follows; with --output json it has the result, whoever recovered. */
static void show_failed(struct cli *cli, struct json_object *result)
{
	CLEANUP_BUF struct buf text = { 0 };

	if (!result)
		return;
	json_object_object_del(cli->problem, "job");
	json_object_object_add(cli->problem, "result", json_object_get(result));
	if (cli->json)
		return;
	describe_recovery(&text, result, cli->problem, "Failed");
	print_text(stderr, buf_text(&text));
}

static int run(struct cli *cli)
{
	CLEANUP_JSON struct json_object *result = NULL;
	CLEANUP_BUF struct buf text = { 0 };
	bool dry_run = args_option(&cli->args, "dry-run"), person;
	char wwid[40];

	if (operand_wwid(cli, cli->args.operands[0], wwid, sizeof(wwid)) < 0)
		return -1;
	if (recover(cli, wwid, dry_run, &result) < 0) {
		show_failed(cli, result);
		return -1;
	}
	person = describe_recovery(&text, result, NULL, "Would be done");
	if (cli->json)
		print_json(result);
	else
		print_text(dry_run ? stdout : stderr, buf_text(&text));
	if (!cli->json && !dry_run)
		puts("Recovered device successfully!");
	return person ? -1 : 0;
}

static const struct option_spec options[] = {
	{ "dry-run", 0, NULL, "show what is wrong and what would be done; change nothing" },
	{ 0 },
};

const struct command command_recover_device = {
	.name = "recover_device",
	.usage = "recover_device [--dry-run] <WWID>",
	.summary = "repair a device after an interrupted import",
	.help = "Takes the WWID of a source or a destination; the other volumes of its import are\n"
		"recovered with it. The application stays on its side, unless a switch was\n"
		"interrupted. Works without the agent, too. Exit status 1 if something is left\n"
		"that only a person can decide, also with --dry-run.\n",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.diagnostic = true,
	.run = run,
};
