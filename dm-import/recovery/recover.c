/*
 * What an earlier process left unfinished, put right when the engine opens: a held map is released, a torn switch is
 * completed in the direction that the kernel's tables show, a torn commit or cancel is gone on with.
 *
 * The rule for a switch: once one live map is on the new side, forward; before that, back. (A guardian that outlived
 * the agent went forward already when all maps were held and the agent had decided to release; the tables show it.)
 */
#include "dm-import/core/engine.h"

#include "base/cleanup.h"

#include <string.h>

static enum side target(const struct import *import)
{
	return import->doing == DOING_TO_DESTINATION ? SIDE_DESTINATION : SIDE_SOURCE;
}

static size_t members_on(const struct import *import, const struct inventory *now, enum side side)
{
	size_t count = 0;

	for (size_t i = 0; i < import->member_count; i++) {
		const struct map *live = inventory_map(now, import->members[i].source_wwid);
		char carries[WWID_SIZE];

		if (!live)
			continue;
		inventory_true_wwid(now, live, carries);
		count += strcmp(carries, lun_on(&import->members[i], side)) == 0;
	}
	return count;
}

static int release(struct engine *engine, const struct map *map, bool forward, struct error *err)
{
	const struct dm_port *dm = &engine->ports->dm;
	struct dm_hold *hold = NULL;
	int sys_errno = 0;

	if (!map || (!map->dm.suspended && (forward || !map->dm.has_inactive_table)))
		return 0;
	if (dm->hold_prepare(dm->ctx, map->dm.name, &hold, err) < 0)
		return -1;
	if (!forward)
		sys_errno = dm->hold_clear(hold);
	if (map->dm.suspended && !sys_errno)
		sys_errno = dm->hold_resume(hold);
	dm->hold_free(hold);
	return sys_errno ? error_set_sys(err, ERR_DM_FAILED, map->dm.name, sys_errno, "cannot release the map") : 0;
}

/* Live maps first, they have waited long enough. */
int release_maps(struct engine *engine, const struct import *import, bool forward, struct error *err)
{
	CLEANUP_INVENTORY struct inventory now = { 0 };
	int result = 0;

	if (inventory_load(engine->ports, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < 2 * import->member_count; i++) {
		const struct member *member = &import->members[i % import->member_count];
		bool live = i < import->member_count;

		if (release(engine, inventory_map(&now, live ? member->source_wwid : member->destination_wwid), forward,
			    err) < 0)
			result = -1;
	}
	return result;
}

int release_torn(struct engine *engine, const struct import *import, bool *ret_forward, struct error *err)
{
	CLEANUP_INVENTORY struct inventory now = { 0 };
	bool forward;

	if (inventory_load(engine->ports, &now, err) < 0)
		return -1;
	forward = members_on(import, &now, target(import)) > 0;
	if (ret_forward)
		*ret_forward = forward;
	return release_maps(engine, import, forward, err);
}

enum plan_outcome recover_switch(struct work *work, struct error *err)
{
	struct import *import = work->import;
	bool forward;

	work->to = target(import);
	if (release_torn(work->engine, import, &forward, err) < 0)
		return PLAN_STUCK;
	if (!forward)
		work->to = other_side(work->to);
	work->recovering = true;
	work->multipathd_stopped = true;
	return switch_run(work, err);
}

static enum plan_outcome recover_one(struct work *work, struct error *err)
{
	struct import *import = work->import;

	switch (import->doing) {
	case DOING_NOTHING:
		return PLAN_DONE;
	case DOING_PREPARE:
		/* nothing of an application was touched; prepare can be sent again */
		import->state = IMPORT_NEW;
		import->attention = (struct error){ 0 };
		import->doing = DOING_NOTHING;
		return import_save(work->engine, import, JOURNAL_VOID, err) < 0 ? PLAN_STUCK : PLAN_DONE;
	case DOING_TO_DESTINATION:
	case DOING_TO_SOURCE:
		return recover_switch(work, err);
	case DOING_COMMIT:
		work->recovering = true;
		return commit_run(work, err);
	case DOING_CANCEL:
		return cancel_run(work, err);
	}
	return PLAN_STUCK;
}

/* Rules are made again from the store where they are missing or differ: without them the wrong LUN would get the name.
 */
static int restore_rules(struct engine *engine, struct error *err)
{
	if (engine->identities.count == 0)
		return 0;
	return identities_apply(engine, err);
}

void recover_release(struct engine *engine)
{
	for (size_t i = 0; i < engine->import_count; i++)
		if (state_torn_switch(engine->imports[i]))
			release_torn(engine, engine->imports[i], NULL, NULL);
}

int recover_import(struct engine *engine, struct import *import, const struct observer *observer, struct error *err)
{
	struct work work = { .engine = engine, .import = import, .observer = observer };
	struct error why = { 0 };
	enum doing doing = import->doing;
	bool done = recover_one(&work, &why) == PLAN_DONE;

	if (!done) {
		switch_leave_safe(&work);
		import->state = IMPORT_RECOVERING;
		import->doing = doing;
		import->attention = why;
		import_save(engine, import, JOURNAL_STUCK, NULL);
		if (err)
			*err = why;
	}
	work_free(&work);
	return done ? 0 : -1;
}

int recover_all(struct engine *engine, struct error *err)
{
	if (restore_rules(engine, err) < 0)
		return -1;
	for (size_t i = 0; i < engine->import_count; i++)
		recover_import(engine, engine->imports[i], NULL, NULL);
	return 0;
}
