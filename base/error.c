/*
 * The error table as data, and filling a struct error. Nothing here allocates or logs, so that errors can
 * be made where memory is short or a map is held.
 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct error_row {
	const char *name;
	const char *text;
	const char *remedy;
};

static const struct error_row rows[ERR_COUNT] = {
	[ERR_NONE] = { "none", "", "" },
#define ERROR_CODE(id, name, http_status, text, remedy) [ERR_##id] = { name, text, remedy },
#include "error_codes.def"
#undef ERROR_CODE
};

static const struct error_row *row(enum error_code code)
{
	return (unsigned)code < ERR_COUNT ? &rows[code] : &rows[ERR_INTERNAL];
}

const char *error_name(enum error_code code)
{
	return row(code)->name;
}

const char *error_text(enum error_code code)
{
	return row(code)->text;
}

const char *error_remedy(enum error_code code)
{
	return row(code)->remedy;
}

enum error_code error_from_name(const char *name)
{
	for (int code = ERR_NONE + 1; code < ERR_COUNT; code++)
		if (strcmp(rows[code].name, name) == 0)
			return code;
	return ERR_NONE;
}

static void __attribute__((format(printf, 5, 0)))
fill(struct error *err, enum error_code code, const char *device, int sys_errno, const char *fmt, va_list ap)
{
	size_t used;

	memset(err, 0, sizeof(*err));
	err->code = code;
	err->sys_errno = sys_errno;
	snprintf(err->device, sizeof(err->device), "%s", device ? device : "");
	vsnprintf(err->detail, sizeof(err->detail), fmt, ap);
	used = strlen(err->detail);
	if (sys_errno)
		snprintf(err->detail + used, sizeof(err->detail) - used, ": %s", strerrordesc_np(sys_errno));
}

int error_set(struct error *err, enum error_code code, const char *device, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	fill(err, code, device, 0, fmt, ap);
	va_end(ap);
	return -1;
}

int error_set_sys(struct error *err, enum error_code code, const char *device, int sys_errno, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	fill(err, code, device, sys_errno, fmt, ap);
	va_end(ap);
	return -1;
}

int error_no_memory(struct error *err)
{
	return error_set(err, ERR_NO_MEMORY, NULL, "memory allocation failed");
}

void error_format(const struct error *err, char *ret, size_t size)
{
	snprintf(ret, size, "%s%s%s%s%s%s %s", error_text(err->code), err->device[0] ? " [" : "", err->device,
		 err->device[0] ? "]" : "", err->detail[0] ? " " : "", err->detail, error_remedy(err->code));
}
