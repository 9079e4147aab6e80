/*
 * import watch: an import as it happens, until it is committed or cancelled. In a terminal a screen that is redrawn in
 * place (and stays when watch ends), elsewhere one line per change.
 */
#include "commands.h"
#include "request.h"
#include "watch_frame.h"

#include "cli/link/client.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"
#include "cli/screen/state.h"
#include "cli/screen/terminal.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { INTERVAL_MS = 500, PATIENCE_S = 60 };

struct watch {
	struct cli *cli;
	bool on_terminal;
	struct json_object *import, *job; /* as last seen */
	size_t lines_drawn;
	struct buf last_line;
	time_t silent_since; /* the agent does not answer since; 0 = it does */
};

static const char *colour(enum line_style style)
{
	switch (style) {
	case LINE_PLAIN:
		return "";
	case LINE_TITLE:
		return "\033[1m";
	case LINE_GOOD:
		return "\033[32m";
	case LINE_FAINT:
		return "\033[2m";
	case LINE_ALARM:
		return "\033[1;31m";
	}
	return "";
}

/* Over the lines of the last time; what was below is cleared. */
static void draw(struct watch *watch, const char *note)
{
	struct frame_size size = { .utf8 = terminal_utf8() };
	bool colours = terminal_colours();
	struct frame frame;

	terminal_size(&size.columns, &size.rows);
	frame_build(&frame, watch->import, watch->job, note, &size);
	if (watch->lines_drawn)
		printf("\033[%zuA", watch->lines_drawn);
	fputs("\r", stdout);
	for (size_t i = 0; i < frame.count; i++) {
		const char *start = colours ? colour(frame.lines[i].style) : "";

		fputs(start, stdout);
		print_text(stdout, frame.lines[i].text ? frame.lines[i].text : "");
		printf("%s\033[K\n", *start ? "\033[0m" : "");
	}
	fputs("\033[J", stdout);
	fflush(stdout);
	watch->lines_drawn = frame.count;
	frame_free(&frame);
}

/* Where there is no terminal: a line when something changed. */
static void print_change(struct watch *watch)
{
	CLEANUP_BUF struct buf line = { 0 };
	char now[32];
	time_t seconds = time(NULL);

	if (watch->cli->json)
		buf_puts(&line, json_object_to_json_string_ext(watch->import, JSON_C_TO_STRING_PLAIN |
										      JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		frame_line(&line, watch->import, watch->job);
	if (strcmp(buf_text(&line), buf_text(&watch->last_line)) == 0)
		return;
	if (!watch->cli->json) {
		strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ ", gmtime(&seconds));
		fputs(now, stdout);
	}
	print_text(stdout, buf_text(&line));
	puts("");
	fflush(stdout);
	buf_free(&watch->last_line);
	watch->last_line = line;
	line = (struct buf){ 0 };
}

/* Read the import and its job. An agent that restarts meanwhile gets a minute; -1 with the problem kept after that. */
static int look(struct watch *watch, const char *path)
{
	struct json_object *import = NULL, *job = NULL;
	struct cli *cli = watch->cli;

	if (client_get(cli, path, &import) == 0 && import_job(cli, import, &job) == 0) {
		json_object_put(watch->import);
		json_object_put(watch->job);
		watch->import = import;
		watch->job = job;
		watch->silent_since = 0;
		return 0;
	}
	json_object_put(import);
	if (!watch->import || !cli_problem_is(cli, ERR_AGENT_UNREACHABLE))
		return -1;
	if (!watch->silent_since)
		watch->silent_since = time(NULL);
	if (time(NULL) - watch->silent_since > PATIENCE_S)
		return -1;
	cli_forget_problem(cli);
	return 0;
}

static void show(struct watch *watch, bool last)
{
	if (!watch->on_terminal)
		print_change(watch);
	else if (watch->silent_since)
		draw(watch, "The agent does not answer; still trying. q quits.");
	else
		draw(watch, last ? NULL : "q quits; the import goes on.");
}

static int watch_loop(struct watch *watch, const char *path)
{
	enum key key = KEY_NONE;

	do {
		if (look(watch, path) < 0)
			return -1;
		bool over = !import_in_progress(watch->import) && !watch->silent_since;

		show(watch, over);
		if (over)
			return 0;
		key = terminal_key(INTERVAL_MS);
	} while (key != KEY_QUIT);
	return 0;
}

static int run(struct cli *cli)
{
	struct watch watch = { .cli = cli, .on_terminal = !cli->json && isatty(STDOUT_FILENO) };
	CLEANUP_BUF struct buf path = { 0 };

	if (import_path(cli, "", &path) < 0)
		return -1;
	terminal_catch_signals();
	if (watch.on_terminal)
		terminal_raw();
	int result = watch_loop(&watch, buf_text(&path));

	terminal_restore();
	json_object_put(watch.import);
	json_object_put(watch.job);
	buf_free(&watch.last_line);
	return result;
}

const struct command command_import_watch = {
	.name = "watch",
	.usage = "import watch <import>",
	.summary = "follow an import until it is over",
	.help = "In a terminal the screen is kept up to date; q or Ctrl-C quits, and the import\n"
		"goes on. Otherwise it prints one line (with --output json: one object) per\n"
		"change.\n",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
