/*
 * import prepare, switch, hold, release, cutover (or commit), cancel: the verbs that move an import from state to
 * state, each a job; and import reservation, which moves nothing.
 */
#include "commands.h"
#include "request.h"

#include "cli/link/client.h"
#include "cli/link/job.h"
#include "cli/screen/describe.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"
#include "cli/screen/state.h"

#include "base/cleanup.h"
#include "base/num.h"

#include <limits.h>
#include <string.h>

/* " Pause: 14.2 ms (mpatha)." from the job's result; of several maps, the longest pause. */
static void add_pause(struct buf *text, struct json_object *job)
{
	struct json_object *pauses = field_get(field_get(job, "result"), "pauses_us");
	int64_t longest = -1;
	const char *map = "";
	size_t count = 0;

	if (!json_object_is_type(pauses, json_type_object))
		return;
	json_object_object_foreach(pauses, name, pause)
	{
		count++;
		if (json_object_get_int64(pause) > longest)
			longest = json_object_get_int64(pause), map = name;
	}
	if (count == 0)
		return;
	if (count == 1)
		buf_puts(text, " Pause: ");
	else
		buf_printf(text, " Longest pause of %zu volumes: ", count);
	print_pause(text, longest);
	buf_printf(text, " (%s).", map);
}

/* Print the result in a sentence, the pause, and the next step. */
static void show_done(struct json_object *job, const char *done, const char *next)
{
	CLEANUP_BUF struct buf text = { 0 };

	buf_printf(&text, "Import %s: %s%s.", field_text(job, "import_id"), job_unchanged(job) ? "was already " : "",
		   done);
	add_pause(&text, job);
	buf_printf(&text, "%s%s\n", *next ? " " : "", next);
	print_text(stdout, buf_text(&text));
}

/* If a verb's job failed in the pre-check, print the findings before the message. */
static int show_findings(struct cli *cli)
{
	CLEANUP_BUF struct buf text = { 0 };

	if (!cli->json)
		describe_findings(&text, field_get(field_get(cli->problem, "job"), "result"));
	print_text(stderr, buf_text(&text));
	return -1;
}

/* *ret_job is the job to show; NULL: nothing is left to show (--no-wait, or JSON was printed). */
static int run_job(struct cli *cli, const char *path, struct json_object *body, struct json_object **ret_job)
{
	if (job_run(cli, path, body, ret_job) < 0)
		return show_findings(cli);
	if (*ret_job && cli->json) {
		print_json(*ret_job);
		json_object_put(TAKE(*ret_job));
	}
	return 0;
}

static int run_verb(struct cli *cli, const char *path, struct json_object *body, const char *done, const char *next)
{
	CLEANUP_JSON struct json_object *job = NULL;

	if (run_job(cli, path, body, &job) < 0)
		return -1;
	if (job)
		show_done(job, done, next);
	return 0;
}

/* Prepared long ago, it may be on the destination already. */
static void show_unchanged(struct cli *cli, struct json_object *job, const char *id, const char *next)
{
	CLEANUP_JSON struct json_object *import = NULL;
	CLEANUP_BUF struct buf path = { 0 }, leave = { 0 };

	buf_printf(&path, "/imports/%s", id);
	buf_printf(&leave, "Next: importcli import cutover %s, cancel %s, or switch %s --to source", id, id, id);
	if (client_get(cli, buf_text(&path), &import) == 0 &&
	    strcmp(field_text(import, "state"), "on_destination") == 0)
		show_done(job, "on the destination", buf_text(&leave));
	else
		show_done(job, "prepared", next);
	cli_forget_problem(cli);
}

static int prepare(struct cli *cli, const char *id)
{
	CLEANUP_BUF struct buf path = { 0 }, next = { 0 };
	CLEANUP_JSON struct json_object *job = NULL;

	buf_printf(&path, "/imports/%s/prepare", id);
	buf_printf(&next, "Next: importcli import switch %s --to destination", id);
	if (run_job(cli, buf_text(&path), NULL, &job) < 0)
		return -1;
	if (job && job_unchanged(job))
		show_unchanged(cli, job, id, buf_text(&next));
	else if (job)
		show_done(job, "prepared", buf_text(&next));
	return 0;
}

