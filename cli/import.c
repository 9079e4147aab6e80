/*
 * The family `importcli import`, what its commands share (import.h), and the two that need no job: create, delete.
 */
#include "import.h"

#include "client.h"
#include "field.h"
#include "print.h"

#include "base/num.h"

#include "dm-import/dm_import.h"

#include <inttypes.h>
#include <string.h>

static int check_id(struct cli *cli, const char *id)
{
	if (args_import_id(id))
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

int import_wwid(struct cli *cli, const char *text, char *ret, size_t size)
{
	if (args_wwid(text, ret, size))
		return 0;
	return cli_usage(cli, "'%s' is not a WWID (16 or 32 hexadecimal digits, with or without a 3 before)", text);
}

static int add_member(struct cli *cli, struct json_object *members, const char *const pair[2])
{
	static const char *const names[] = { "source_wwid", "destination_wwid" };
	struct json_object *member = json_object_new_object();
	char wwid[40];

	json_object_array_add(members, member);
	for (size_t i = 0; i < 2; i++) {
		if (import_wwid(cli, pair[i], wwid, sizeof(wwid)) < 0)
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

static int run_create(struct cli *cli)
{
	CLEANUP_JSON struct json_object *import = NULL;
	CLEANUP_BUF struct buf text = { 0 };

	if (import_create(cli, &import) < 0)
		return -1;
	if (cli->json) {
		print_json(import);
		return 0;
	}
	const char *id = field_text(import, "id"), *state = field_text(import, "state");

	if (strcmp(state, "new") == 0)
		buf_printf(&text,
			   "Import %s: created. Map the destination to this host, then: importcli import prepare %s\n",
			   id, id);
	else
		buf_printf(&text, "Import %s: was already created, and is %s.\n", id, state);
	print_text(stdout, buf_text(&text));
	return 0;
}

static const struct option_spec create_options[] = {
	IMPORT_ID_OPTION,
	IMPORT_MIN_PATHS_OPTION,
	{ 0 },
};

const struct command command_import_create = {
	.name = "create",
	.usage = "import create [--id name] [--min-paths n] <source> <destination>...",
	.summary = "create an import, and hide its destination",
	.help = "Takes WWIDs in pairs; all volumes of an import change sides together. Create the\n"
		"import before the array maps the destination to this host.\n",
	.options = create_options,
	.min_operands = 2,
	.max_operands = OPERANDS_MAX,
	.run = run_create,
};

static int run_delete(struct cli *cli)
{
	CLEANUP_BUF struct buf path = { 0 };

	if (import_path(cli, "", &path) < 0 || client_call(cli, "DELETE", buf_text(&path), NULL, 0, NULL) < 0)
		return -1;
	if (cli->json)
		puts("{ }");
	else
		printf("Import %s: deleted.\n", cli->args.operands[0]);
	return 0;
}

const struct command command_import_delete = {
	.name = "delete",
	.usage = "import delete <import>",
	.summary = "forget an import that is committed or cancelled",
	.help = "A cancelled import can only be forgotten when its destination is no longer\n"
		"mapped to this host.\n",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_delete,
};

static const struct command *const verbs[] = {
	&command_import_create,	     &command_import_precheck, &command_import_prepare,
	&command_import_switch,	     &command_import_hold,     &command_import_release,
	&command_import_reservation, &command_import_cutover,  &command_import_cancel,
	&command_import_delete,	     &command_import_list,     &command_import_show,
	&command_import_watch,	     &command_import_session,  NULL,
};

const struct command command_import = {
	.name = "import",
	.usage = "import <command> [options]\nimport <command> help",
	.summary = "",
	.help = "Drives an import by hand: create, map the destination, prepare, switch, and,\n"
		"when the array has copied everything, cutover. Cancel goes back, at any time\n"
		"before the cutover.\n",
	.verbs = verbs,
};

bool import_in_progress(struct json_object *import)
{
	for (int state = IMPORT_NEW; state <= IMPORT_HELD; state++)
		if (strcmp(import_state_name(state), field_text(import, "state")) == 0)
			return import_state_in_progress(state);
	return true;
}

struct json_object *import_recorded(struct json_object *journal)
{
	struct json_object *open = json_object_new_object();
	size_t count;
	struct json_object *records = field_list(journal, "records", &count);

	for (size_t i = 0; i < count; i++) {
		struct json_object *record = json_object_array_get_idx(records, i);
		const char *id = field_text(record, "import");

		json_object_object_del(open, id); /* the last record counts, and its place in their order */
		if (import_in_progress(record) && strcmp(field_text(record, "event"), "forgotten") != 0)
			json_object_object_add(open, id, json_object_new_string(field_text(record, "state")));
	}
	return open;
}
