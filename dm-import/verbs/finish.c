/*
 * The two ends of an import: commit removes the source side from the host, cancel the destination side (behind a switch
 * back, if there was one to take back). Both remove a side that nobody uses: its map, then its disks. What they cannot
 * finish they can be asked again; there is nothing to undo, since the application is not concerned.
 */
#include "finish.h"

#include "dm-import/core/work.h"
#include "dm-import/host/maps.h"
#include "dm-import/host/wait.h"
#include "dm-import/reservations/leave.h"
#include "dm-import/store/identities.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "plan.h"

#include "base/cleanup.h"

#include <string.h>

static int unregister(struct work *work, struct error *err)
{
	(void)err;
	pr_move_leave(work, other_side(work->to));
	return 0;
}

static int check_on_destination(struct work *work, struct error *err)
{
	return wait_settled(work, err);
}

static int intend_commit(struct work *work, struct error *err)
{
	/* as in a switch: what cannot write rules is found where nothing has changed */
	if ((!work->recovering && identities_apply(work->engine, err) < 0) || import_reserve(work, err) < 0)
		return -1;
	work->import->doing = DOING_COMMIT;
	return import_save(work->engine, work->import, JOURNAL_INTENT, err);
}

/* From here the source LUN is quarantined whenever it shows up again. Its disks are not asked now: they go away next.
 */
static int retire_source(struct work *work, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;

	if (identities_assign(work->engine, work->import, IDENTITY_RETIRED, err) < 0)
		return -1;
	return device->reidentify(device->ctx, NULL, 0, UDEV_TIMEOUT_MS, err);
}

static int unretire_source(struct work *work, struct error *err)
{
	const struct device_port *device = &work->engine->ports->device;

	if (identities_assign(work->engine, work->import, IDENTITY_EXCHANGED, err) < 0)
		return -1;
	return device->reidentify(device->ctx, NULL, 0, UDEV_TIMEOUT_MS, err);
}

static int record_committed(struct work *work, struct error *err)
{
	return work_record_done(work, IMPORT_COMMITTED, err);
}

static const struct plan_step commit_steps[] = {
	{ "check", check_on_destination, NULL, false },	    { "intent", intend_commit, work_void_intent, false },
	{ "retire", retire_source, unretire_source, true }, { "unregister", unregister, NULL, false },
	{ "remove_source", remove_side, NULL, false },	    { "record", record_committed, NULL, false },
};

static const struct plan commit_plan = { "commit", commit_steps, ARRAY_SIZE(commit_steps) };

enum plan_outcome commit_run(struct work *work, struct error *err)
{
	work->to = SIDE_DESTINATION;
	return plan_run(&commit_plan, work, err);
}

static int intend_cancel(struct work *work, struct error *err)
{
	if (import_reserve(work, err) < 0)
		return -1;
	work->import->doing = DOING_CANCEL;
	return import_save(work->engine, work->import, JOURNAL_INTENT, err);
}

static int record_cancelled(struct work *work, struct error *err)
{
	return work_record_done(work, IMPORT_CANCELLED, err);
}

/* The hiding rule stays until the import is deleted: the array may not have unmapped the LUN yet. */
static const struct plan_step cancel_steps[] = {
	{ "intent", intend_cancel, work_void_intent, false },
	{ "unregister", unregister, NULL, false },
	{ "remove_destination", remove_side, NULL, false },
	{ "record", record_cancelled, NULL, false },
};

static const struct plan cancel_plan = { "cancel", cancel_steps, ARRAY_SIZE(cancel_steps) };

enum plan_outcome cancel_run(struct work *work, struct error *err)
{
	work->to = SIDE_SOURCE;
	return plan_run(&cancel_plan, work, err);
}
