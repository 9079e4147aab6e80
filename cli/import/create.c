/*
 * import create, import delete: the two that need no job.
 */
#include "commands.h"
#include "request.h"

#include "cli/link/client.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "dm-import/dm_import.h"

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

	if (import_state_from_name(state) == IMPORT_NEW)
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
