/*
 * journal show: what the engine recorded, for people. Reads the file itself: it is wanted most when no agent starts.
 */
#include "commands.h"

#include "cli/link/offline.h"
#include "cli/run/operand.h"
#include "cli/run/run.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "api/reports.h"

#include "base/cleanup.h"
#include "base/clock.h"

static void add_damage_row(struct table *table, size_t line)
{
	table_cell(table, "line %zu is damaged", line);
	for (unsigned i = 1; i < table->columns; i++)
		table_cell(table, "-");
}

static void add_record(struct table *table, const struct record_report *record)
{
	bool intent = record->event == JOURNAL_INTENT && record->readable;
	char time[CLOCK_ISO_SIZE];

	clock_iso(record->wall_ms, time);
	table_cell(table, "%s", time);
	table_cell(table, "%s", record->import_id);
	table_cell(table, "%s%s%s", journal_event_name(record->event), record->event == JOURNAL_INTENT ? ": " : "",
		   intent ? doing_name(record->doing) : "");
	table_cell(table, "%s", record->readable ? import_state_name(record->state) : "");
	table_cell(table, "%s", !record->readable ? "" : record->mixed ? "mixed" : side_name(record->side));
}

static void show(const struct journal_report *report)
{
	static const char *const headings[] = { "Time", "Import", "Event", "State", "Side" };
	CLEANUP_TABLE struct table table = { .columns = 5 };
	CLEANUP_BUF struct buf text = { 0 };
	bool damage_shown = !report->damaged_line;

	table_headings(&table, headings);
	for (size_t i = 0; i < report->count; i++) {
		if (!damage_shown && report->records[i].line > report->damaged_line) {
			add_damage_row(&table, report->damaged_line);
			damage_shown = true;
		}
		add_record(&table, &report->records[i]);
	}
	table_print(&table, &text);
	print_text(stdout, report->count ? buf_text(&text) : "There are no records.\n");
}

/* Where the journal ends, when that is not behind its last line. -1: it is damaged. */
static int tell_end(const struct journal_report *report)
{
	CLEANUP_BUF struct buf text = { 0 };

	if (report->torn)
		buf_puts(&text, "importcli: The journal's last line is incomplete, and does not count: it is being "
				"written, or a crash tore it.\n");
	if (report->damaged_line)
		buf_printf(&text,
			   "importcli: %s: %s. The agent does not start until it is repaired.\n"
			   "What to do: See dm-import-journal(5).\n",
			   report->damage.device, report->damage.detail);
	print_text(stderr, buf_text(&text));
	return report->damaged_line ? -1 : 0;
}

static int run(struct cli *cli)
{
	CLEANUP(journal_report_free) struct journal_report report = { 0 };
	const char *id = args_option(&cli->args, "import");

	if (id && !operand_is_import_id(id))
		return cli_usage(cli, "'%s' cannot name an import (letters, digits, '.', '_', '-'; at most 64)", id);
	if (offline_journal(cli, id, &report) < 0)
		return -1;
	if (cli->json) {
		CLEANUP_JSON struct json_object *json = journal_json(&report);

		print_json(json);
	} else {
		show(&report);
	}
	return tell_end(&report);
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
