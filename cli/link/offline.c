/*
 * The engine without the agent; see offline.h. Except in a recovery it only looks: what an agent that died left
 * unfinished is repaired by the next agent, not by a report. The lock keeps the agent from starting meanwhile, so
 * everything here is short.
 */
#include "offline.h"

#include "cli/screen/field.h"

#include "api/reports.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <unistd.h>

/* What is asked of the engine, with what goes with it. */
struct question {
	int (*ask)(struct engine *engine, const struct question *question, struct json_object **ret, struct error *err);
	bool importable_only;
	struct verb_request verb;
};

static int report_volumes(struct engine *engine, const struct question *question, struct json_object **ret,
			  struct error *err)
{
	CLEANUP(volume_reports_free) struct volume_reports volumes = { 0 };

	if (engine_report_volumes(engine, &volumes, err) < 0)
		return -1;
	*ret = volumes_json(&volumes, question->importable_only);
	return 0;
}

static int report_arrays(struct engine *engine, const struct question *question, struct json_object **ret,
			 struct error *err)
{
	CLEANUP(array_reports_free) struct array_reports arrays = { 0 };

	(void)question;
	if (engine_report_arrays(engine, &arrays, err) < 0)
		return -1;
	*ret = arrays_json(&arrays);
	return 0;
}

static int recover(struct engine *engine, const struct question *question, struct json_object **ret, struct error *err)
{
	CLEANUP(verb_result_free) struct verb_result result = { 0 };
	int rc = engine_run(engine, &question->verb, NULL, &result, err);

	*ret = verb_result_json(&result);
	return rc;
}

static int ask(const struct question *question, struct json_object **ret, struct error *err)
{
	struct engine_options options;
	struct engine *engine = NULL;
	struct ports ports;

	if (geteuid() != 0)
		return error_set(err, ERR_NOT_ROOT, "", "The agent does not run, and only root may read devices.");
	if (ports_system(&ports, err) < 0)
		return -1;
	engine_options_defaults(&options);
	options.leave_torn = question->ask == recover;
	options.look_only = !options.leave_torn || question->verb.dry_run;
	int result = engine_open(&engine, &options, &ports, err);

	if (result == 0)
		result = question->ask(engine, question, ret, err);
	engine_close(engine);
	ports_system_close(&ports);
	return result;
}

static int instead(struct cli *cli, const struct question *question, struct json_object **ret)
{
	struct error err = { 0 };

	if (!cli_problem_is(cli, ERR_AGENT_UNREACHABLE))
		return -1;
	cli_forget_problem(cli);
	int result = ask(question, ret, &err);

	if (!cli->json)
		field_make_plain(*ret);
	if (result < 0)
		return cli_fail(cli, &err);
	fputs("importcli: The agent does not run; this is what importcli sees without it.\n"
	      "What to do: Start it: systemctl start import-agent\n",
	      stderr);
	return 0;
}

int offline_volumes(struct cli *cli, bool importable_only, struct json_object **ret)
{
	const struct question question = { .ask = report_volumes, .importable_only = importable_only };

	return instead(cli, &question, ret);
}

int offline_arrays(struct cli *cli, struct json_object **ret)
{
	const struct question question = { .ask = report_arrays };

	return instead(cli, &question, ret);
}

int offline_recover(struct cli *cli, const char *wwid, bool dry_run, struct json_object **ret)
{
	struct question question = { .ask = recover, .verb = { .verb = VERB_RECOVER, .dry_run = dry_run } };

	snprintf(question.verb.wwid, sizeof(question.verb.wwid), "%s", wwid);
	return instead(cli, &question, ret);
}

int offline_journal(struct cli *cli, const char *import_id, struct journal_report *ret)
{
	struct engine_options options;
	struct host_port host;
	struct error err = { 0 };

	if (geteuid() != 0) {
		error_set(&err, ERR_NOT_ROOT, "", "The journal belongs to root.");
		return cli_fail(cli, &err);
	}
	engine_options_defaults(&options);
	ports_system_host(&host);
	return engine_report_journal(&options, &host, import_id, ret, &err) < 0 ? cli_fail(cli, &err) : 0;
}

int offline_findings(struct cli *cli, struct finding_list *ret)
{
	struct engine_options options;
	struct host_port host;
	struct error err = { 0 };

	engine_options_defaults(&options);
	ports_system_host(&host);
	return engine_report_findings(&options, &host, ret, &err) < 0 ? cli_fail(cli, &err) : 0;
}
