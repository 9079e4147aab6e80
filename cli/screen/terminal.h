/*
 * The terminal: how large, one key at a time, one line that is rewritten. Nobody else touches its state; it is put
 * back by terminal_restore, also after a signal.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

enum key { KEY_NONE, KEY_QUIT };

/* From now on SIGINT, SIGTERM and SIGHUP are no longer deadly: terminal_key reports them as KEY_QUIT. */
void terminal_catch_signals(void);

/* Keys come one by one and unseen (standard input), until terminal_restore; nothing when it is no terminal. */
void terminal_raw(void);
void terminal_restore(void);

/* Wait for q, a signal, or the timeout; other keys only end the wait. */
enum key terminal_key(int timeout_ms);

/* Columns and rows of standard output; 80 and 24 when it does not know. */
void terminal_size(unsigned *ret_columns, unsigned *ret_rows);

/* The locale's characters are UTF-8. */
bool terminal_utf8(void);

/* Colours are wanted: standard output is a terminal, not a dumb one, and NO_COLOR is not set. */
bool terminal_colours(void);

/* Replace the current line of standard error by this text, clipped to the width; "" clears it. */
void terminal_progress(const char *text);

#endif