static int prepare_new(struct cli *cli)
{
	CLEANUP_JSON struct json_object *import = NULL;

	if (import_create(cli, &import) < 0)
		return -1;
	const char *id = field_text(import, "id");

	if (prepare(cli, id) == 0)
		return 0;
	fprintf(stderr,
		"Import %s was created. Try again: importcli import prepare %s, or cancel it: importcli import cancel "
		"%s\n",
		id, id, id);
	return -1;
}

static int run_prepare(struct cli *cli)
{
	if (cli->args.operand_count > 1)
		return prepare_new(cli);
	if (args_option(&cli->args, "min-paths") || args_option(&cli->args, "id"))
		return cli_usage(cli, "options '--id' and '--min-paths' go with WWIDs, not with an import");
	return import_check_id(cli) < 0 ? -1 : prepare(cli, cli->args.operands[0]);
}

static const struct option_spec prepare_options[] = {
	IMPORT_ID_OPTION,
	IMPORT_MIN_PATHS_OPTION,
	JOB_NO_WAIT,
	{ 0 },
};

const struct command command_import_prepare = {
	.name = "prepare",
	.usage = "import prepare [--no-wait] <import>\n"
		 "import prepare [options] <source> <destination>...",
	.summary = "find and check the destination; moves no I/O",
	.help = "Takes an import, or WWIDs in pairs: then it creates the import first. The array\n"
		"must have mapped the destination to this host, in pass-through.\n",
	.options = prepare_options,
	.min_operands = 1,
	.max_operands = OPERANDS_MAX,
	.run = run_prepare,
};

static bool is_side(const char *to)
{
	return to && (strcmp(to, "destination") == 0 || strcmp(to, "source") == 0);
}

/* The verbs that need a side. */
static int run_to_side(struct cli *cli, const char *verb)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	const char *to = args_option(&cli->args, "to");
	CLEANUP_BUF struct buf path = { 0 };

	if (to && !is_side(to))
		return cli_usage(cli, "option '--to' is destination or source, not '%s'", to);
	if (!to)
		return cli_usage(cli, "the side is missing: --to destination or --to source");
	if (import_path(cli, verb, &path) < 0)
		return -1;
	json_object_object_add(body, "to", json_object_new_string(to));
	return run_verb(cli, buf_text(&path), body, strcmp(to, "source") == 0 ? "on the source" : "on the destination",
			"");
}

static int run_switch(struct cli *cli)
{
	return run_to_side(cli, "/switch");
}

static const struct option_spec switch_options[] = {
	{ "to", 0, "destination|source", "where the application goes" },
	JOB_NO_WAIT,
	{ 0 },
};

const struct command command_import_switch = {
	.name = "switch",
	.usage = "import switch [--no-wait] <import> --to destination|source",
	.summary = "move the application to the other side; a short pause",
	.help = "All volumes of the import change sides together, or none. Both directions are\n"
		"possible until the cutover.\n",
	.options = switch_options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_switch,
};

static int run_hold(struct cli *cli)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	const char *to = args_option(&cli->args, "to"), *lease = args_option(&cli->args, "lease");
	CLEANUP_BUF struct buf path = { 0 }, next = { 0 };
	uint64_t lease_ms;

	if (!to)
		to = "destination";
	if (!is_side(to))
		return cli_usage(cli, "option '--to' is destination or source, not '%s'", to);
	if (lease && (!num_parse(lease, INT_MAX, &lease_ms) || lease_ms == 0))
		return cli_usage(cli, "option '--lease' is a number of milliseconds, not '%s'", lease);
	if (import_path(cli, "/hold", &path) < 0)
		return -1;
	json_object_object_add(body, "to", json_object_new_string(to));
	if (lease)
		json_object_object_add(body, "lease_ms", json_object_new_int64((int64_t)lease_ms));
	buf_printf(&next, "Its I/O waits. Next, before the lease ends: importcli import release %s --to %s",
		   cli->args.operands[0], to);
	return run_verb(cli, buf_text(&path), body, "held", buf_text(&next));
}

