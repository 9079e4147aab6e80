/*
 * The two ends of an import: commit removes the source side from the host, cancel the destination side (behind a switch
 * back, if there was one to take back). Both remove a side that nobody uses: its map, then its disks. What they cannot
 * finish they can be asked again; there is nothing to undo, since the application is not concerned.
 */
#include "dm-import/core/work.h"
#include "dm-import/host/maps.h"
#include "dm-import/host/wait.h"
#include "dm-import/reservations/unregister.h"
#include "dm-import/store/identities.h"
#include "dm-import/store/journal_file.h"
#include "plan.h"
#include "plans.h"
#include "steps.h"

#include "base/cleanup.h"

#include <string.h>

static int unregister(struct work *work, struct error *err)
{
	(void)err;
	pr_unregister(work, other_side(work->to));
	return 0;
}

static int set_role(struct work *work, enum identity_role role, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;

	if (identities_assign(work->engine, work->import, role, err) < 0)
		return -1;
	return device->reidentify(device->ctx, NULL, 0, UDEV_TIMEOUT_MS, err);
}

/* From here the source LUN is quarantined whenever it shows up again. Its disks are not asked now: they go away next.
 */
static int retire_source(struct work *work, struct error *err)
{
	return set_role(work, work->step->role, err);
}

static int unretire_source(struct work *work, struct error *err)
{
	return set_role(work, work->step->undo_role, err);
}

static const struct plan_step commit_steps[] = {
	{ .name = "check", .act = wait_settled },
	{ .name = "intent", .act = step_intend_rules, .undo = work_void_intent, .doing = DOING_COMMIT },
	{ .name = "retire",
	  .act = retire_source,
	  .undo = unretire_source,
	  .role = IDENTITY_RETIRED,
	  .undo_role = IDENTITY_EXCHANGED,
	  .no_return = true },
	{ .name = "unregister", .act = unregister },
	{ .name = "remove_source", .act = remove_side },
	{ .name = "record", .act = step_record, .state = IMPORT_COMMITTED },
};

static const struct plan commit_plan = { "commit", commit_steps, ARRAY_SIZE(commit_steps) };

enum plan_outcome commit_run(struct work *work, struct error *err)
{
	work->to = SIDE_DESTINATION;
	return plan_run(&commit_plan, work, err);
}

/* The hiding rule stays until the import is deleted: the array may not have unmapped the LUN yet. */
static const struct plan_step cancel_steps[] = {
	{ .name = "intent", .act = step_intend, .undo = work_void_intent, .doing = DOING_CANCEL },
	{ .name = "unregister", .act = unregister },
	{ .name = "remove_destination", .act = remove_side },
	{ .name = "record", .act = step_record, .state = IMPORT_CANCELLED },
};

static const struct plan cancel_plan = { "cancel", cancel_steps, ARRAY_SIZE(cancel_steps) };

enum plan_outcome cancel_run(struct work *work, struct error *err)
{
	work->to = SIDE_SOURCE;
	return plan_run(&cancel_plan, work, err);
}
