/*
 * Files, durably: read one with a limit, replace one atomically, append to one. Everything is O_CLOEXEC.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Read the whole file, at most `limit` bytes (more is ERR_IO, EFBIG). *ret_text is NUL-terminated and owned by
 * the caller; *ret_length (may be NULL) is its length in bytes. Missing file: ERR_IO with sys_errno ENOENT.
 */
int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_length, struct error *err);

/*
 * Replace `path` by `text`: temporary file beside it, fsync, rename, fsync of the directory. On failure the
 * old file is untouched. A full disk is ERR_NO_SPACE, anything else ERR_IO.
 */
int file_replace(const char *path, const char *text, size_t length, mode_t mode, struct error *err);

/*
 * The file becomes its first `offset` bytes and the text behind them, by one write and fdatasync; an empty text only
 * cuts. The file must exist and be so long (ERR_IO). On failure it is cut to `offset` bytes again; only where that
 * fails too, something may stand behind them. A full disk is ERR_NO_SPACE, anything else ERR_IO.
 */
int file_append(const char *path, uint64_t offset, const char *text, size_t length, struct error *err);

/*
 * Blocks for the bytes up to `size`, so that appending up to there needs no more space; the file's own size stays.
 * Success, too, where the file system cannot do that.
 */
int file_reserve(const char *path, uint64_t size, struct error *err);

/* Rename a file within its directory, in place of what is at `to`, and make that durable. */
int file_move(const char *from, const char *to, struct error *err);

/* Remove a file and make that durable; a missing file is success. */
int file_remove(const char *path, struct error *err);

/* mkdir -p, the last directory with `mode`; an existing directory is success and keeps its mode. */
int file_make_directories(const char *path, mode_t mode, struct error *err);

/* The same for the directory that the file is in, if its path names one. */
int file_make_parents(const char *path, mode_t mode, struct error *err);

#endif
