/*
 * What all commands share: the struct that describes a command, and the state of one run. A command is a `const struct
 * command` next to its code, declared in its room's commands.h and listed in main.c's table.
 *
 * A command returns 0, or -1 after cli_fail, cli_usage or client_call stored the reason in `problem`; cli.c prints it
 * once. Results go to standard output, everything else to standard error.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "base/args.h"
#include "base/buf.h"
#include "base/error.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

struct cli;

struct command {
	const char *name;		   /* the word, e.g. "precheck" */
	const char *usage;		   /* all forms, without "importcli ", one per line */
	const char *summary;		   /* for the list in `help`, without a full stop */
	const char *help;		   /* more text for `<command> help`; ends in a newline */
	const struct option_spec *options; /* NULL = only the options of every command */
	unsigned min_operands, max_operands;
	bool diagnostic; /* like the vendor's tool, prints "Generating diagnostic data" first */
	/*
	 * For a monitoring plug-in, with the exit statuses of plug-ins: if it cannot decide, and for wrong usage, it
	 * prints "UNKNOWN - ..." to standard output and exits with this status; 0: an ordinary command.
	 */
	int unknown_status;
	const char *exit_statuses; /* text about them in `help`; NULL: the common text */
	int (*run)(struct cli *cli);
	const struct command *const
		*verbs; /* the subcommands (of "import"), NULL-terminated; `run` is called without a subcommand */
};

struct cli {
	const struct command *const *commands; /* all commands, NULL-terminated, in the order of `help` */
	const struct command *command;	       /* NULL until it is found */
	struct args args;
	bool json;		     /* --output json */
	const char *socket_path;     /* of the agent */
	void *curl;		     /* client.c's handle, NULL until the first call */
	struct json_object *problem; /* why the command failed: an RFC 9457 object */
	bool wrong_usage;	     /* the command line is wrong: exit status 2 */
	int status;		     /* exit status of a successful run; 0 except for monitoring plug-ins */
	uint64_t deadline_us;	     /* CLOCK_MONOTONIC: no call to the agent goes on after it; 0: each call has its own
					timeout */
};

/* The options that every command has. */
extern const struct option_spec cli_options[];

/* Store an error as the run's problem and return -1. */
int cli_fail(struct cli *cli, const struct error *err);

/* Store why the command line is wrong; returns -1. */
int cli_usage(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* True when the run's problem has this code. */
bool cli_problem_is(const struct cli *cli, enum error_code code);

/* Drop a problem that was handled. */
void cli_forget_problem(struct cli *cli);

#endif
