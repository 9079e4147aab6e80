/*
 * See guard.h. It compares with what pr_move_before_switch read last: changes since then were not moved.
 */
#include "guard.h"

#include "dm-import/core/work.h"

#include <errno.h>

bool pr_view_is(const struct pr_view *view, uint32_t generation, uint64_t holder_key, uint8_t scope_type)
{
	return view->generation == generation && view->holder_key == holder_key && view->scope_type == scope_type;
}

/* 0, or an errno: EAGAIN if the LUN that the member is on reports something else than before. */
static int check_member(const struct work *work, const struct member *member)
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
	 * The array that the application leaves does not answer. The way back stays open all the same. So does the way
	 * there if nobody was registered, and therefore nobody fenced: a dead array is no reason to stay on it.
	 */
	if (sys_errno)
		return work->to == SIDE_SOURCE || view->key_count == 0 ? 0 : sys_errno;
	return pr_view_is(view, generation, holder_key, scope_type) ? 0 : EAGAIN;
}

int pr_guard_check(struct work *work)
{
	for (size_t i = 0; i < work->changing_count; i++) {
		int sys_errno = check_member(work, work->changing[i]);

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
