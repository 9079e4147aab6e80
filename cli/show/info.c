/*
 * ha_version, list_supported_arrays: what this suite is and knows. Neither needs the agent.
 */
#include "commands.h"

#include "cli/link/client.h"
#include "cli/link/offline.h"
#include "cli/run/run.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "base/version.h"

static int run_ha_version(struct cli *cli)
{
	if (cli->json) {
		CLEANUP_JSON struct json_object *object = json_object_new_object();

		json_object_object_add(object, "agent_version", json_object_new_string(version_product));
		json_object_object_add(object, "agent_build", json_object_new_string(version_build));
		print_json(object);
	} else {
		printf("HA version: %s\nBuild version: %s\n", version_product, version_build);
	}
	return 0;
}

const struct command command_ha_version = {
	.name = "ha_version",
	.usage = "ha_version",
	.summary = "show the version of this host agent (HA)",
	.help = "Prints the version and the build, <commit>_<number>. Needs no running agent.\n",
	.diagnostic = true,
	.run = run_ha_version,
};

static void show_arrays(struct json_object *answer)
{
	CLEANUP_TABLE struct table table = { .columns = 2 };
	CLEANUP_BUF struct buf text = { 0 };
	size_t count;
	struct json_object *arrays = field_list(answer, "arrays", &count);

	table_cell(&table, "Array Name");
	table_cell(&table, "VID");
	for (size_t i = 0; i < count; i++) {
		struct json_object *array = json_object_array_get_idx(arrays, i);

		table_cell(&table, "%s", field_text(array, "name"));
		table_cell(&table, "%s", field_text(array, "vendor"));
	}
	table_print(&table, &text);
	print_text(stdout, buf_text(&text));
}

static int run_arrays(struct cli *cli)
{
	CLEANUP_JSON struct json_object *answer = NULL;

	if (client_get(cli, "/agent/arrays", &answer) < 0 && offline_arrays(cli, &answer) < 0)
		return -1;
	print_result(cli->json, answer, show_arrays);
	return 0;
}

const struct command command_list_supported_arrays = {
	.name = "list_supported_arrays",
	.usage = "list_supported_arrays",
	.summary = "list the arrays that this host knows, by vendor id",
	.help = "To add an array, put a file into /etc/dm-import/arrays.d. Needs no running\n"
		"agent.\n",
	.diagnostic = true,
	.run = run_arrays,
};
