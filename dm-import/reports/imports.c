/*
 * What the engine reports of imports: the record, and where the kernel says that each member is.
 */
#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"

#include "base/cleanup.h"

#include <string.h>

static int fill_disk_names(const struct inventory *now, const char *true_wwid, struct disk_names *ret,
			   struct error *err)
{
	const struct disk *disk;

	ret->list = calloc(inventory_lun_disk_count(now, true_wwid) + 1, sizeof(*ret->list));
	if (!ret->list)
		return error_no_memory(err);
	for (; (disk = inventory_lun_disk(now, true_wwid, ret->count)); ret->count++)
		memcpy(ret->list[ret->count], disk->name, sizeof(*ret->list));
	return 0;
}

static void fill_view(const struct pr_view *view, struct reservation_report *ret)
{
	*ret = (struct reservation_report){ .known = view->known,
					    .generation = view->generation,
					    .key_count = view->key_count,
					    .type = view->scope_type & 0xf,
					    .holder_key = view->holder_key,
					    .holder = view->holder,
					    .own_paths = view->own_paths,
					    .paths = view->paths };
	memcpy(ret->keys, view->keys, sizeof(ret->keys));
}

/* The views of the last look, see reservations/move.h. */
static void fill_reservations(const struct member_pr *pr, struct member_report *ret)
{
	ret->registered = pr->registered;
	ret->fenced = pr->fenced;
	ret->lifted = pr->lifted;
	ret->has_reservations = pr->registered || pr->fenced;
	for (int side = 0; side < 2; side++) {
		ret->has_reservations |= pr->views[side].key_count;
		fill_view(&pr->views[side], &ret->reservations[side]);
	}
}

static void fill_side(const struct member *member, const struct inventory *now, struct member_report *ret)
{
	const struct map *map = inventory_map(now, member->source_wwid);
	char carries[WWID_SIZE];

	if (!map)
		return;
	ret->mapped = true;
	ret->dm_minor = map->dm.minor;
	inventory_true_wwid(now, map, carries);
	if (strcmp(carries, member->source_wwid) == 0)
		ret->active = ACTIVE_SOURCE;
	else if (strcmp(carries, member->destination_wwid) == 0)
		ret->active = ACTIVE_DESTINATION;
}

static int fill_member(const struct member *member, const struct inventory *now, struct member_report *ret,
		       struct error *err)
{
	memcpy(ret->source_wwid, member->source_wwid, sizeof(ret->source_wwid));
	memcpy(ret->destination_wwid, member->destination_wwid, sizeof(ret->destination_wwid));
	memcpy(ret->name, member->name, sizeof(ret->name));
	ret->size_bytes = member->size_bytes;
	ret->pause_us = member->pause_us;
	fill_side(member, now, ret);
	fill_reservations(&member->pr, ret);
	for (int side = 0; side < 2; side++)
		if (fill_disk_names(now, lun_on(member, side), &ret->paths[side], err) < 0)
			return -1;
	return 0;
}

static int fill_import(const struct import *import, const struct inventory *now, struct import_report *ret,
		       struct error *err)
{
	*ret = (struct import_report){ .state = import->state,
				       .side = import->members[0].exchanged ? SIDE_DESTINATION : SIDE_SOURCE,
				       .created_ms = import->created_ms,
				       .updated_ms = import->updated_ms,
				       .min_paths = import->min_paths,
				       .session_percent = import->session_percent,
				       .attention = import->attention,
				       .hold = import->last_hold };
	memcpy(ret->id, import->id, sizeof(ret->id));
	memcpy(ret->session_state, import->session_state, sizeof(ret->session_state));
	ret->members = calloc(import->member_count, sizeof(*ret->members));
	if (!ret->members)
		return error_no_memory(err);
	for (size_t i = 0; i < import->member_count; i++)
		if (fill_member(&import->members[i], now, &ret->members[ret->member_count++], err) < 0)
			return -1;
	return 0;
}

int engine_report_imports(struct engine *engine, struct import_reports *ret, struct error *err)
{
	CLEANUP(import_reports_free) struct import_reports imports = { 0 };
	CLEANUP_INVENTORY struct inventory loaded = { 0 };
	/* while an import is held nothing is asked of the host: what it was before the hold still holds */
	const struct inventory *now = engine->held ? &engine->held->now : &loaded;

	if (!engine->held && inventory_load(engine->ports, &loaded, err) < 0)
		return -1;
	imports.list = calloc(engine->import_count + 1, sizeof(*imports.list));
	if (!imports.list)
		return error_no_memory(err);
	for (size_t i = 0; i < engine->import_count; i++)
		if (fill_import(engine->imports[i], now, &imports.list[imports.count++], err) < 0)
			return -1;
	*ret = imports;
	imports = (struct import_reports){ 0 };
	return 0;
}
