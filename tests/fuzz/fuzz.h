/*
 * What the fuzzers share. A fuzzer states a promise with require(): one that does not hold ends the process, which
 * libFuzzer reports with the input that did it.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(condition) \
	do { \
		if (!(condition)) \
			fuzz_broken(__FILE__, __LINE__, #condition); \
	} while (0)

void fuzz_broken(const char *file, int line, const char *promise) __attribute__((noreturn));

/* The bytes as a text that ends in NUL, so that reading beyond it is seen. Owned by the caller. */
char *fuzz_text(const uint8_t *data, size_t size);

/* A path in a directory of this process, in memory where there is /dev/shm; the directory is removed at the end. */
void fuzz_path(const char *name, char ret[static PATH_MAX]);

/* A file in there becomes these bytes; NULL when it does not exist. fuzz_read: the caller owns it. */
void fuzz_write(const char *path, const void *data, size_t size);
char *fuzz_read(const char *path, size_t *ret_size);

bool fuzz_is_utf8(const void *data, size_t size);
/* Every byte is in ' '..'~': one line, whatever reads it. */
bool fuzz_is_printable(const char *text);

/* A refusal as a client gets it: a code of the table that is no failure of ours, in words that are printable. */
void fuzz_check_refusal(const struct error *err);

#endif
