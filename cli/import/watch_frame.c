/*
 * The screen of `import watch`; see watch_frame.h.
 */
#include "watch_frame.h"

#include "cli/screen/describe.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "base/cleanup.h"

#include <string.h>

enum { LABEL_WIDTH = 9, BAR_MAX = 50 };

static void add(struct frame *frame, const struct frame_size *size, enum line_style style, const char *text)
{
	if (frame->count == FRAME_LINES_MAX || frame->count + 1 >= size->rows)
		return;
	frame->lines[frame->count].text = strndup(text, print_clip(text, size->columns));
	frame->lines[frame->count++].style = style;
}

/* "Import db1                on_destination": the state at the right margin. */
static void add_title(struct frame *frame, const struct frame_size *size, struct json_object *import)
{
	static const enum line_style styles[] = { LINE_TITLE, LINE_ALARM };
	CLEANUP_BUF struct buf line = { 0 };
	const char *state = field_text(import, "state");
	int room;

	buf_printf(&line, "Import %s", field_text(import, "id"));
	room = (int)size->columns - (int)line.length;
	buf_printf(&line, "%*s", room > 60 ? 60 : room, state);
	add(frame, size, styles[field_get(import, "attention") != NULL], buf_text(&line));
}

static void add_labelled(struct frame *frame, const struct frame_size *size, enum line_style style, const char *label,
			 const char *text)
{
	CLEANUP_BUF struct buf line = { 0 };

	buf_printf(&line, "%-*s%s", LABEL_WIDTH, label, text);
	add(frame, size, style, buf_text(&line));
}

/* "Copy     ██████████░░░░░░░░░░  42 %  copy_in_progress", or what is known when the orchestrator says nothing. */
static void add_copy(struct frame *frame, const struct frame_size *size, struct json_object *import)
{
	struct json_object *session = field_get(import, "session");
	unsigned percent = (unsigned)field_number(session, "percent");
	unsigned room = size->columns > 46 ? size->columns - 36 : 10;
	CLEANUP_BUF struct buf text = { 0 };

	if (!session) {
		add_labelled(frame, size, LINE_FAINT, "Copy", "no report from the orchestrator");
		return;
	}
	print_bar(&text, percent, room > BAR_MAX ? BAR_MAX : room, size->utf8);
	buf_printf(&text, " %3u %%  %s", percent, field_text(session, "state"));
	add_labelled(frame, size, LINE_GOOD, "Copy", buf_text(&text));
}

static void add_job(struct frame *frame, const struct frame_size *size, struct json_object *job)
{
	CLEANUP_BUF struct buf text = { 0 };
	bool failed = strcmp(field_text(job, "state"), "failed") == 0;

	if (!job)
		buf_puts(&text, "-");
	else
		describe_job(&text, job);
	add_labelled(frame, size, failed ? LINE_ALARM : LINE_PLAIN, "Job", buf_text(&text));
}

static void add_cells(struct table *table, struct json_object *member)
{
	CLEANUP_BUF struct buf size = { 0 }, pause = { 0 }, paths = { 0 };
	bool on_source = strcmp(field_text(member, "active_path"), "Source") == 0;

	print_size(&size, (uint64_t)field_number(member, "size_bytes"));
	if (field_get(member, "pause_us"))
		print_pause(&pause, field_number(member, "pause_us"));
	print_words(&paths, field_get(member, on_source ? "source_paths" : "destination_paths"));
	table_cell(table, "%s", field_text(member, "name"));
	table_cell(table, "%s", field_text(member, "dm_device"));
	table_cell(table, "%s", buf_text(&size));
	table_cell(table, "%s", field_text(member, "active_path"));
	table_cell(table, "%s", pause.length ? buf_text(&pause) : "-");
	table_cell(table, "%s", buf_text(&paths));
}

/* One line a volume; of those that do not fit only their number. */
static void add_members(struct frame *frame, const struct frame_size *size, struct json_object *import,
			size_t lines_below)
{
	static const char *const headings[] = { "Volume", "Device", "Size", "Active path", "Last pause", "Paths" };
	CLEANUP_TABLE struct table table = { .columns = ARRAY_SIZE(headings), .right = 1u << 2 | 1u << 4 };
	CLEANUP_BUF struct buf text = { 0 }, more = { 0 };
	size_t count, shown = 0;
	struct json_object *members = field_list(import, "members", &count);
	size_t room = frame->count + lines_below + 2 < size->rows ? size->rows - frame->count - lines_below - 2 : 0;

	table_headings(&table, headings);
	for (; shown < count && shown < (count > room ? room - 1 : room); shown++)
		add_cells(&table, json_object_array_get_idx(members, shown));
	table_print(&table, &text);
	CLEANUP_FREE char *rest = buf_take(&text);

	for (char *line = rest, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		add(frame, size, line == rest ? LINE_FAINT : LINE_PLAIN, line);
	}
	if (shown < count) {
		buf_printf(&more, "… and %zu more: importcli import show %s", count - shown, field_text(import, "id"));
		add(frame, size, LINE_FAINT, buf_text(&more) + (size->utf8 ? 0 : strlen("… ")));
	}
}

void frame_build(struct frame *ret, struct json_object *import, struct json_object *job, const char *note,
		 const struct frame_size *size)
{
	struct json_object *attention = field_get(import, "attention");

	*ret = (struct frame){ 0 };
	add_title(ret, size, import);
	add(ret, size, LINE_PLAIN, "");
	add_copy(ret, size, import);
	add_job(ret, size, job);
	if (attention) {
		add_labelled(ret, size, LINE_ALARM, "Problem", field_text(attention, "text"));
		add_labelled(ret, size, LINE_ALARM, "To do", field_text(attention, "remedy"));
	}
	add(ret, size, LINE_PLAIN, "");
	add_members(ret, size, import, note ? 2 : 0);
	if (note) {
		add(ret, size, LINE_PLAIN, "");
		add(ret, size, LINE_FAINT, note);
	}
}

void frame_free(struct frame *frame)
{
	for (size_t i = 0; i < frame->count; i++)
		free(frame->lines[i].text);
	frame->count = 0;
}

void frame_line(struct buf *buf, struct json_object *import, struct json_object *job)
{
	buf_printf(buf, "%s: %s, active path %s", field_text(import, "id"), field_text(import, "state"),
		   field_text(import, "active_path"));
	if (field_get(import, "session")) {
		buf_puts(buf, ", ");
		describe_session(buf, import);
	}
	if (job) {
		buf_puts(buf, ", ");
		describe_job(buf, job);
	}
}
