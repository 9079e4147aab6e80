/*
 * Preloaded into a program, it kills it right before the call number KILL_AT of those that change files: what is there
 * then is what a crash at that moment leaves. KILL_AT=0 or none: nothing happens.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static void count(void)
{
	static long calls;
	const char *at = getenv("KILL_AT");

	if (at && ++calls == strtol(at, NULL, 10))
		raise(SIGKILL);
}

/* int(…) NAME: count the call, then make it. */
#define COUNTED(type, name, parameters, arguments) \
	type name parameters \
	{ \
		static type(*next) parameters; \
\
		if (!next) \
			next = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
		count(); \
		return next arguments; \
	}

COUNTED(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
COUNTED(int, fsync, (int fd), (fd))
COUNTED(int, rename, (const char *from, const char *to), (from, to))
COUNTED(int, unlink, (const char *path), (path))
