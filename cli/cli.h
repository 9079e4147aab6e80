/*
 * What all commands share: the table entry that describes one, and the state of one run. A command is one
 * `const struct command` beside its code, named in main.c's table.
 *
 * A command returns 0, or -1 after one of cli_fail, cli_usage or client_call kept the reason in `problem`; main
 * prints it, once. Results go to standard output, everything else to standard error.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "args.h"

#include "base/buf.h"
#include "base/error.h"

#include <json-c/json.h>
#include <stdbool.h>

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
	const struct command *command; /* NULL until the words named one */
	struct args args;
	bool json;		     /* --output json */
	const char *socket_path;     /* of the agent */
	void *curl;		     /* client.c's handle, NULL until the first call */
	struct json_object *problem; /* why the command failed: an RFC 9457 object */
	bool wrong_usage;	     /* the problem is the command line: exit status 2 */
	int status;		     /* exit status of a run that succeeded; 0 but for monitoring plug-ins */
	uint64_t deadline_us;	     /* CLOCK_MONOTONIC: no call to the agent takes longer; 0: each has its own time */
};

/* Keep an error as the run's problem and return -1. */
int cli_fail(struct cli *cli, const struct error *err);

/* The command line is wrong, say how; returns -1. */
int cli_usage(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* True when the run's problem has this code. */
bool cli_problem_is(const struct cli *cli, enum error_code code);

/* The problem was dealt with. */
void cli_forget_problem(struct cli *cli);

extern const struct command *const commands[]; /* NULL-terminated, in the order of `help` */

extern const struct command command_help, command_status, command_ha_version, command_list_supported_arrays,
	command_server_port, command_log_show, command_log_level, command_mhd_status, command_restart_web_server,
	command_recover_device, command_idle, command_import, command_journal, command_certificate, command_trust,
	command_host, command_job, command_check, command_metrics, command_support;
extern const struct command command_import_create, command_import_precheck, command_import_prepare,
	command_import_switch, command_import_hold, command_import_release, command_import_reservation,
	command_import_cutover, command_import_commit, command_import_cancel, command_import_delete,
	command_import_list, command_import_show, command_import_watch, command_import_session;
extern const struct command command_certificate_show, command_certificate_check, command_certificate_regenerate,
	command_certificate_install;

/* What `<command> help` prints, on standard output; NULL: of all commands. */
void help_print(const struct command *command, bool json);

/* The forms of a command's use, for messages; NULL: of importcli. */
void help_usage(struct buf *buf, const struct command *command);

/* Run the words after the program's name (NULL-terminated); returns the exit status: 0 done, 1 failed, 2 wrong usage.
 */
int cli_main(const char *const *words);

#endif
