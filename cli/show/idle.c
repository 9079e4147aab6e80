/*
 * idle: is no import in progress? What packages and the installer ask before an upgrade or a removal. The agent knows;
 * without one, the newest record that the journal has of each import does.
 */
#include "commands.h"

#include "cli/link/client.h"
#include "cli/link/offline.h"
#include "cli/run/run.h"
#include "cli/screen/field.h"
#include "cli/screen/state.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

static void name_one(struct buf *names, const char *name, const char *state)
{
	buf_printf(names, "%s%s (%s)", names->length ? ", " : "", name, state);
}

static void name_imports(struct json_object *report, struct buf *names)
{
	size_t count;
	struct json_object *imports = field_list(report, "imports", &count);

	for (size_t i = 0; i < count; i++) {
		struct json_object *import = json_object_array_get_idx(imports, i);

		if (import_in_progress(import))
			name_one(names, field_text(import, "id"), field_text(import, "state"));
	}
}

/* A verb that runs on an import that is over, or on none: a recovery, a pre-check. */
static void name_jobs(struct json_object *report, struct buf *names)
{
	size_t count;
	struct json_object *jobs = field_list(report, "jobs", &count);

	for (size_t i = 0; i < count; i++) {
		struct json_object *job = json_object_array_get_idx(jobs, i);
		const char *state = field_text(job, "state");

		if (strcmp(state, "queued") == 0 || strcmp(state, "running") == 0)
			name_one(names, field_text(job, "kind"), state);
	}
}

static int ask_journal(struct cli *cli, struct buf *names)
{
	CLEANUP(journal_report_free) struct journal_report journal = { 0 };

	cli_forget_problem(cli);
	if (offline_journal(cli, NULL, &journal) < 0)
		return -1;
	if (journal.damaged_line)
		return cli_fail(cli, &journal.damage);
	for (size_t i = 0; i < journal.count; i++) {
		const struct record_report *record = &journal.records[i];

		if (import_recorded_in_progress(&journal, i))
			name_one(names, record->import_id, record->readable ? import_state_name(record->state) : "");
	}
	return 0;
}

static int ask_agent(struct cli *cli, struct buf *names)
{
	CLEANUP_JSON struct json_object *imports = NULL, *jobs = NULL;

	if (client_get(cli, "/imports", &imports) < 0 || client_get(cli, "/jobs", &jobs) < 0)
		return -1;
	name_imports(imports, names);
	if (!names->length)
		name_jobs(jobs, names);
	return 0;
}

static int run(struct cli *cli)
{
	CLEANUP_BUF struct buf names = { 0 };
	struct error err = { 0 };

	if (ask_agent(cli, &names) < 0 && (!cli_problem_is(cli, ERR_AGENT_UNREACHABLE) || ask_journal(cli, &names) < 0))
		return -1;
	if (names.length) {
		error_set(&err, ERR_IMPORT_IN_PROGRESS, NULL, "%s", buf_text(&names));
		return cli_fail(cli, &err);
	}
	puts(cli->json ? "{ \"idle\": true }" : "No import is in progress.");
	return 0;
}

const struct command command_idle = {
	.name = "idle",
	.usage = "idle",
	.summary = "ask whether the agent may be upgraded or removed",
	.help = "Exit status 0: no import is in progress, so the agent may be upgraded or\n"
		"removed. Exit status 1: standard error names the imports or jobs that are in\n"
		"progress. Without a running agent the journal is read; if it is damaged, the\n"
		"exit status is 1.\n",
	.run = run,
};
