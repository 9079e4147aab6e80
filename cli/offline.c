/*
 * The engine without the agent; see offline.h. It only looks: what an agent that died left unfinished is repaired by
 * the next agent, not by a report. The lock keeps the agent from starting meanwhile, so everything here is short.
 */
#include "offline.h"

#include "dm-import/dm_import.h"

#include <stdio.h>
#include <unistd.h>

static int report_volumes(struct engine *engine, bool importable_only, struct json_object **ret, struct error *err)
{
	return engine_report_volumes(engine, importable_only, ret, err);
}

static int report_arrays(struct engine *engine, bool unused, struct json_object **ret, struct error *err)
{
	(void)unused;
	return engine_report_arrays(engine, ret, err);
}

static int with_engine(int (*report)(struct engine *, bool, struct json_object **, struct error *), bool argument,
		       struct json_object **ret, struct error *err)
{
	struct engine_options options;
	struct engine *engine = NULL;
	struct ports ports;

	if (geteuid() != 0)
		return error_set(err, ERR_NOT_ROOT, "", "The agent does not run, and devices are root's.");
	if (ports_system(&ports, err) < 0)
		return -1;
	engine_options_defaults(&options);
	options.look_only = true;
	int result = engine_open(&engine, &options, &ports, err);

	if (result == 0)
		result = report(engine, argument, ret, err);
	engine_close(engine);
	ports_system_close(&ports);
	return result;
}

static int instead(struct cli *cli, int (*report)(struct engine *, bool, struct json_object **, struct error *),
		   bool argument, struct json_object **ret)
{
	struct error err = { 0 };

	if (!cli_problem_is(cli, ERR_AGENT_UNREACHABLE))
		return -1;
	cli_forget_problem(cli);
	if (with_engine(report, argument, ret, &err) < 0)
		return cli_fail(cli, &err);
	fputs("importcli: The agent does not run; this is what importcli sees without it.\n"
	      "What to do: Start it: systemctl start import-agent\n",
	      stderr);
	return 0;
}

int offline_volumes(struct cli *cli, bool importable_only, struct json_object **ret)
{
	return instead(cli, report_volumes, importable_only, ret);
}

int offline_arrays(struct cli *cli, struct json_object **ret)
{
	return instead(cli, report_arrays, false, ret);
}