static const struct option_spec hold_options[] = {
	{ "to", 0, "destination|source", "the new side (default: destination)" },
	{ "lease", 0, "ms", "the longest hold in milliseconds (default: 5000)" },
	JOB_NO_WAIT,
	{ 0 },
};

const struct command command_import_hold = {
	.name = "hold",
	.usage = "import hold [options] <import>",
	.summary = "make all I/O wait while the array changes over",
	.help = "For arrays without pass-through. When the lease or the agent ends, the volumes\n"
		"go back to the side they were on. Given again with --lease, it renews the lease.\n",
	.options = hold_options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_hold,
};

static int run_release(struct cli *cli)
{
	return run_to_side(cli, "/release");
}

const struct command command_import_release = {
	.name = "release",
	.usage = "import release [--no-wait] <import> --to destination|source",
	.summary = "end a hold, on the new side or on the old one",
	.help = "A release after the end of the lease is refused, and the volumes stay on their\n"
		"old side.\n",
	.options = switch_options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_release,
};

static int run_reservation(struct cli *cli)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	const char *source = cli->args.operands[1];
	CLEANUP_BUF struct buf path = { 0 };
	bool lifted = strcmp(source, "lifted") == 0;

	if (!lifted && strcmp(source, "restored") != 0)
		return cli_usage(cli, "the source's reservation can be lifted or restored, not '%s'", source);
	if (import_path(cli, "/reservation", &path) < 0)
		return -1;
	json_object_object_add(body, "source", json_object_new_string(source));
	return run_verb(cli, buf_text(&path), body,
			lifted ? "without a reservation on the source" : "with the source's reservation put back", "");
}

static const struct option_spec wait_options[] = {
	JOB_NO_WAIT,
	{ 0 },
};

const struct command command_import_reservation = {
	.name = "reservation",
	.usage = "import reservation [--no-wait] <import> lifted|restored",
	.summary = "lift the source's persistent reservation, or restore it",
	.help = "For an array that writes to the source itself. Use it on the host that holds the\n"
		"reservation. Registrations stay. A switch back to the source restores it, too.\n",
	.options = wait_options,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_reservation,
};

static int run_cutover(struct cli *cli)
{
	CLEANUP_BUF struct buf path = { 0 };

	if (import_path(cli, "/commit", &path) < 0)
		return -1;
	return run_verb(cli, buf_text(&path), NULL, "committed", "The source was removed from this host.");
}

const struct command command_import_cutover = {
	.name = "cutover",
	.usage = "import cutover [--no-wait] <import>",
	.summary = "make an import final: remove the source from this host",
	.help = "There is no way back afterwards. Wait until the array has copied everything:\n"
		"what is not copied by then is lost.\n",
	.options = wait_options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_cutover,
};

const struct command command_import_commit = {
	.name = "commit",
	.usage = "import commit [--no-wait] <import>",
	.summary = "the same as cutover",
	.help = "Both words mean the same verb.\n",
	.options = wait_options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_cutover,
};

static int run_cancel(struct cli *cli)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	bool force = args_option(&cli->args, "force");
	CLEANUP_BUF struct buf path = { 0 };

	if (import_path(cli, "/cancel", &path) < 0)
		return -1;
	json_object_object_add(body, "force", json_object_new_boolean(force));
	return run_verb(cli, buf_text(&path), body, "cancelled", force ? "Nothing was switched back." : "");
}

static const struct option_spec cancel_options[] = {
	{ "force", 0, NULL, "end the import without switching back" },
	JOB_NO_WAIT,
	{ 0 },
};

const struct command command_import_cancel = {
	.name = "cancel",
	.usage = "import cancel [--no-wait] [--force] <import>",
	.summary = "go back to the source and remove the destination",
	.help = "Possible at any time before the cutover. With --force the import ends without\n"
		"going back; the host may then have to be recovered by hand.\n",
	.options = cancel_options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_cancel,
};
