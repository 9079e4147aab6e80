/*
 * status: the volumes. Labels and their order are those of the tool that scripts know; change none of them.
 */
#include "certificate.h"
#include "cli.h"
#include "client.h"
#include "field.h"
#include "offline.h"
#include "print.h"

#include <string.h>

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

/* The WWID without multipath's leading 3: what the array calls the LUN. */
static const char *target_wwid(struct json_object *volume)
{
	const char *naa = field_text(volume, "naa_id"), *wwid = field_text(volume, "wwid");

	return *naa ? naa : wwid[0] == '3' ? wwid + 1 : wwid;
}

static void add_paths(struct buf *text, struct json_object *volume)
{
	static const char *const headings[] = { "Device", "H:C:T:L", "Checker", "ALUA", "Target port" };
	static const char *const fields[] = { "device", "hctl", "checker_state", "alua_state", "target_port" };
	CLEANUP_TABLE struct table table = { .columns = 5, .indent = 4 };
	size_t count;
	struct json_object *paths = field_list(volume, "paths", &count);

	for (size_t i = 0; i < 5; i++)
		table_cell(&table, "%s", headings[i]);
	for (size_t row = 0; row < count; row++)
		for (size_t i = 0; i < 5; i++)
			table_cell(&table, "%s", or_dash(field_text(json_object_array_get_idx(paths, row), fields[i])));
	buf_puts(text, "Paths:\n");
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

static void add_details(struct buf *text, struct json_object *volume)
{
	struct json_object *reason = field_get(volume, "reason");

	if (reason && strcmp(field_text(reason, "text"), field_text(volume, "import_status")) != 0)
		buf_printf(text, "Reason: %s\n", field_text(reason, "text"));
	if (reason)
		buf_printf(text, "What to do: %s\n", field_text(reason, "remedy"));
	buf_printf(text, "Status: %s\n", or_dash(field_text(volume, "status")));
	buf_printf(text, "Active path: %s\n", or_dash(field_text(volume, "active_path")));
	if (field_get(volume, "import_id"))
		buf_printf(text, "Import: %s (%s)\n", field_text(volume, "import_id"),
			   field_text(volume, "import_state"));
	buf_printf(text, "Vendor and product: %s %s\n", field_text(volume, "vendor"), field_text(volume, "product"));
	buf_printf(text, "Sector size: %d logical, %d physical\n", (int)field_number(volume, "logical_sector_size"),
		   (int)field_number(volume, "physical_sector_size"));
	buf_puts(text, "Protocols: ");
	print_words(text, field_get(volume, "protocols"));
	buf_puts(text, "\nMount points: ");
	print_words(text, field_get(volume, "mount_paths"));
	buf_puts(text, "\n");
	add_users(text, volume);
	add_paths(text, volume);
}

static void add_volume(struct buf *text, struct json_object *volume, bool verbose)
{
	size_t count;
	struct json_object *paths = field_list(volume, "paths", &count);

	buf_printf(text, "\nTarget WWID: %s\n", target_wwid(volume));
	buf_printf(text, "Array Type: %s\n", or_dash(field_text(volume, "array_type")));
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

static int run(struct cli *cli)
{
	CLEANUP_JSON struct json_object *answer = NULL;
	bool importable = args_option(&cli->args, "importable");

	if (client_get(cli, importable ? "/volumes?importable=true" : "/volumes", &answer) < 0 &&
	    offline_volumes(cli, importable, &answer) < 0)
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
	{ "verbose", 'v', NULL, "also paths, users, sectors, and why not importable" },
	{ "importable", 0, NULL, "only volumes that can be imported now" },
	{ 0 },
};

const struct command command_status = {
	.name = "status",
	.usage = "status [-v|--verbose] [--importable]",
	.summary = "the volumes, and whether they can be imported",
	.help = "Lists the multipath volumes of this host. `Target WWID` is what the array calls\n"
		"the LUN; the other commands take it with or without multipath's leading 3.\n"
		"Sizes: 1 KB is 1024 bytes. Works without a running agent, as root.\n",
	.options = options,
	.diagnostic = true,
	.run = run,
};
