/*
 * Errors: one table of codes (error_codes.def) and one struct that carries a failure from the lowest
 * place that knows it to the one place that logs or reports it.
 *
 * Convention everywhere: a function that can fail takes `struct error *err` last, fills it and returns -1;
 * `ret_` outputs are then untouched. Library code never logs.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stddef.h>

enum error_code {
	ERR_NONE,
#define ERROR_CODE(id, name, http_status, text, remedy) ERR_##id,
#include "error_codes.def"
#undef ERROR_CODE
	ERR_COUNT
};

struct error {
	enum error_code code;
	int sys_errno;	  /* errno where the kernel said no, else 0 */
	char device[64];  /* "sdc", "mpatha", a path name; "" when there is none */
	char step[32];	  /* the plan's step, "" outside plans */
	char detail[320]; /* one sentence: what exactly failed */
};

/* What the table says. Never NULL; an unknown code answers as ERR_INTERNAL does. */
const char *error_name(enum error_code code);
const char *error_text(enum error_code code);
const char *error_remedy(enum error_code code);

/* The code of a stable name, ERR_NONE when there is no such name. */
enum error_code error_from_name(const char *name);

/*
 * Fill *err (NULL is allowed: the caller does not care) and return -1, so that a failing function ends in
 * `return error_set(...)`. error_set_sys also keeps sys_errno and appends its text to the detail.
 */
int error_set(struct error *err, enum error_code code, const char *device, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int error_set_sys(struct error *err, enum error_code code, const char *device, int sys_errno, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
int error_no_memory(struct error *err);

/* One line for a person: "<text> <detail> <remedy>". Truncates; always ends in NUL when size > 0. */
void error_format(const struct error *err, char *ret, size_t size);

#endif
