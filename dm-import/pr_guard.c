/*
 * The last look at the reservations; see pr_guard.h. This version moves no reservations (the pre-check refuses them),
 * so there is nothing to look at.
 */
#include "pr_guard.h"

int pr_guard_check(struct work *work)
{
	(void)work;
	return 0;
}

void pr_guard_explain(struct work *work, struct error *err)
{
	(void)work;
	error_set(err, ERR_INTERNAL, NULL, "the reservations changed");
}
