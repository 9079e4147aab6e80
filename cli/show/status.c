/*
 * status: the volumes. Labels and their order are those of the tool that scripts know; change none of them.
 */
#include "commands.h"

#include "cli/certificate/inspect.h"
#include "cli/link/client.h"
#include "cli/link/offline.h"
#include "cli/run/operand.h"
#include "cli/run/run.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "base/cleanup.h"

#include <string.h>

/* The WWID without multipath's leading 3: what the array calls the LUN. */
static const char *target_wwid(struct json_object *volume)
{
	const char *naa = field_text(volume, "naa_id"), *wwid = field_text(volume, "wwid");

	return *naa ? naa : wwid[0] == '3' ? wwid + 1 : wwid;
}

static void add_paths(struct buf *text, const char *label, struct json_object *volume, const char *list)
{
	static const char *const headings[] = {
		"Device", "H:C:T:L", "Checker", "ALUA", "Target port", "Initiator port"
	};
	static const char *const fields[] = { "device",	    "hctl",	   "checker_state",
					      "alua_state", "target_port", "initiator_port" };
	CLEANUP_TABLE struct table table = { .columns = ARRAY_SIZE(headings), .indent = 4 };
	size_t count;
	struct json_object *paths = field_list(volume, list, &count);

	table_headings(&table, headings);
	for (size_t row = 0; row < count; row++)
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			table_cell(&table, "%s",
				   print_or_dash(field_text(json_object_array_get_idx(paths, row), fields[i])));
	buf_printf(text, "%s:\n", label);
	table_print(&table, text);
}

static void add_users(struct buf *text, struct json_object *volume)
{
	size_t count;
	struct json_object *users = field_list(volume, "users", &count);

	buf_puts(text, count ? "Users:\n" : "Users: none\n");
	for (size_t i = 0; i < count; i++) {
		struct json_object *user = json_object_array_get_idx(users, i);

		buf_printf(text, "    %s %s", field_text(user, "kind"), field_text(user, "name"));
		if (*field_text(user, "detail"))
			buf_printf(text, " (%s)", field_text(user, "detail"));
		buf_puts(text, "\n");
	}
}

static void add_reservations(struct buf *text, struct json_object *volume)
{
	struct json_object *reservations = field_get(volume, "persistent_reservations");

	buf_puts(text, "Reservations: ");
	if (!reservations) {
		buf_puts(text, "none\n");
		return;
	}
	print_count(text, (size_t)field_number(reservations, "registrations"), "registration");
	if (field_get(reservations, "type"))
		buf_printf(text, ", %s", field_text(reservations, "type"));
	else
		buf_puts(text, ", not reserved");
	if (field_get(reservations, "holder_key"))
		buf_printf(text, ", held by key %s", field_text(reservations, "holder_key"));
	buf_puts(text, "\n");
}

static void add_details(struct buf *text, struct json_object *volume)
{
	struct json_object *reason = field_get(volume, "reason");
	size_t count;

	if (reason)
		buf_printf(text, "Reason: %s: %s\nWhat to do: %s\n", field_text(reason, "code"),
			   field_text(reason, "text"), field_text(reason, "remedy"));
	buf_printf(text, "Status: %s\n", print_or_dash(field_text(volume, "status")));
	buf_printf(text, "Active path: %s\n", print_or_dash(field_text(volume, "active_path")));
	if (field_get(volume, "import_id"))
		buf_printf(text, "Import: %s (%s)\n", field_text(volume, "import_id"),
			   field_text(volume, "import_state"));
	buf_printf(text, "Vendor and product: %s %s\n", field_text(volume, "vendor"), field_text(volume, "product"));
	buf_printf(text, "Array identifier: %s\n", print_or_dash(field_text(volume, "array_id")));
	buf_printf(text, "Sector size: %d logical, %d physical\n", (int)field_number(volume, "logical_sector_size"),
		   (int)field_number(volume, "physical_sector_size"));
	buf_puts(text, "Protocols: ");
	print_words(text, field_get(volume, "protocols"));
	buf_puts(text, "\nMount points: ");
	print_words(text, field_get(volume, "mount_paths"));
	buf_puts(text, "\n");
	add_reservations(text, volume);
	add_users(text, volume);
	add_paths(text, "Paths", volume, "paths");
	if (field_list(volume, "other_side_paths", &count) && count)
		add_paths(text, "Paths of the other side", volume, "other_side_paths");
}

