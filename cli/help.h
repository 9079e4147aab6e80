/*
 * Help texts from the table of commands, and the command `help`.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/run/run.h"

/* Print what `<command> help` prints, on standard output; NULL: the list of all `commands`. */
void help_print(const struct command *command, const struct command *const *commands, bool json);

/* The usage of a command, for messages; NULL: of importcli. */
void help_usage(struct buf *buf, const struct command *command);

/* The command of this name in a table; NULL: there is none. */
const struct command *help_find(const struct command *const *table, const char *word);

extern const struct command command_help;

#endif
