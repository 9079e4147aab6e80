/*
 * The log: a file for the administrator, and stderr with "<n>" prefixes, which systemd puts into the journal.
 *
 * A caller never waits for a disk or the journal: it leaves the line in a ring and one thread writes. When that
 * thread cannot keep up, lines are dropped and their number is logged. Lines are one line whatever is in them:
 * everything that is not printable ASCII is written as \xNN. Thread-safe; not for a forked child.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/error.h"

enum log_level {
	LOG_LEVEL_NONE,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_INFO,
	LOG_LEVEL_VERBOSE,
};

/*
 * Start logging to `directory`/agent.log (the directory is made when it is missing) and stderr. A file that was
 * renamed or removed by logrotate is opened anew. On failure the log goes to stderr alone.
 */
int log_open(const char *directory, enum log_level level, struct error *err);

/* Write what is in the ring, for two seconds at most, and stop. */
void log_close(void);

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* Before log_open and after log_close these do nothing. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_verbose(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_line(enum log_level level, const char *line);

/* A failure, once: "<what>: <text> <detail> <remedy>", as an error. */
void log_failure(const char *what, const struct error *err);

/* `text` with every byte that is not printable ASCII as \xNN; truncated to fit. */
void log_sanitise(const char *text, char *ret, size_t size);

#endif
