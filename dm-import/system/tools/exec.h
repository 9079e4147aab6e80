/*
 * Running a helper program.
 */
#ifndef DM_IMPORT_SYSTEM_TOOLS_EXEC_H
#define DM_IMPORT_SYSTEM_TOOLS_EXEC_H

#include "base/error.h"

/*
 * Run a program of /usr/sbin, /sbin, /usr/bin or /bin by its name, without a shell, and wait for it.
 * Its output and errors go to ret_output, what does not fit is dropped. 0 when it ran, whatever its exit status
 * (128 + n when signal n ended it); ERR_IO when it could not be started, or was killed after timeout_ms (ETIMEDOUT);
 * ERR_NO_MEMORY.
 */
int sys_exec(const char *const *argv, unsigned timeout_ms, char *ret_output, size_t size, int *ret_status,
	     struct error *err);

#endif
