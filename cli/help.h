/*
 * What the table says about the commands, and the command that says it.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/run/run.h"

/* What `<command> help` prints, on standard output; NULL: of all `commands`. */
void help_print(const struct command *command, const struct command *const *commands, bool json);

/* The forms of a command's use, for messages; NULL: of importcli. */
void help_usage(struct buf *buf, const struct command *command);

extern const struct command command_help;

#endif
