/*
 * The contract of struct dm_port: tables and their two slots, messages, and the hold.
 */
#include "contract.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static const char missing[] = "contract-no-such-map";

static char *table_of(struct contract *c, const char *map)
{
	char *table = NULL;

	return c->ports->dm.table(c->ports->dm.ctx, map, &table, &c->err) < 0 ? NULL : table;
}

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* The paths of a table, " 8:16 8:32", without the features that a message or multipathd changes. */
static void paths_of(const char *table, char *ret, size_t size)
{
	size_t used = 0;

	ret[0] = '\0';
	for (const char *word = table; word; word = strchr(word + 1, ' ')) {
		unsigned major, minor;

		if (sscanf(word, " %u:%u", &major, &minor) == 2)
			used += (size_t)snprintf(ret + used, size - used, " %u:%u", major, minor);
	}
}

static bool has_paths_of(struct contract *c, const char *map, const char *table)
{
	CLEANUP_FREE char *now = table_of(c, map);
	char want[256], is[256];

	if (!now)
		return false;
	paths_of(table, want, sizeof(want));
	paths_of(now, is, sizeof(is));
	return want[0] && strcmp(want, is) == 0;
}

static void lists_the_maps(struct contract *c)
{
	for (size_t i = 0; i < 2; i++) {
		struct dm_device map;

		CHECK(c, contract_find_map(c, c->scene->maps[i], &map));
		CHECK(c, strncmp(map.uuid, "mpath-", 6) == 0 && strcmp(map.uuid + 6, c->scene->wwids[i]) == 0);
		CHECK(c, !map.suspended && !map.read_only && !map.has_inactive_table);
		CHECK(c, map.open_count == 0);
		CHECK(c, map.limits.max_io > 0 && map.limits.max_segments > 0);
	}
}

static void one_map_is_as_in_the_list(struct contract *c)
{
	const struct dm_port *dm = &c->ports->dm;
	struct dm_device listed, one = { 0 };

	CHECK(c, contract_find_map(c, c->scene->maps[0], &listed));
	CHECK(c, dm->device(dm->ctx, c->scene->maps[0], &one, &c->err) == 0);
	CHECK(c, strcmp(one.name, listed.name) == 0 && strcmp(one.uuid, listed.uuid) == 0);
	CHECK(c, one.major == listed.major && one.minor == listed.minor && one.suspended == listed.suspended);
	CHECK(c, one.limits.max_io == listed.limits.max_io);
	CHECK(c, dm->device(dm->ctx, missing, &one, &c->err) < 0 && c->err.sys_errno == ENXIO);
}

static void table_is_a_line_per_target(struct contract *c)
{
	CLEANUP_FREE char *table = table_of(c, c->scene->maps[0]);
	unsigned long long start, length;
	char type[16];

	CHECK(c, table);
	CHECK(c, sscanf(table, "%llu %llu %15s", &start, &length, type) == 3);
	CHECK(c, start == 0 && length > 0 && strcmp(type, "multipath") == 0);
	CHECK(c, strchr(table, '\n') == table + strlen(table) - 1);
}

static void load_without_resume_changes_nothing(struct contract *c)
{
	const struct dm_port *dm = &c->ports->dm;
	const char *map = c->scene->maps[0];
	CLEANUP_FREE char *before = table_of(c, map);
	CLEANUP_FREE char *other = table_of(c, c->scene->maps[1]);
	struct dm_device state;

	CHECK(c, before && other);
	CHECK(c, dm->load(dm->ctx, map, other, false, &c->err) == 0);
	CHECK(c, contract_find_map(c, map, &state) && state.has_inactive_table && !state.suspended);

	CLEANUP_FREE char *after = table_of(c, map);

	CHECK(c, same_text(before, after));
	CHECK(c, dm->clear(dm->ctx, map, &c->err) == 0);
	CHECK(c, contract_find_map(c, map, &state) && !state.has_inactive_table);
	CHECK(c, dm->clear(dm->ctx, map, &c->err) == 0);

	CLEANUP_FREE char *cleared = table_of(c, map);

	CHECK(c, same_text(before, cleared));
}

