/*
 * One run's problem, and what every command takes; see run.h.
 */
#include "run.h"

#include "cli/screen/field.h"

#include "api/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct option_spec cli_options[] = {
	{ "output", 0, "json|text", "how results are written (default: text)" },
	{ "help", 'h', NULL, "show what this command does" },
	{ "socket", 0, "path", NULL },
	{ "config", 0, "path", NULL },
	{ 0 },
};

int cli_fail(struct cli *cli, const struct error *err)
{
	cli_forget_problem(cli);
	cli->problem = problem_document(err->code, err->detail, error_remedy(err->code));
	if (*err->device)
		json_object_object_add(cli->problem, "device", json_object_new_string(err->device));
	if (*err->step)
		json_object_object_add(cli->problem, "step", json_object_new_string(err->step));
	return -1;
}

int cli_usage(struct cli *cli, const char *fmt, ...)
{
	char detail[256];
	va_list list;

	va_start(list, fmt);
	vsnprintf(detail, sizeof(detail), fmt, list);
	va_end(list);
	cli_forget_problem(cli);
	cli->problem = problem_document(ERR_USAGE, detail, "Correct the command line.");
	cli->wrong_usage = true;
	return -1;
}

bool cli_problem_is(const struct cli *cli, enum error_code code)
{
	return strcmp(field_text(cli->problem, "code"), error_name(code)) == 0;
}

void cli_forget_problem(struct cli *cli)
{
	json_object_put(cli->problem);
	cli->problem = NULL;
	cli->wrong_usage = false;
}
