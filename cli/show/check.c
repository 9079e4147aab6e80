/*
 * check: for monitoring systems, by the convention of their plug-ins: one line, details behind it, and the exit status
 * is the verdict. It asks the agent, and looks at files where there is none; check_judge.c decides.
 */
#include "check_judge.h"
#include "commands.h"

#include "cli/link/client.h"
#include "cli/link/offline.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"
#include "cli/screen/state.h"

#include "api/reports.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/num.h"

#include <inttypes.h>
#include <string.h>

enum { TIMEOUT_S = 30, TIMEOUT_MAX_S = 600 };

/* What kept a question from being answered is a finding; only for somebody who may not ask it is none (-1). */
static int keep_failure(struct cli *cli, struct check *check, const char *what)
{
	if (cli_problem_is(cli, ERR_NOT_ROOT))
		return -1;
	check_add(check, check_weigh(check), field_text(cli->problem, "code"), what, field_text(cli->problem, "remedy"),
		  "%s%s%s", field_text(cli->problem, "title"), *field_text(cli->problem, "detail") ? " " : "",
		  field_text(cli->problem, "detail"));
	check->agent_silent = cli_problem_is(cli, ERR_AGENT_UNREACHABLE);
	cli_forget_problem(cli);
	return 0;
}

/*
 * No agent: whether imports are in progress is in the journal, and whether the next boot will do is in files. -1 with
 * the run's problem when those cannot be read either.
 */
static int look_without_agent(struct cli *cli, struct check *check)
{
	CLEANUP_JSON struct json_object *why = json_object_get(cli->problem);
	CLEANUP(journal_report_free) struct journal_report journal = { 0 };
	CLEANUP(finding_list_free) struct finding_list findings = { 0 };

	cli_forget_problem(cli);
	if (offline_journal(cli, NULL, &journal) < 0 || offline_findings(cli, &findings) < 0)
		return -1;
	for (size_t i = 0; i < journal.count; i++)
		check->imports_in_progress += import_recorded_in_progress(&journal, i);
	check_add(check, check_weigh(check), error_name(ERR_AGENT_UNREACHABLE), "import-agent",
		  error_remedy(ERR_AGENT_UNREACHABLE), "The agent does not answer: %s", field_text(why, "detail"));
	if (journal.damaged_line)
		check_add(check, CHECK_CRITICAL, error_name(ERR_STORE_DAMAGED), "journal",
			  "See dm-import-journal(5). The agent does not start until it is repaired.",
			  "The journal is damaged: %s", journal.damage.detail);
	CLEANUP_JSON struct json_object *of_host = findings_json(&findings);

	check_host_findings(check, of_host);
	return 0;
}

static int get(struct cli *cli, struct check *check, const char *path, struct json_object **ret)
{
	if (check->agent_silent)
		return 0;
	return client_get(cli, path, ret) < 0 ? keep_failure(cli, check, path + 1) : 0;
}

static int ask_agent(struct cli *cli, struct check *check, struct check_answers *answers)
{
	if (client_get(cli, "/agent", &answers->agent) < 0)
		return cli_problem_is(cli, ERR_AGENT_UNREACHABLE) ? look_without_agent(cli, check)
								  : keep_failure(cli, check, "agent");
	check->imports_in_progress = field_number(answers->agent, "imports_in_progress");
	if (get(cli, check, "/imports", &answers->imports) < 0 || get(cli, check, "/volumes", &answers->volumes) < 0 ||
	    get(cli, check, "/host", &answers->host) < 0)
		return -1;
	return 0;
}

static void free_answers(struct check_answers *answers)
{
	json_object_put(answers->agent);
	json_object_put(answers->host);
	json_object_put(answers->imports);
	json_object_put(answers->volumes);
}

/* The worst finding in one line, and how many more there are; or what is well. */
static void add_summary(struct buf *text, const struct check *check, const char *version)
{
	for (size_t i = 0; i < check->count; i++) {
		if (check->findings[i].level != check->level)
			continue;
		buf_puts(text, check->findings[i].text);
		if (check->count > 1)
			buf_printf(text, " (and %zu more)", check->count - 1);
		return;
	}
	buf_printf(text, "agent %s answers and serves, ", version);
	print_count(text, (size_t)check->imports_in_progress, "import");
	buf_puts(text, " in progress");
	if (check->certificate_known)
		buf_printf(text, ", certificate valid for %" PRId64 " days", check->certificate_days);
}

