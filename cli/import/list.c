/*
 * import list, import show.
 */
#include "commands.h"
#include "request.h"

#include "cli/link/client.h"
#include "cli/screen/describe.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include <inttypes.h>

static void show_list(struct json_object *answer)
{
	static const char *const headings[] = { "Import", "State", "Active path", "Volumes", "Session" };
	CLEANUP_TABLE struct table table = { .columns = 5, .right = 1u << 3 };
	CLEANUP_BUF struct buf text = { 0 };
	size_t count, members;
	struct json_object *imports = field_list(answer, "imports", &count);

	table_headings(&table, headings);
	for (size_t i = 0; i < count; i++) {
		struct json_object *import = json_object_array_get_idx(imports, i);
		CLEANUP_BUF struct buf session = { 0 };

		field_list(import, "members", &members);
		describe_session(&session, import);
		table_cell(&table, "%s", field_text(import, "id"));
		table_cell(&table, "%s", field_text(import, "state"));
		table_cell(&table, "%s", field_text(import, "active_path"));
		table_cell(&table, "%zu", members);
		table_cell(&table, "%s", buf_text(&session));
	}
	table_print(&table, &text);
	print_text(stdout, count ? buf_text(&text) : "There are no imports.\n");
}

static int run_list(struct cli *cli)
{
	return client_show(cli, "/imports", show_list);
}

const struct command command_import_list = {
	.name = "list",
	.usage = "import list",
	.summary = "list all imports and their states",
	.run = run_list,
};

static void add_side(struct buf *text, struct json_object *member, const char *side, const char *wwid,
		     const char *paths)
{
	buf_printf(text, "    %-12s %s  ", side, field_text(member, wwid));
	print_words(text, field_get(member, paths));
	buf_puts(text, "\n");
}

static void add_reserved_side(struct buf *text, const char *side, struct json_object *view)
{
	buf_printf(text, "%s ", side);
	if (!view) {
		buf_puts(text, "not read");
		return;
	}
	buf_printf(text, "registered on %" PRId64 " of %" PRId64 " paths, ", field_number(view, "registered_paths"),
		   field_number(view, "paths"));
	if (field_get(view, "type"))
		buf_printf(text, "%s (%s)", field_text(view, "type"),
			   field_true(view, "held_by_this_host") ? "holder" : "not holder");
	else
		buf_puts(text, "not reserved");
}

/* One line; nothing when the member's LUNs have no registrations. */
static void add_reservations(struct buf *text, struct json_object *reservations)
{
	if (!reservations)
		return;
	buf_printf(text, "    Reservations %s", field_true(reservations, "fenced") ? "FENCED; " : "");
	add_reserved_side(text, "source", field_get(reservations, "source"));
	if (field_true(reservations, "source_reservation_lifted"))
		buf_puts(text, " (lifted)");
	add_reserved_side(text, "; destination", field_get(reservations, "destination"));
	buf_puts(text, "\n");
}

static void add_member(struct buf *text, struct json_object *member)
{
	buf_printf(text, "\nVolume: %s (%s), ", field_text(member, "name"), field_text(member, "dm_device"));
	print_size(text, (uint64_t)field_number(member, "size_bytes"));
	buf_printf(text, "\n    Active path  %s\n", field_text(member, "active_path"));
	add_side(text, member, "Source", "source_wwid", "source_paths");
	add_side(text, member, "Destination", "destination_wwid", "destination_paths");
	add_reservations(text, field_get(member, "reservations"));
	if (field_get(member, "pause_us")) {
		buf_puts(text, "    Last pause   ");
		print_pause(text, field_number(member, "pause_us"));
		buf_puts(text, "\n");
	}
}

/* The held switch that goes on, or how the last one ended; nothing when there was none. */
static void add_hold(struct buf *text, struct json_object *import)
{
	struct json_object *hold = field_get(import, "hold"), *last = field_get(import, "last_hold");

	if (hold)
		buf_printf(text, "Held: towards the %s since %s, lease %" PRId64 " ms\n", field_text(hold, "to"),
			   field_text(hold, "since"), field_number(hold, "lease_ms"));
	if (!last)
		return;
	buf_printf(text, "Last hold: %s, towards the %s", field_text(last, "outcome"), field_text(last, "to"));
	if (field_get(last, "held_ms"))
		buf_printf(text, ", held for %" PRId64 " ms", field_number(last, "held_ms"));
	buf_puts(text, "\n");
}

static void show(struct json_object *import, struct json_object *job)
{
	struct json_object *attention = field_get(import, "attention");
	CLEANUP_BUF struct buf text = { 0 };
	size_t count;
	struct json_object *members = field_list(import, "members", &count);

	buf_printf(&text, "Import: %s\nState: %s\n", field_text(import, "id"), field_text(import, "state"));
	if (attention)
		buf_printf(&text, "Attention: %s\nWhat to do: %s\n", field_text(attention, "text"),
			   field_text(attention, "remedy"));
	add_hold(&text, import);
	buf_printf(&text, "Active path: %s\nSession: ", field_text(import, "active_path"));
	describe_session(&text, import);
	buf_puts(&text, "\nLast job: ");
	if (job)
		describe_job(&text, job);
	else
		buf_puts(&text, "-");
	buf_printf(&text, "\nCreated: %s\nUpdated: %s\n", field_text(import, "created"), field_text(import, "updated"));
	for (size_t i = 0; i < count; i++)
		add_member(&text, json_object_array_get_idx(members, i));
	print_text(stdout, buf_text(&text));
}

static int run_show(struct cli *cli)
{
	CLEANUP_JSON struct json_object *import = NULL, *job = NULL;
	CLEANUP_BUF struct buf path = { 0 };

	if (import_path(cli, "", &path) < 0 || client_get(cli, buf_text(&path), &import) < 0)
		return -1;
	if (cli->json) {
		print_json(import);
		return 0;
	}
	if (import_job(cli, import, &job) < 0)
		return -1;
	show(import, job);
	return 0;
}

const struct command command_import_show = {
	.name = "show",
	.usage = "import show <import>",
	.summary = "show one import: volumes, sides, paths, last job",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_show,
};
