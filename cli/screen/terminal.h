/*
 * The terminal: its size, one key at a time, one line that is rewritten. No other code changes its state;
 * terminal_restore restores it, also after a signal.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

enum key { KEY_NONE, KEY_QUIT };

/* From now on SIGINT, SIGTERM and SIGHUP do not end the process: terminal_key reports them as KEY_QUIT. */
void terminal_catch_signals(void);

/* Read standard input key by key and without echo until terminal_restore; does nothing if it is not a terminal. */
void terminal_raw(void);
void terminal_restore(void);

/* Wait for q, a signal, or the timeout; other keys only end the wait. */
enum key terminal_key(int timeout_ms);

/* Columns and rows of standard output; 80 and 24 if they are not known. */
void terminal_size(unsigned *ret_columns, unsigned *ret_rows);

/* The locale's characters are UTF-8. */
bool terminal_utf8(void);

/* Use colours: standard output is a terminal, not a dumb one, and NO_COLOR is not set. */
bool terminal_colours(void);

/* Replace the current line of standard error by this text, clipped to the width; "" clears it. */
void terminal_progress(const char *text);

#endif
