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
 * Read a file of at most `limit` bytes (more is ERR_IO, EFBIG). *ret_text is NUL-terminated and owned by the caller;
 * *ret_length (may be NULL) is its length in bytes. Missing file: ERR_IO with sys_errno ENOENT.
 */
int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_length, struct error *err);

/*
 * Replace the content of `path` by `text`: temporary file in the same directory, fsync, rename, fsync of the directory.
 * On failure the old file is untouched. A full disk is ERR_NO_SPACE, anything else ERR_IO.
 */
int file_replace(const char *path, const char *text, size_t length, mode_t mode, struct error *err);

/*
 * Cut the file to its first `offset` bytes and append the text, by one write and fdatasync; an empty text only cuts.
 * The file must exist and have that length at least (ERR_IO). On failure it is cut to `offset` bytes again; only if
 * that fails, too, bytes may remain after them. A full disk is ERR_NO_SPACE, anything else ERR_IO.
 */
int file_append(const char *path, uint64_t offset, const char *text, size_t length, struct error *err);

/*
 * Reserve blocks for the bytes up to `size`, so that appending up to there needs no more space; the file's size stays.
 * Succeeds, too, if the file system cannot do that.
 */
int file_reserve(const char *path, uint64_t size, struct error *err);

/* Rename a file within its directory, replacing `to`, and make that durable. */
int file_move(const char *from, const char *to, struct error *err);

/* Remove a file and make that durable; a missing file is success. */
int file_remove(const char *path, struct error *err);

/* mkdir -p, the last directory with `mode`; if it exists: success, and it keeps its mode. */
int file_make_directories(const char *path, mode_t mode, struct error *err);

/* The same for the file's directory, if its path names one. */
int file_make_parents(const char *path, mode_t mode, struct error *err);

#endif