static void failing_load_names_the_map(struct contract *c)
{
	const struct dm_port *dm = &c->ports->dm;
	const char *map = c->scene->maps[0];
	CLEANUP_FREE char *before = table_of(c, map);
	struct dm_device state;

	CHECK(c, before);
	CHECK(c, dm->load(dm->ctx, map, "0 2048 linear 8:0 0\n", false, &c->err) < 0);
	CHECK(c, c->err.code == ERR_DM_FAILED && strcmp(c->err.device, map) == 0);
	CHECK(c,
	      dm->load(dm->ctx, map, "0 2048 multipath 0 0 1 1 service-time 0 1 2 4095:1 1 1\n", false, &c->err) < 0);
	CHECK(c, contract_find_map(c, map, &state) && !state.has_inactive_table && !state.suspended);

	CLEANUP_FREE char *after = table_of(c, map);

	CHECK(c, same_text(before, after));
}

static void missing_maps(struct contract *c)
{
	const struct dm_port *dm = &c->ports->dm;
	struct dm_suspend *hold = NULL;
	char *table = NULL;

	CHECK(c, dm->table(dm->ctx, missing, &table, &c->err) < 0 && !table);
	CHECK(c, c->err.code == ERR_DM_FAILED && c->err.sys_errno == ENXIO && strcmp(c->err.device, missing) == 0);
	CHECK(c, dm->load(dm->ctx, missing, "0 2048 multipath 0 0 0 0\n", false, &c->err) < 0);
	CHECK(c, dm->message(dm->ctx, missing, "queue_if_no_path", &c->err) < 0);
	CHECK(c, dm->suspend_prepare(dm->ctx, missing, &hold, &c->err) < 0 && !hold);
	CHECK(c, dm->remove(dm->ctx, missing, &c->err) == 0);
	dm->suspend_free(NULL);
}

static void open_map_is_not_removed(struct contract *c)
{
	const struct dm_port *dm = &c->ports->dm;
	struct dm_device map;
	const char *name;

	CHECK(c, c->scene->use(c->scene->ctx, &name));
	CHECK(c, contract_find_map(c, c->scene->maps[0], &map) && map.open_count > 0);
	CHECK(c, dm->remove(dm->ctx, c->scene->maps[0], &c->err) < 0);
	CHECK(c, c->err.code == ERR_DM_FAILED && c->err.sys_errno == EBUSY);
	CHECK(c, contract_find_map(c, c->scene->maps[0], &map));
	CHECK(c, c->scene->unuse(c->scene->ctx));
	CHECK(c, contract_find_map(c, c->scene->maps[0], &map) && map.open_count == 0);
}

static void open_map_is_renamed(struct contract *c)
{
	const struct dm_port *dm = &c->ports->dm;
	const char *name, *first = c->scene->maps[0];
	struct dm_device map, again;

	CHECK(c, c->scene->use(c->scene->ctx, &name));
	CHECK(c, contract_find_map(c, first, &map));
	CHECK(c, dm->rename(dm->ctx, first, c->scene->maps[1], &c->err) < 0);
	CHECK(c, c->err.code == ERR_DM_FAILED && c->err.sys_errno == EBUSY && strcmp(c->err.device, first) == 0);
	CHECK(c, dm->rename(dm->ctx, first, "contract-renamed", &c->err) == 0);
	CHECK(c, !contract_find_map(c, first, &again) && contract_find_map(c, "contract-renamed", &again));
	CHECK(c, strcmp(again.uuid, map.uuid) == 0 && again.open_count > 0);
	CHECK(c, dm->rename(dm->ctx, "contract-renamed", first, &c->err) == 0);
	CHECK(c, contract_find_map(c, first, &again));
	CHECK(c, c->scene->unuse(c->scene->ctx));
}

static void messages(struct contract *c)
{
	const struct dm_port *dm = &c->ports->dm;
	const char *map = c->scene->maps[0];

	CHECK(c, dm->message(dm->ctx, map, "queue_if_no_path", &c->err) == 0);

	CLEANUP_FREE char *queueing = table_of(c, map);

	CHECK(c, queueing && strstr(queueing, " queue_if_no_path "));
	CHECK(c, dm->message(dm->ctx, map, "nonsense", &c->err) < 0);
	CHECK(c, c->err.code == ERR_DM_FAILED && strcmp(c->err.device, map) == 0);
}

/* Both maps held ready; false and a failed check when it cannot be done. */
static bool prepare(struct contract *c, struct dm_suspend *holds[static 2])
{
	const struct dm_port *dm = &c->ports->dm;

	return dm->suspend_prepare(dm->ctx, c->scene->maps[0], &holds[0], &c->err) == 0 &&
	       dm->suspend_prepare(dm->ctx, c->scene->maps[1], &holds[1], &c->err) == 0;
}