static struct json_object *check_findings_json(const struct check *check)
{
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < check->count; i++) {
		const struct check_finding *finding = &check->findings[i];
		struct json_object *row = json_object_new_object();

		json_add_text(row, "level", check_level_name(finding->level));
		json_add_text(row, "code", finding->code);
		json_add_text(row, "subject", finding->subject);
		json_add_text(row, "text", finding->text);
		json_add_text(row, "remedy", finding->remedy);
		json_object_array_add(rows, row);
	}
	return rows;
}

static void show_json(const struct check *check, const char *summary)
{
	CLEANUP_JSON struct json_object *object = json_object_new_object();

	json_add_text(object, "status", check_level_name(check->level));
	json_object_object_add(object, "exit_status", json_object_new_int((int)check->level));
	json_add_text(object, "summary", summary);
	json_object_object_add(object, "imports_in_progress", json_object_new_int64(check->imports_in_progress));
	json_object_object_add(object, "certificate_days",
			       check->certificate_known ? json_object_new_int64(check->certificate_days) : NULL);
	json_object_object_add(object, "findings", check_findings_json(check));
	print_json(object);
}

static void show_findings(const struct check *check, enum check_level level)
{
	for (size_t i = 0; i < check->count; i++) {
		const struct check_finding *finding = &check->findings[i];

		if (finding->level != level)
			continue;
		printf("%s: %s: ", check_level_name(level), finding->code);
		print_plugin_text(stdout, finding->text);
		fputs("\n    What to do: ", stdout);
		print_plugin_text(stdout, finding->remedy);
		fputs("\n", stdout);
	}
}

/* "STATUS - summary | numbers", then each finding, the worst first. */
static void show(const struct check *check, const char *summary)
{
	printf("%s - ", check_level_name(check->level));
	print_plugin_text(stdout, summary);
	printf(" | imports=%" PRId64, check->imports_in_progress);
	if (check->certificate_known)
		printf(" certificate_days=%" PRId64 ";%d:;0:", check->certificate_days, CERTIFICATE_WARNING_DAYS);
	fputs("\n", stdout);
	show_findings(check, CHECK_CRITICAL);
	show_findings(check, CHECK_WARNING);
}

static int set_deadline(struct cli *cli)
{
	const char *timeout = args_option(&cli->args, "timeout");
	uint64_t seconds = TIMEOUT_S;

	if (timeout && (!num_parse(timeout, TIMEOUT_MAX_S, &seconds) || seconds == 0))
		return cli_usage(cli, "option '--timeout' is a number of seconds from 1 to %d, not '%s'", TIMEOUT_MAX_S,
				 timeout);
	cli->deadline_us = clock_mono_us() + seconds * 1000000;
	return 0;
}

static int run(struct cli *cli)
{
	CLEANUP(free_answers) struct check_answers answers = { 0 };
	CLEANUP(check_close) struct check check = { 0 };
	CLEANUP_BUF struct buf summary = { 0 };

	if (set_deadline(cli) < 0 || ask_agent(cli, &check, &answers) < 0)
		return -1;
	check_judge(&check, &answers, time(NULL));
	add_summary(&summary, &check, field_text(answers.agent, "agent_version"));
	if (cli->json)
		show_json(&check, buf_text(&summary));
	else
		show(&check, buf_text(&summary));
	cli->status = (int)check.level;
	return 0;
}

static const struct option_spec options[] = {
	{ "timeout", 0, "seconds", "how long it may take (default: 30)" },
	{ 0 },
};

const struct command command_check = {
	.name = "check",
	.usage = "check [--timeout seconds]",
	.summary = "monitoring plug-in: agent, imports, paths, certificate",
	.help = "Follows the convention of monitoring plug-ins: the first line is the verdict,\n"
		"and the exit status says the same; it differs from that of the other commands.\n"
		"If the agent does not answer, it reads files, and imports in progress are then\n"
		"CRITICAL.\n",
	.options = options,
	.unknown_status = CHECK_UNKNOWN,
	.exit_statuses = "0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (also wrong usage)",
	.run = run,
};
