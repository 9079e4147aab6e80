/*
 * See guard.h. What is compared with is the last look of pr_move_before_switch: what changed since was not moved.
 */
#include "guard.h"

#include "dm-import/core/work.h"

#include <errno.h>

bool pr_view_is(const struct pr_view *view, uint32_t generation, uint64_t holder_key, uint8_t scope_type)
{
	return view->generation == generation && view->holder_key == holder_key && view->scope_type == scope_type;
}

/* 0, or an errno: EAGAIN when the LUN that the member is on says something else than before. */
static int look(const struct work *work, const struct member *member)
{
	const struct scsi_port *scsi = &work->engine->ports->scsi;
	const struct pr_view *view = &member->pr.views[other_side(work->to)];
	uint32_t generation;
	uint64_t holder_key;
	uint8_t scope_type;
	int sys_errno;

	if (!view->watch || work->unguarded)
		return 0;
	sys_errno = scsi->pr_watch_read(view->watch, &generation, &holder_key, &scope_type);
	/*
	 * The array that is left does not answer. The way back is open all the same; so is the way there where nobody
	 * was registered, and therefore nobody fenced: the array that is dead is no reason to stay on it.
	 */
	if (sys_errno)
		return work->to == SIDE_SOURCE || view->key_count == 0 ? 0 : sys_errno;
	return pr_view_is(view, generation, holder_key, scope_type) ? 0 : EAGAIN;
}

int pr_guard_check(struct work *work)
{
	for (size_t i = 0; i < work->changing_count; i++) {
		int sys_errno = look(work, work->changing[i]);

		if (sys_errno)
			return sys_errno;
	}
	return 0;
}

void pr_guard_explain(int sys_errno, struct error *err)
{
	if (sys_errno == EAGAIN)
		error_set(err, ERR_PR_CHANGED, NULL, "%s", "");
	else
		error_set_sys(err, ERR_SCSI_FAILED, NULL, sys_errno,
			      "the reservations could not be read during the hold");
}
