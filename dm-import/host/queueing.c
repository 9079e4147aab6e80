/*
 * Whether maps queue I/O when they have no path. multipathd turns queueing off when it stops, unless told not to, and
 * older ones do it all the same; for the length of a switch all maps of it must queue. Behind it each is as it was:
 * where multipath.conf says nothing (no_path_retry), multipathd leaves that alone, and a map that nobody told to queue
 * must not hang where it failed before.
 */
#include "queueing.h"

#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"

#include "base/cleanup.h"

static const char queue[] = "queue_if_no_path", fail[] = "fail_if_no_path";

void queueing_note(struct work *work)
{
	for (size_t i = 0; i < work->import->member_count; i++) {
		struct member *member = &work->import->members[i];
		const struct map *live = inventory_map(&work->now, member->source_wwid);
		const struct map *idle = inventory_map(&work->now, member->destination_wwid);

		member->live_fails = live && !mp_table_has_feature(live->table, queue);
		member->idle_fails = idle && !mp_table_has_feature(idle->table, queue);
	}
}

int queueing_keep(struct work *work, struct error *err)
{
	const struct dm_port *dm = &work->engine->ports->dm;

	for (size_t i = 0; i < work->changing_count; i++)
		if (dm->message(dm->ctx, work->changing[i]->name, queue, err) < 0 ||
		    dm->message(dm->ctx, work->idle_names[i], queue, err) < 0)
			return -1;
	return 0;
}

static int restore(struct work *work, const char *wwid, bool fails, struct error *err)
{
	const struct dm_port *dm = &work->engine->ports->dm;
	const struct map *map;

	if (!fails)
		return 0;
	if (inventory_ask_maps(work->engine->ports, &work->now, &wwid, 1, err) < 0)
		return -1;
	map = inventory_map(&work->now, wwid);
	if (!map || !mp_table_has_feature(map->table, queue))
		return 0;
	return dm->message(dm->ctx, map->dm.name, fail, err);
}

int queueing_restore(struct work *work, struct error *err)
{
	for (size_t i = 0; i < work->import->member_count; i++) {
		const struct member *member = &work->import->members[i];

		if (restore(work, member->source_wwid, member->live_fails, err) < 0 ||
		    restore(work, member->destination_wwid, member->idle_fails, err) < 0)
			return -1;
	}
	return 0;
}
