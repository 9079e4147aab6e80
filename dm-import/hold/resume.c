/*
 * See resume.h. The rule for a torn switch: once one live map is on the new side, forward; before that, back. (A
 * guardian that outlived the agent went forward already when all maps were held and the agent had decided to release;
 * the tables show it.)
 */
#include "resume.h"

#include "dm-import/core/inventory.h"

#include <string.h>

enum side torn_target(const struct import *import)
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
	struct dm_suspend *suspend = NULL;
	int sys_errno = 0;

	if (!map || (!map->dm.suspended && (forward || !map->dm.has_inactive_table)))
		return 0;
	if (dm->suspend_prepare(dm->ctx, map->dm.name, &suspend, err) < 0)
		return -1;
	if (!forward)
		sys_errno = dm->clear_loaded(suspend);
	if (map->dm.suspended && !sys_errno)
		sys_errno = dm->resume(suspend);
	dm->suspend_free(suspend);
	return sys_errno ? error_set_sys(err, ERR_DM_FAILED, map->dm.name, sys_errno, "cannot resume the map") : 0;
}

/* Live maps first, they have waited long enough. */
int resume_maps(struct engine *engine, const struct import *import, bool forward, struct error *err)
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

int resume_torn(struct engine *engine, const struct import *import, bool *ret_forward, struct error *err)
{
	CLEANUP_INVENTORY struct inventory now = { 0 };
	bool forward;

	if (inventory_load(engine->ports, &now, err) < 0)
		return -1;
	forward = members_on(import, &now, torn_target(import)) > 0;
	if (ret_forward)
		*ret_forward = forward;
	return resume_maps(engine, import, forward, err);
}

void resume_all_torn(struct engine *engine)
{
	for (size_t i = 0; i < engine->import_count; i++)
		if (import_in_torn_switch(engine->imports[i]))
			resume_torn(engine, engine->imports[i], NULL, NULL);
}
