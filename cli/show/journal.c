/*
 * journal show: what the engine recorded, for people. Reads the file itself: it is wanted most when no agent starts.
 */
#include "commands.h"

#include "cli/link/client.h"
#include "cli/link/offline.h"
#include "cli/run/operand.h"
#include "cli/run/run.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include <string.h>

static void add_damage_row(struct table *table, struct json_object *damage)
{
	table_cell(table, "line %d is damaged", (int)field_number(damage, "line"));
	for (unsigned i = 1; i < table->columns; i++)
		table_cell(table, "-");
}

static void add_record(struct table *table, struct json_object *record)
{
	bool intent = strcmp(field_text(record, "event"), "intent") == 0;

	table_cell(table, "%s", field_text(record, "time"));
	table_cell(table, "%s", field_text(record, "import"));
	table_cell(table, "%s%s%s", field_text(record, "event"), intent ? ": " : "",
		   intent ? field_text(record, "doing") : "");
	table_cell(table, "%s", field_text(record, "state"));
	table_cell(table, "%s", field_text(record, "side"));
}

static void show(struct json_object *report)
{
	static const char *const headings[] = { "Time", "Import", "Event", "State", "Side" };
	CLEANUP_TABLE struct table table = { .columns = 5 };
	CLEANUP_BUF struct buf text = { 0 };
	size_t count;
	struct json_object *records = field_list(report, "records", &count), *damage = field_get(report, "damage");

	table_headings(&table, headings);
	for (size_t i = 0; i < count; i++) {
		struct json_object *record = json_object_array_get_idx(records, i);

		if (damage && field_number(record, "line") > field_number(damage, "line")) {
			add_damage_row(&table, damage);
			damage = NULL;
		}
		add_record(&table, record);
	}
	table_print(&table, &text);
	print_text(stdout, count ? buf_text(&text) : "There are no records.\n");
}

/* Where the journal ends, when that is not behind its last line. -1: it is damaged. */
static int tell_end(struct json_object *report)
{
	struct json_object *damage = field_get(report, "damage");
	CLEANUP_BUF struct buf text = { 0 };

	if (field_true(report, "torn"))
		buf_puts(&text, "importcli: The journal's last line is incomplete, and does not count: it is being "
				"written, or a crash tore it.\n");
	if (damage)
		buf_printf(&text,
			   "importcli: %s: %s. The agent does not start until it is repaired.\n"
			   "What to do: See dm-import-journal(5).\n",
			   field_text(damage, "device"), field_text(damage, "detail"));
	print_text(stderr, buf_text(&text));
	return damage ? -1 : 0;
}

static int run(struct cli *cli)
{
	CLEANUP_JSON struct json_object *report = NULL;
	const char *id = args_option(&cli->args, "import");

	if (id && !operand_is_import_id(id))
		return cli_usage(cli, "'%s' cannot name an import (letters, digits, '.', '_', '-'; at most 64)", id);
	if (offline_journal(cli, id, &report) < 0)
		return -1;
	print_result(cli->json, report, show);
	return tell_end(report);
}

static const struct option_spec options[] = {
	{ "import", 0, "name", "only the records of this import" },
	{ 0 },
};

static const struct command command_journal_show = {
	.name = "show",
	.usage = "journal show [--import name]",
	.summary = "show the records of imports: time, event, state, side",
	.help = "Reads the file itself, whether the agent runs or not. If it is damaged, the\n"
		"intact records are shown, and the exit status is 1.\n",
	.options = options,
	.run = run,
};

static const struct command *const verbs[] = { &command_journal_show, NULL };

const struct command command_journal = {
	.name = "journal",
	.usage = "journal <command> [options]\njournal <command> help",
	.summary = "",
	.verbs = verbs,
};
