/*
 * help: what the table says about the commands.
 */
#include "help.h"

#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include <string.h>

void help_usage(struct buf *buf, const struct command *command)
{
	const char *line = command ? command->usage : "<command> [options]\n<command> help";
	const char *label = "Usage:";

	while (line) {
		const char *end = strchr(line, '\n');

		buf_printf(buf, "%-6s importcli %.*s\n", label, (int)(end ? (size_t)(end - line) : strlen(line)), line);
		line = end ? end + 1 : NULL;
		label = "";
	}
}

/* Two blanks at least between the two: bash completion (init/importcli.bash-completion) takes them apart there. */
static void add_row(struct buf *buf, const char *name, const char *meaning)
{
	buf_printf(buf, "  %-21s  %s\n", name, meaning);
}

static void add_commands(struct buf *buf, const struct command *const *table, const char *family)
{
	for (; *table; table++) {
		CLEANUP_BUF struct buf name = { 0 };

		if ((*table)->verbs) {
			add_commands(buf, (*table)->verbs, (*table)->name);
			continue;
		}
		buf_printf(&name, "%s%s%s", family, *family ? " " : "", (*table)->name);
		add_row(buf, buf_text(&name), (*table)->summary);
	}
}

static void add_options(struct buf *buf, const struct option_spec *spec)
{
	for (; spec && spec->name; spec++) {
		CLEANUP_BUF struct buf name = { 0 };

		if (!spec->help)
			continue;
		if (spec->letter)
			buf_printf(&name, "-%c, ", spec->letter);
		buf_printf(&name, "--%s", spec->name);
		if (spec->value)
			buf_printf(&name, " %s", spec->value);
		add_row(buf, buf_text(&name), spec->help);
	}
}

static struct json_object *text_or_null(const char *text)
{
	return text && *text ? json_object_new_string(text) : NULL;
}

static void add_options_json(struct json_object *rows, const struct option_spec *spec)
{
	for (; spec && spec->name; spec++) {
		struct json_object *row = json_object_new_object();
		char letter[2] = { spec->letter, '\0' };

		if (!spec->help) {
			json_object_put(row);
			continue;
		}
		json_object_object_add(row, "name", json_object_new_string(spec->name));
		json_object_object_add(row, "letter", text_or_null(letter));
		json_object_object_add(row, "value", text_or_null(spec->value));
		json_object_object_add(row, "help", json_object_new_string(spec->help));
		json_object_array_add(rows, row);
	}
}

static void add_command_json(struct json_object *rows, const struct command *command, const char *family)
{
	struct json_object *row, *options;
	CLEANUP_BUF struct buf name = { 0 };

	if (command->verbs) {
		for (const struct command *const *verb = command->verbs; *verb; verb++)
			add_command_json(rows, *verb, command->name);
		return;
	}
	row = json_object_new_object();
	options = json_object_new_array();
	buf_printf(&name, "%s%s%s", family, *family ? " " : "", command->name);
	json_object_object_add(row, "name", json_object_new_string(buf_text(&name)));
	json_object_object_add(row, "usage", json_object_new_string(command->usage));
	json_object_object_add(row, "summary", json_object_new_string(command->summary));
	json_object_object_add(row, "help", text_or_null(command->help));
	add_options_json(options, command->options);
	add_options_json(options, cli_options);
	json_object_object_add(row, "options", options);
	json_object_array_add(rows, row);
}

/* Of a verb its family is not known here, and its usage has the whole name. */
static void print_as_json(const struct command *command, const struct command *const *commands)
{
	CLEANUP_JSON struct json_object *object = json_object_new_object();
	struct json_object *rows = json_object_new_array();

	json_object_object_add(object, "commands", rows);
	if (command)
		add_command_json(rows, command, "");
	for (const struct command *const *each = command ? NULL : commands; each && *each; each++)
		add_command_json(rows, *each, "");
	print_json(object);
}

void help_print(const struct command *command, const struct command *const *commands, bool json)
{
	CLEANUP_BUF struct buf text = { 0 };

	if (json) {
		print_as_json(command, commands);
		return;
	}
	if (!command)
		buf_puts(&text, "importcli moves LUNs from one array to another while applications use them.\n\n");
	help_usage(&text, command);
	buf_puts(&text, "\n");
	if (command && command->help)
		buf_printf(&text, "%s\n", command->help);
	if (!command || command->verbs) {
		buf_puts(&text, "Commands:\n");
		add_commands(&text, command ? command->verbs : commands, command ? command->name : "");
		buf_puts(&text, "\n");
	}
	buf_puts(&text, "Options:\n");
	add_options(&text, command ? command->options : NULL);
	add_options(&text, cli_options);
	buf_printf(&text, "\nExit status: %s. See also: man importcli\n",
		   command && command->exit_statuses ? command->exit_statuses : "0 done, 1 failed, 2 wrong usage");
	print_text(stdout, buf_text(&text));
}

static int run(struct cli *cli)
{
	help_print(NULL, cli->commands, cli->json);
	return 0;
}

const struct command command_help = {
	.name = "help",
	.usage = "help",
	.summary = "show this list",
	.run = run,
};
