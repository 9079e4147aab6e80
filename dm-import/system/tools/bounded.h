/*
 * A call into the kernel that may never return.
 */
#ifndef DM_IMPORT_SYSTEM_TOOLS_BOUNDED_H
#define DM_IMPORT_SYSTEM_TOOLS_BOUNDED_H

#include <stddef.h>

/*
 * Run `run(argument)` in a thread of its own, for timeout_ms at most. 0: it ran, and the argument is the
 * caller's again. ETIMEDOUT: the kernel keeps it; it goes on alone, and the argument is released when it has ended.
 * Another errno: it did not run, because there is no memory, or because too many others are kept like that.
 */
int sys_bounded(void (*run)(void *argument), void *argument, void (*release)(void *argument), unsigned timeout_ms);

#endif
