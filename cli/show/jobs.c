/*
 * job list, job show: what the agent does and did, by the numbers that --no-wait prints.
 */
#include "commands.h"

#include "cli/link/client.h"
#include "cli/link/job.h"
#include "cli/screen/describe.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"
#include "cli/screen/state.h"

#include "base/cleanup.h"
#include "base/num.h"

#include <inttypes.h>
#include <string.h>

static void show_list(struct json_object *answer)
{
	static const char *const headings[] = { "Job", "Kind", "Import", "State", "Step", "Created", "Duration" };
	CLEANUP_TABLE struct table table = { .columns = ARRAY_SIZE(headings), .right = 1u << 0 | 1u << 6 };
	CLEANUP_BUF struct buf text = { 0 };
	size_t count;
	struct json_object *jobs = field_list(answer, "jobs", &count);

	table_headings(&table, headings);
	for (size_t i = 0; i < count; i++) {
		struct json_object *job = json_object_array_get_idx(jobs, i);
		CLEANUP_BUF struct buf duration = { 0 };

		if (job_has_ended(job))
			print_duration(&duration, field_number(job, "duration_us"));
		table_cell(&table, "%" PRId64, field_number(job, "id"));
		table_cell(&table, "%s", field_text(job, "kind"));
		table_cell(&table, "%s", print_or_dash(field_text(job, "import_id")));
		table_cell(&table, "%s", field_text(job, "state"));
		table_cell(&table, "%s", print_or_dash(field_text(job, "step")));
		table_cell(&table, "%s", field_text(job, "created"));
		table_cell(&table, "%s", print_or_dash(buf_text(&duration)));
	}
	table_print(&table, &text);
	print_text(stdout, count ? buf_text(&text) : "There are no jobs.\n");
}

static int run_list(struct cli *cli)
{
	return client_show(cli, "/jobs", show_list);
}

static const struct command command_job_list = {
	.name = "list",
	.usage = "job list",
	.summary = "list the agent's jobs, and the last hundred that ended",
	.help = "The agent forgets its jobs when it is restarted. `importcli journal show` still\n"
		"shows what was done to imports.\n",
	.run = run_list,
};

static void add_pauses(struct buf *text, struct json_object *result)
{
	struct json_object *pauses = field_get(result, "pauses_us");

	if (!json_object_is_type(pauses, json_type_object))
		return;
	json_object_object_foreach(pauses, name, pause)
	{
		buf_printf(text, "Pause of %s: ", name);
		print_pause(text, json_object_get_int64(pause));
		buf_puts(text, "\n");
	}
}

static void add_error(struct buf *text, struct json_object *error)
{
	static const char *const where[] = { "device", "step", "raw" };

	if (!error)
		return;
	buf_printf(text, "Error: %s: %s", field_text(error, "code"), field_text(error, "title"));
	if (*field_text(error, "detail"))
		buf_printf(text, " %s", field_text(error, "detail"));
	for (size_t i = 0; i < ARRAY_SIZE(where); i++)
		if (*field_text(error, where[i]))
			buf_printf(text, " [%s: %s]", where[i], field_text(error, where[i]));
	buf_printf(text, "\nWhat to do: %s\n", field_text(error, "remedy"));
}

static void add_steps(struct buf *text, struct json_object *job)
{
	static const char *const headings[] = { "Step", "Began after", "Took" };
	CLEANUP_TABLE struct table table = { .columns = ARRAY_SIZE(headings), .indent = 4, .right = 1u << 1 | 1u << 2 };
	size_t count;
	struct json_object *steps = field_list(job, "steps", &count);

	if (count == 0)
		return;
	table_headings(&table, headings);
	for (size_t i = 0; i < count; i++) {
		struct json_object *step = json_object_array_get_idx(steps, i);
		CLEANUP_BUF struct buf start = { 0 }, took = { 0 };

		print_duration(&start, field_number(step, "start_us"));
		print_duration(&took, field_number(step, "duration_us"));
		table_cell(&table, "%s", field_text(step, "name"));
		table_cell(&table, "%s", buf_text(&start));
		table_cell(&table, "%s", buf_text(&took));
	}
	buf_puts(text, "Steps:\n");
	table_print(&table, text);
}

static void show(struct json_object *job)
{
	static const struct {
		const char *label, *field;
	} lines[] = {
		{ "Kind", "kind" },	  { "Import", "import_id" }, { "State", "state" },	 { "Step", "step" },
		{ "Created", "created" }, { "Started", "started" },  { "Finished", "finished" },
	};
	CLEANUP_BUF struct buf text = { 0 };

	buf_printf(&text, "Job: %" PRId64 "\n", field_number(job, "id"));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		buf_printf(&text, "%s: %s\n", lines[i].label, print_or_dash(field_text(job, lines[i].field)));
	buf_printf(&text, "Progress: %d %%\nDuration: ", (int)field_number(job, "percent"));
	print_duration(&text, field_number(job, "duration_us"));
	buf_puts(&text, "\n");
	if (job_unchanged(job))
		buf_puts(&text, "Result: nothing had to be done\n");
	add_pauses(&text, field_get(job, "result"));
	if (strcmp(field_text(job, "kind"), "recover") != 0)
		describe_findings(&text, field_get(job, "result"));
	else if (field_get(job, "result"))
		describe_recovery(&text, field_get(job, "result"), NULL, "Not done");
	add_error(&text, field_get(job, "error"));
	add_steps(&text, job);
	print_text(stdout, buf_text(&text));
}

static int run_show(struct cli *cli)
{
	CLEANUP_JSON struct json_object *job = NULL;
	CLEANUP_BUF struct buf path = { 0 };
	uint64_t number;

	if (!num_parse(cli->args.operands[0], INT64_MAX, &number))
		return cli_usage(cli, "'%s' is not the number of a job", cli->args.operands[0]);
	buf_printf(&path, "/jobs/%" PRIu64, number);
	if (client_get(cli, buf_text(&path), &job) < 0)
		return -1;
	if (args_option(&cli->args, "wait") && job_follow(cli, &job) < 0)
		return -1;
	print_result(cli->json, job, show);
	return 0;
}

static const struct option_spec show_options[] = {
	{ "wait", 0, NULL, "wait for its end; exit status 1 if it failed" },
	{ 0 },
};

static const struct command command_job_show = {
	.name = "show",
	.usage = "job show [--wait] <job>",
	.summary = "show one job: progress, result, steps",
	.help = "Takes the number that --no-wait printed, or one from `importcli job list`.\n"
		"Without --wait the exit status is 0 even if the job failed.\n",
	.options = show_options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_show,
};

static const struct command *const verbs[] = { &command_job_list, &command_job_show, NULL };

const struct command command_job = {
	.name = "job",
	.usage = "job <command> [options]\njob <command> help",
	.summary = "",
	.verbs = verbs,
};