static void release(struct contract *c, struct dm_suspend *holds[static 2])
{
	c->ports->dm.suspend_free(holds[0]);
	c->ports->dm.suspend_free(holds[1]);
}

/* Load both tables, suspend both maps, resume both. */
static void exchange(struct contract *c, const char *first, const char *second)
{
	const struct dm_port *dm = &c->ports->dm;
	struct dm_suspend *holds[2] = { NULL, NULL };
	uint64_t before, after;
	struct dm_device state;

	CHECK(c, dm->load(dm->ctx, c->scene->maps[0], first, false, &c->err) == 0);
	CHECK(c, dm->load(dm->ctx, c->scene->maps[1], second, false, &c->err) == 0);
	CHECK(c, prepare(c, holds));
	CHECK(c, dm->suspend(holds[0]) == 0 && dm->suspend(holds[1]) == 0);
	CHECK(c, dm->suspend(holds[0]) == 0); /* again */
	for (size_t i = 0; i < 2; i++)
		CHECK(c, contract_find_map(c, c->scene->maps[i], &state) && state.suspended);
	CHECK(c, dm->message(dm->ctx, c->scene->maps[0], "queue_if_no_path", &c->err) < 0);
	CHECK(c, dm->resume(holds[0]) == 0 && dm->resume(holds[1]) == 0);
	for (size_t i = 0; i < 2; i++)
		CHECK(c,
		      contract_find_map(c, c->scene->maps[i], &state) && !state.suspended && !state.has_inactive_table);
	CHECK(c, has_paths_of(c, c->scene->maps[0], first) && has_paths_of(c, c->scene->maps[1], second));
	CHECK(c, dm->resume(holds[0]) == 0); /* a running map */
	CHECK(c, dm->completed_ios(holds[0], &before) == 0 && dm->completed_ios(holds[0], &after) == 0);
	CHECK(c, after >= before);
	CHECK(c, has_paths_of(c, c->scene->maps[0], first));
	release(c, holds);
}

/* multipathd would not agree with what happens here. */
static void hold_exchanges_two_tables(struct contract *c)
{
	const struct multipathd_port *multipathd = &c->ports->multipathd;
	CLEANUP_FREE char *first = table_of(c, c->scene->maps[0]);
	CLEANUP_FREE char *second = table_of(c, c->scene->maps[1]);

	CHECK(c, first && second);
	CHECK(c, multipathd->stop(multipathd->ctx, &c->err) == 0);
	exchange(c, second, first);
	exchange(c, first, second);
	CHECK(c, multipathd->start(multipathd->ctx, &c->err) == 0);
}

static void cleared_hold_goes_back(struct contract *c)
{
	const struct dm_port *dm = &c->ports->dm;
	CLEANUP_FREE char *first = table_of(c, c->scene->maps[0]);
	CLEANUP_FREE char *second = table_of(c, c->scene->maps[1]);
	struct dm_suspend *holds[2] = { NULL, NULL };
	struct dm_device state;

	CHECK(c, first && second && prepare(c, holds));
	CHECK(c, dm->load(dm->ctx, c->scene->maps[0], second, false, &c->err) == 0);
	CHECK(c, dm->suspend(holds[0]) == 0);
	CHECK(c, dm->clear_loaded(holds[0]) == 0 && dm->clear_loaded(holds[0]) == 0);
	CHECK(c, dm->resume(holds[0]) == 0);
	CHECK(c, contract_find_map(c, c->scene->maps[0], &state) && !state.suspended && !state.has_inactive_table);
	CHECK(c, has_paths_of(c, c->scene->maps[0], first));
	release(c, holds);
}

const struct contract_check contract_dm_checks[] = {
	{ "dm: lists the maps", lists_the_maps },
	{ "dm: one map is as in the list", one_map_is_as_in_the_list },
	{ "dm: a table is a line per target", table_is_a_line_per_target },
	{ "dm: a load without a resume changes nothing, and is cleared", load_without_resume_changes_nothing },
	{ "dm: a failing load names the map and changes nothing", failing_load_names_the_map },
	{ "dm: maps that are missing", missing_maps },
	{ "dm: a map that is open is not removed", open_map_is_not_removed },
	{ "dm: a map that is open is renamed", open_map_is_renamed },
	{ "dm: messages", messages },
	{ "dm: hold and resume exchange two tables", hold_exchanges_two_tables },
	{ "dm: a hold that is cleared goes back", cleared_hold_goes_back },
	{ NULL, NULL },
};
