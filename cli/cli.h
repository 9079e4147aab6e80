/*
 * One run of importcli.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cli/run/run.h"

/*
 * Run the words after the program's name (NULL-terminated) with this table of commands (NULL-terminated, in the order
 * of `help`); returns the exit status: 0 done, 1 failed, 2 wrong usage.
 */
int cli_main(const struct command *const *commands, const char *const *words);

#endif
