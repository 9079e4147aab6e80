/*
 * Capabilities, by libcap; see privileges.h. They belong to threads, not to processes.
 */
#include "privileges.h"

#include <errno.h>
#include <sys/capability.h>

int privileges_drop(struct error *err)
{
	cap_t none = cap_init();
	int result;

	if (!none)
		return error_no_memory(err);
	result = cap_set_proc(none);
	if (result < 0)
		error_set_sys(err, ERR_INTERNAL, NULL, errno, "cannot give up capabilities");
	cap_free(none);
	return result;
}