static void add_volume(struct buf *text, struct json_object *volume, bool verbose)
{
	size_t count;
	struct json_object *paths = field_list(volume, "paths", &count);

	buf_printf(text, "\nTarget WWID: %s\n", target_wwid(volume));
	buf_printf(text, "Array Type: %s\n", print_or_dash(field_text(volume, "array_type")));
	buf_printf(text, "Dev mapper name: %s\n", field_text(volume, "name"));
	buf_printf(text, "DM dev name: %s\n", field_text(volume, "dm_device"));
	buf_puts(text, "SD devices list:\n");
	for (size_t i = 0; i < count; i++)
		buf_printf(text, "    %s\n", field_text(json_object_array_get_idx(paths, i), "device"));
	buf_puts(text, "Volume Size: ");
	print_size(text, (uint64_t)field_number(volume, "size_bytes"));
	buf_printf(text, "\nImport Status: %s\n", field_text(volume, "import_status"));
	if (verbose)
		add_details(text, volume);
}

static void show(struct json_object *answer, bool verbose, bool importable)
{
	static const char line[] = "==================================================\n";
	CLEANUP_BUF struct buf text = { 0 };
	size_t count;
	struct json_object *volumes = field_list(answer, "volumes", &count);

	buf_printf(&text, "%sVolume list\n%s", line, line);
	if (count == 0)
		buf_puts(&text, importable
					? "\nNo volume can be imported now; see the reasons with: importcli status -v\n"
					: "\nThis host has no multipath volumes.\n");
	for (size_t i = 0; i < count; i++)
		add_volume(&text, json_object_array_get_idx(volumes, i), verbose);
	print_text(stdout, buf_text(&text));
}

/* The one volume that a list has by this WWID, as a list; *answer is replaced by it. */
static int only_one(struct cli *cli, const char *wwid, struct json_object **answer)
{
	struct json_object *one = json_object_new_object(), *volumes = json_object_new_array();
	struct error err;
	size_t count;
	struct json_object *all = field_list(*answer, "volumes", &count);

	json_object_object_add(one, "volumes", volumes);
	for (size_t i = 0; i < count; i++) {
		struct json_object *volume = json_object_array_get_idx(all, i);

		if (strcmp(field_text(volume, "wwid"), wwid) == 0)
			json_object_array_add(volumes, json_object_get(volume));
	}
	json_object_put(*answer);
	*answer = one;
	if (json_object_array_length(volumes))
		return 0;
	error_set(&err, ERR_VOLUME_UNKNOWN, wwid, "%s", "");
	return cli_fail(cli, &err);
}

static int run(struct cli *cli)
{
	CLEANUP_JSON struct json_object *answer = NULL;
	bool importable = args_option(&cli->args, "importable");
	const char *named = cli->args.operand_count ? cli->args.operands[0] : NULL;
	char wwid[40];

	if (named && importable)
		return cli_usage(cli, "option '--importable' does not go with a WWID");
	if (named && operand_wwid(cli, named, wwid, sizeof(wwid)) < 0)
		return -1;
	if (client_get(cli, importable ? "/volumes?importable=true" : "/volumes", &answer) < 0 &&
	    offline_volumes(cli, importable, &answer) < 0)
		return -1;
	if (named && only_one(cli, wwid, &answer) < 0)
		return -1;
	if (cli->json)
		print_json(answer);
	else
		show(answer, args_option(&cli->args, "verbose"), importable);
	fflush(stdout); /* the warning is the last line, also where both go into one file */
	certificate_warn(cli);
	return 0;
}

static const struct option_spec options[] = {
	{ "verbose", 'v', NULL, "also why not importable, what to do, users, paths, sectors" },
	{ "importable", 0, NULL, "only volumes that can be imported now" },
	{ 0 },
};

const struct command command_status = {
	.name = "status",
	.usage = "status [-v|--verbose] [--importable]\nstatus [-v|--verbose] <WWID>",
	.summary = "list the volumes, and whether they can be imported",
	.help = "Lists the multipath volumes of this host, or one of them. `Target WWID` is what\n"
		"the array calls the LUN; commands accept it with or without multipath's leading\n"
		"3. Sizes: 1 KB is 1024 bytes. Works without a running agent, as root.\n",
	.options = options,
	.max_operands = 1,
	.diagnostic = true,
	.run = run,
};
