/*
 * help: what the table says about the commands.
 */
#include "cli.h"
#include "print.h"

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

void help_print(const struct command *command)
{
	CLEANUP_BUF struct buf text = { 0 };

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
	add_options(&text, args_common);
	buf_printf(&text, "\nExit status: %s. See also: man importcli\n",
		   command && command->exit_statuses ? command->exit_statuses : "0 done, 1 failed, 2 wrong usage");
	print_text(stdout, buf_text(&text));
}

static int run(struct cli *cli)
{
	(void)cli;
	help_print(NULL);
	return 0;
}

const struct command command_help = {
	.name = "help",
	.usage = "help",
	.summary = "this list",
	.run = run,
};
