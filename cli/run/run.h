/*
 * What all commands share: the table entry that describes one, and the state of one run. A command is one
 * `const struct command` beside its code, declared in its room's commands.h and named in main.c's table.
 *
 * A command returns 0, or -1 after one of cli_fail, cli_usage or client_call kept the reason in `problem`; cli.c
 * prints it, once. Results go to standard output, everything else to standard error.
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
	const char *usage;		   /* the whole form after "importcli ", one a line */
	const char *summary;		   /* for the list in `help`, without a full stop */
	const char *help;		   /* what else `<command> help` says; ends in a newline */
	const struct option_spec *options; /* NULL = only those of every command */
	unsigned min_operands, max_operands;
	bool diagnostic; /* the vendor's tool says "Generating diagnostic data" before it */
	/* A monitoring plug-in, whose exit statuses are those of plug-ins: when it cannot tell, also for wrong usage,
	 * it prints "UNKNOWN - ..." to standard output and ends with this; 0: an ordinary command. */
	int unknown_status;
	const char *exit_statuses; /* what `help` says of them; NULL: as of all commands */
	int (*run)(struct cli *cli);
	const struct command *const
		*verbs; /* a family ("import"): its commands, NULL-terminated; run: without any of them */
};

struct cli {
	const struct command *const *commands; /* all of them, NULL-terminated, in the order of `help` */
	const struct command *command;	       /* NULL until the words named one */
	struct args args;
	bool json;		     /* --output json */
	const char *socket_path;     /* of the agent */
	void *curl;		     /* client.c's handle, NULL until the first call */
	struct json_object *problem; /* why the command failed: an RFC 9457 object */
	bool wrong_usage;	     /* the problem is the command line: exit status 2 */
	int status;		     /* exit status of a run that succeeded; 0 but for monitoring plug-ins */
	uint64_t deadline_us;	     /* CLOCK_MONOTONIC: no call to the agent takes longer; 0: each has its own time */
};

/* The options that every command has. */
extern const struct option_spec cli_options[];

/* Keep an error as the run's problem and return -1. */
int cli_fail(struct cli *cli, const struct error *err);

/* The command line is wrong, say how; returns -1. */
int cli_usage(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* True when the run's problem has this code. */
bool cli_problem_is(const struct cli *cli, enum error_code code);

/* The problem was dealt with. */
void cli_forget_problem(struct cli *cli);

#endif
