/*
 * import session: what an orchestrator tells administrators of the copy; by hand where there is none.
 */
#include "commands.h"
#include "request.h"

#include "cli/link/client.h"
#include "cli/screen/describe.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "base/num.h"

#include <string.h>

static int run(struct cli *cli)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object(), *import = NULL;
	CLEANUP_BUF struct buf path = { 0 }, text = { 0 };
	const char *percent = args_option(&cli->args, "percent");
	uint64_t number = 0;

	if (import_path(cli, "/session", &path) < 0)
		return -1;
	if (percent && !num_parse(percent, 100, &number))
		return cli_usage(cli, "option '--percent' is a number from 0 to 100, not '%s'", percent);
	json_object_object_add(body, "state", json_object_new_string(cli->args.operands[1]));
	json_object_object_add(body, "percent", json_object_new_int((int)number));
	if (client_call(cli, "PUT", buf_text(&path), body, 0, &import) < 0)
		return -1;
	if (cli->json) {
		print_json(import);
		return 0;
	}
	buf_printf(&text, "Import %s: session ", field_text(import, "id"));
	describe_session(&text, import);
	buf_puts(&text, ".\n");
	print_text(stdout, buf_text(&text));
	return 0;
}

static const struct option_spec options[] = {
	{ "percent", 0, "n", "how much is copied (default: 0)" },
	{ 0 },
};

const struct command command_import_session = {
	.name = "session",
	.usage = "import session [--percent n] <import> <state>",
	.summary = "record how far the array's copy has come",
	.help = "`import list`, `show` and `watch` show this. An orchestrator records it by\n"
		"itself. The state is one of scheduled, queued, in_progress, copy_in_progress,\n"
		"paused, ready_for_cutover, cutover_in_progress, completed,\n"
		"completed_with_errors, cutover_incomplete, cancel_in_progress, cancelled,\n"
		"cancel_failed, cancel_required, cleanup_required and failed.\n",
	.options = options,
	.min_operands = 2,
	.max_operands = 2,
	.run = run,
};
