/*
 * The one loop that runs every plan; see plan.h.
 */
#include "plan.h"

#include "dm-import/core/work.h"
#include "dm-import/crash_point.h"

#include <stdio.h>

static void tell(struct work *work, const struct plan *plan, size_t step)
{
	const struct observer *observer = work->observer;

	if (observer && observer->step)
		observer->step(observer->ctx, plan->steps[step].name, (unsigned)(step * 100 / plan->step_count));
}

/* An undo that fails ends it: those before it stand on it (multipathd must not start while identities are exchanged).
 */
static enum plan_outcome undo_from(const struct plan *plan, struct work *work, size_t failed, unsigned tries,
				   struct error *ret_err)
{
	unsigned left;

	for (size_t i = failed + 1; i-- > 0;) {
		struct error err = { 0 };

		if (!plan->steps[i].undo)
			continue;
		work->step = &plan->steps[i];
		for (left = tries; left > 0 && plan->steps[i].undo(work, &err) < 0; left--)
			;
		if (left > 0)
			continue;
		work_log(work, 1, &err, "%s: cannot undo step %s", plan->name, plan->steps[i].name);
		if (ret_err)
			*ret_err = err;
		return PLAN_STUCK;
	}
	return PLAN_UNDONE;
}

enum plan_outcome plan_undo(const struct plan *plan, struct work *work, struct error *err)
{
	return undo_from(plan, work, plan->step_count - 1, PLAN_FORWARD_TRIES, err);
}

static int act(const struct plan_step *step, struct work *work, unsigned tries, struct error *err)
{
	while (step->act(work, err) < 0) {
		snprintf(err->step, sizeof(err->step), "%s", step->name);
		if (--tries == 0)
			return -1;
		work_log(work, 1, err, "step %s failed after the point of no return; trying again", step->name);
	}
	return 0;
}

enum plan_outcome plan_run(const struct plan *plan, struct work *work, struct error *err)
{
	bool forward = work->recovering; /* what is torn is completed, never undone */

	for (size_t i = 0; i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];

		work->step = step;
		tell(work, plan, i);
		crash_point(plan->name, step->name, "before");
		if (act(step, work, forward ? PLAN_FORWARD_TRIES : 1, err) < 0)
			return forward ? PLAN_STUCK : undo_from(plan, work, i, 1, NULL);
		crash_point(plan->name, step->name, "after");
		forward = forward || step->no_return;
	}
	return PLAN_DONE;
}
