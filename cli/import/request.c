/*
 * What goes to the agent about an import; see request.h.
 */
#include "request.h"

#include "cli/link/client.h"
#include "cli/run/operand.h"
#include "cli/screen/field.h"

#include "base/num.h"

#include <inttypes.h>

static int check_id(struct cli *cli, const char *id)
{
	if (operand_is_import_id(id))
		return 0;
	return cli_usage(cli, "'%s' cannot name an import (letters, digits, '.', '_', '-'; at most 64)", id);
}

int import_check_id(struct cli *cli)
{
	return check_id(cli, cli->args.operands[0]);
}

int import_path(struct cli *cli, const char *verb, struct buf *ret)
{
	buf_printf(ret, "/imports/%s%s", cli->args.operands[0], verb);
	return import_check_id(cli);
}

static int add_member(struct cli *cli, struct json_object *members, const char *const pair[2])
{
	static const char *const names[] = { "source_wwid", "destination_wwid" };
	struct json_object *member = json_object_new_object();
	char wwid[40];

	json_object_array_add(members, member);
	for (size_t i = 0; i < 2; i++) {
		if (operand_wwid(cli, pair[i], wwid, sizeof(wwid)) < 0)
			return -1;
		json_object_object_add(member, names[i], json_object_new_string(wwid));
	}
	return 0;
}

/* The options --id and --min-paths, as fields of the body. */
static int add_options(struct cli *cli, struct json_object *body)
{
	const char *id = args_option(&cli->args, "id"), *min_paths = args_option(&cli->args, "min-paths");
	uint64_t number;

	if (id && check_id(cli, id) < 0)
		return -1;
	if (min_paths && (!num_parse(min_paths, 64, &number) || number == 0))
		return cli_usage(cli, "option '--min-paths' is a number from 1 to 64, not '%s'", min_paths);
	if (id)
		json_object_object_add(body, "id", json_object_new_string(id));
	if (min_paths)
		json_object_object_add(body, "min_paths", json_object_new_int((int)number));
	return 0;
}

int import_body(struct cli *cli, struct json_object **ret)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	struct json_object *members = json_object_new_array();
	const struct args *args = &cli->args;

	json_object_object_add(body, "members", members);
	if (args->operand_count % 2)
		return cli_usage(cli, "the destination of '%s' is missing", args->operands[args->operand_count - 1]);
	for (size_t i = 0; i < args->operand_count; i += 2)
		if (add_member(cli, members, &args->operands[i]) < 0)
			return -1;
	if (add_options(cli, body) < 0)
		return -1;
	*ret = json_object_get(body);
	return 0;
}

int import_create(struct cli *cli, struct json_object **ret)
{
	CLEANUP_JSON struct json_object *body = NULL;

	if (import_body(cli, &body) < 0)
		return -1;
	return client_call(cli, "POST", "/imports", body, 0, ret);
}

int import_job(struct cli *cli, struct json_object *import, struct json_object **ret)
{
	CLEANUP_BUF struct buf path = { 0 };

	*ret = NULL;
	if (!field_get(import, "job"))
		return 0;
	buf_printf(&path, "/jobs/%" PRId64, field_number(import, "job"));
	if (client_get(cli, buf_text(&path), ret) == 0)
		return 0;
	if (!cli_problem_is(cli, ERR_JOB_UNKNOWN))
		return -1;
	cli_forget_problem(cli);
	return 0;
}
