/*
 * Bounding a call into the kernel that may never return.
 */
#ifndef DM_IMPORT_SYSTEM_TOOLS_BOUNDED_H
#define DM_IMPORT_SYSTEM_TOOLS_BOUNDED_H

#include <stddef.h>

/*
 * Run `run(argument)` in a separate thread, for at most timeout_ms. 0: it ran, and the caller owns the argument again.
 * ETIMEDOUT: it is stuck in the kernel; the thread goes on alone, and releases the argument when the call has ended.
 * Another errno: it did not run, because there is no memory, or because too many other calls are stuck.
 */
int sys_bounded(void (*run)(void *argument), void *argument, void (*release)(void *argument), unsigned timeout_ms);

#endif
