/*
 * What the tests tell the fake engine to do; see fake_engine.c.
 */
#include "tests/daemon/fake_commands.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/num.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The content of $FAKE_ENGINE/<function>.<what>, without its newline; false when there is no such file. */
bool fake_command(const char *function, const char *what, char *ret, size_t size)
{
	const char *directory = getenv("FAKE_ENGINE");
	CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.%s", directory ? directory : "", function, what);
	if (!directory || file_read(path, 256, &text, NULL, NULL) < 0)
		return false;
	snprintf(ret, size, "%.*s", (int)strcspn(text, "\n"), text);
	return true;
}

void fake_time(const char *function, unsigned parts)
{
	char text[32];
	uint64_t ms;
	struct timespec nap;

	if (!fake_command(function, "delay_ms", text, sizeof(text)) || !num_parse(text, 600000, &ms))
		return;
	ms /= parts;
	nap = (struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
	nanosleep(&nap, NULL);
}

int fake_fault(const char *function, struct error *err)
{
	char name[64];

	if (!fake_command(function, "fail", name, sizeof(name)))
		return 0;
	error_set_sys(err, error_from_name(name), "mpatha", EIO, "on command, with a \"quote\"\n and a newline");
	snprintf(err->step, sizeof(err->step), "fake");
	return -1;
}

/* JSON from a text, because its shape is easier to see so. */
struct json_object *fake_shape(const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	return json_tokener_parse(text);
}
