/*
 * One run of importcli: from words to a command, and from its result to the exit status. See cli.h.
 */
#include "cli.h"

#include "help.h"

#include "cli/link/client.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Bytes of a sentence without its full stop. */
static int without_stop(const char *sentence)
{
	size_t length = strlen(sentence);

	return (int)(length && sentence[length - 1] == '.' ? length - 1 : length);
}

static void show_problem(const struct cli *cli)
{
	static const char *const where[] = { "device", "step" };
	CLEANUP_BUF struct buf text = { 0 };

	const char *title = field_text(cli->problem, "title"), *detail = field_text(cli->problem, "detail");

	if (*detail)
		buf_printf(&text, "importcli: %.*s: %.*s.", without_stop(title), title, without_stop(detail), detail);
	else
		buf_printf(&text, "importcli: %s", title);
	for (size_t i = 0; i < 2; i++)
		if (*field_text(cli->problem, where[i]))
			buf_printf(&text, " [%s: %s]", where[i], field_text(cli->problem, where[i]));
	buf_puts(&text, "\n");
	if (*field_text(cli->problem, "remedy"))
		buf_printf(&text, "What to do: %s\n", field_text(cli->problem, "remedy"));
	print_text(stderr, buf_text(&text));
}

static void show_wrong_usage(const struct cli *cli)
{
	CLEANUP_BUF struct buf text = { 0 };

	buf_printf(&text, "importcli: %s\n", field_text(cli->problem, "detail"));
	help_usage(&text, cli->command);
	print_text(stderr, buf_text(&text));
}

/* For the system that runs plug-ins: it shows one line of standard output, and takes what follows a '|' for numbers. */
static void show_unknown(const struct cli *cli)
{
	CLEANUP_BUF struct buf text = { 0 };

	buf_printf(&text, "%s%s%s", cli->wrong_usage ? "" : field_text(cli->problem, "title"),
		   cli->wrong_usage || !*field_text(cli->problem, "detail") ? "" : " ",
		   field_text(cli->problem, "detail"));
	fputs("UNKNOWN - ", stdout);
	print_plugin_text(stdout, buf_text(&text));
	fputs("\n", stdout);
	if (!cli->wrong_usage && *field_text(cli->problem, "remedy")) {
		fputs("What to do: ", stdout);
		print_plugin_text(stdout, field_text(cli->problem, "remedy"));
		fputs("\n", stdout);
	}
}

static const struct command *find(const struct command *const *table, const char *word)
{
	for (; *table; table++)
		if (strcmp((*table)->name, word) == 0)
			return *table;
	return NULL;
}

/* Go from the table of commands down to the one that the words name; options of every command may stand between. */
static int find_command(struct cli *cli, const char *const **words)
{
	const struct command *const *table = cli->commands;

	do {
		if (!args_parse(&cli->args, NULL, true, words))
			return cli_usage(cli, "%s", cli->args.error);
		if (!**words)
			return args_option(&cli->args, "help") || (cli->command && cli->command->run)
				       ? 0
				       : cli_usage(cli, "a command is missing");
		const struct command *found = find(table, **words);

		if (!found && strcmp(**words, "help") == 0)
			return 0; /* of a family; left in the words */
		if (!found)
			return cli_usage(cli, "unknown command '%s'", **words);
		cli->command = found;
		table = found->verbs;
		(*words)++;
	} while (table);
	return 0;
}

static int check_operands(struct cli *cli)
{
	const struct args *args = &cli->args;

	if (args->operand_count < cli->command->min_operands)
		return cli_usage(cli, "an argument is missing");
	if (args->operand_count > cli->command->max_operands)
		return cli_usage(cli, "unexpected argument '%s'", args->operands[cli->command->max_operands]);
	return 0;
}

static bool wants_help(const struct args *args)
{
	return args_option(args, "help") || (args->operand_count == 1 && strcmp(args->operands[0], "help") == 0);
}

/* Known before anything is parsed, so that what is wrong with the rest is told as JSON too. */
static bool asks_for_json(const char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, "--output=json") == 0 ||
		    (strcmp(*words, "--output") == 0 && words[1] && strcmp(words[1], "json") == 0))
			return true;
	return false;
}

static int parse(struct cli *cli, const char *const *words)
{
	if (find_command(cli, &words) < 0)
		return -1;
	if (!args_parse(&cli->args, cli->command ? cli->command->options : NULL, false, &words))
		return cli_usage(cli, "%s", cli->args.error);
	const char *output = args_option(&cli->args, "output");

	if (output && strcmp(output, "json") != 0 && strcmp(output, "text") != 0)
		return cli_usage(cli, "option '--output' is json or text, not '%s'", output);
	if (args_option(&cli->args, "socket"))
		cli->socket_path = args_option(&cli->args, "socket");
	return 0;
}

static int run(struct cli *cli)
{
	if (wants_help(&cli->args) || !cli->command) {
		help_print(cli->command, cli->commands, cli->json);
		return 0;
	}
	if (check_operands(cli) < 0)
		return -1;
	if (cli->command->diagnostic && isatty(STDERR_FILENO))
		fputs("Generating diagnostic data, please wait...\n", stderr);
	return cli->command->run(cli);
}

int cli_main(const struct command *const *commands, const char *const *words)
{
	struct cli cli = { .commands = commands, .args.common = cli_options, .socket_path = CLIENT_SOCKET_PATH };

	cli.json = asks_for_json(words);
	int result = parse(&cli, words) < 0 ? -1 : run(&cli);

	int unknown = cli.command ? cli.command->unknown_status : 0;
	int status = result == 0 ? cli.status : unknown ? unknown : cli.wrong_usage ? 2 : 1;

	if (cli.problem && cli.json)
		print_json(cli.problem);
	else if (cli.problem && unknown)
		show_unknown(&cli);
	else if (cli.wrong_usage)
		show_wrong_usage(&cli);
	else if (cli.problem)
		show_problem(&cli);
	cli_forget_problem(&cli);
	client_close(&cli);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "importcli: Standard output could not be written: %s.\n", strerror(errno));
	return unknown ? unknown : 1;
}
