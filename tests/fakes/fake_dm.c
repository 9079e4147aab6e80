/*
 * Device-mapper of the fake host, as the kernel behaves for the multipath target: two table slots, resume swaps the
 * inactive one in, messages are refused while suspended, open maps stay. Also what multipathd and the scenes need to
 * make maps.
 */
#include "fake_world.h"

#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct dm_suspend {
	struct fake_world *world;
	char uuid[UUID_SIZE];
};

struct fake_map *world_map(struct fake_world *world, const char *name)
{
	for (size_t i = 0; i < MAPS_MAX; i++)
		if (world->maps[i].exists && strcmp(world->maps[i].name, name) == 0)
			return &world->maps[i];
	return NULL;
}

struct fake_map *world_map_by_uuid(struct fake_world *world, const char *uuid)
{
	for (size_t i = 0; i < MAPS_MAX; i++)
		if (world->maps[i].exists && strcmp(world->maps[i].uuid, uuid) == 0)
			return &world->maps[i];
	return NULL;
}

struct fake_disk *world_disk(struct fake_world *world, const char *name)
{
	for (int i = 0; i < world->disk_count; i++)
		if (world->disks[i].place == DISK_PRESENT && strcmp(world->disks[i].name, name) == 0)
			return &world->disks[i];
	return NULL;
}

struct fake_disk *world_disk_by_number(const struct fake_world *world, unsigned major, unsigned minor)
{
	for (int i = 0; i < world->disk_count; i++) {
		const struct fake_disk *disk = &world->disks[i];

		if (disk->place == DISK_PRESENT && disk->major == major && disk->minor == minor)
			return (struct fake_disk *)disk;
	}
	return NULL;
}

/* "8:16" at the beginning of a word; by hand, since tables are read at every call and sscanf would take most of the
 * time */
static bool device_number(const char *word, unsigned *ret_major, unsigned *ret_minor)
{
	char *end;

	*ret_major = (unsigned)strtoul(word, &end, 10);
	if (end == word || *end != ':')
		return false;
	*ret_minor = (unsigned)strtoul(end + 1, &end, 10);
	return *end == ' ' || *end == '\0';
}

size_t world_table_disks(const struct fake_world *world, const char *table, struct fake_disk **ret)
{
	size_t count = 0;

	for (const char *word = table; (word = strchr(word, ' ')) != NULL;) {
		unsigned major, minor;

		word++;
		if (device_number(word, &major, &minor) && count < DISKS_MAX)
			ret[count++] = world_disk_by_number(world, major, minor);
	}
	return count;
}

bool world_table_queues(const char *table)
{
	return strstr(table, " queue_if_no_path ") != NULL;
}

/* Rewrite the feature words; the fake's tables know no other feature. */
void world_table_set_queue(char *table, bool queue)
{
	char *word = strstr(table, " multipath "), rest[TABLE_SIZE];
	int end = 0;

	if (!word || world_table_queues(table) == queue)
		return;
	word += strlen(" multipath ");
	sscanf(word, queue ? "0%n" : "1 queue_if_no_path%n", &end);
	if (!end)
		return;
	snprintf(rest, sizeof(rest), "%s", word + end);
	snprintf(word, sizeof(rest) - (size_t)(word - table), "%s%s", queue ? "1 queue_if_no_path" : "0", rest);
}

static uint64_t table_sectors(const char *table)
{
	uint64_t length = 0;

	sscanf(table, "0 %" SCNu64, &length);
	return length;
}

/* What a map can do is what the weakest of its paths can; a noflush swap of a running map keeps the old limits. */
static void stack_limits(struct fake_world *world, struct fake_map *map)
{
	struct fake_disk *disks[DISKS_MAX];
	size_t count = world_table_disks(world, map->active, disks);

	if (count && disks[0])
		map->limits = world->luns[disks[0]->lun].limits;
}

/* 0 or the errno with which the kernel refuses a table. */
static int check_table(struct fake_world *world, const struct fake_map *map, const char *table)
{
	struct fake_disk *disks[DISKS_MAX];
	size_t count = world_table_disks(world, table, disks);

	if (!strstr(table, " multipath "))
		return EINVAL; /* the target type of a request-based map cannot change */
	for (size_t i = 0; i < count; i++) {
		if (!disks[i])
			return ENODEV;
		if (world->luns[disks[i]->lun].size_bytes / 512 < table_sectors(table))
			return EINVAL;
	}
	return map->size_sectors && table_sectors(table) != map->size_sectors ? EINVAL : 0;
}

struct fake_map *dm_create(struct fake_world *world, const char *name, const char *uuid, const char *table)
{
	struct fake_map *map = NULL;

	for (size_t i = 0; i < MAPS_MAX && !map; i++)
		if (!world->maps[i].exists)
			map = &world->maps[i];
	if (!map)
		abort();
	*map = (struct fake_map){ .exists = true, .minor = world->next_minor++ };
	snprintf(map->name, sizeof(map->name), "%s", name);
	snprintf(map->uuid, sizeof(map->uuid), "%s", uuid);
	snprintf(map->active, sizeof(map->active), "%s", table);
	map->size_sectors = table_sectors(table);
	stack_limits(world, map);
	udev_map_event(world, map, true);
	return map;
}

void dm_destroy(struct fake_world *world, struct fake_map *map)
{
	unsigned parent;

	for (size_t i = 0; sscanf(map->active, "0 2048 linear 253:%u", &parent) == 1 && i < MAPS_MAX; i++)
		if (world->maps[i].exists && world->maps[i].minor == parent)
			world->maps[i].open_count--;
	*map = (struct fake_map){ 0 };
}

int dm_resume_map(struct fake_world *world, struct fake_map *map)
{
	bool swaps = map->inactive[0] != '\0';

	if (swaps) {
		memcpy(map->active, map->inactive, sizeof(map->active));
		map->inactive[0] = '\0';
		map->read_only = map->inactive_read_only;
	}
	if (map->suspended) {
		uint64_t us = world->now_us - map->suspended_since_us;

		if (us > world->longest_suspend_us)
			world->longest_suspend_us = us;
		map->suspended = false;
		world->holds -= world->holds > 0; /* a dead process's hold is not counted */
	}
	world->exchanged = world->holds && (world->exchanged || swaps);
	udev_map_event(world, map, false);
	return 0;
}

static void describe(const struct fake_map *map, struct dm_device *ret)
{
	*ret = (struct dm_device){
		.major = 253,
		.minor = map->minor,
		.open_count = map->open_count,
		.suspended = map->suspended,
		.read_only = map->read_only,
		.has_inactive_table = map->inactive[0] != '\0',
		.limits = map->limits,
	};
	memcpy(ret->name, map->name, sizeof(ret->name));
	memcpy(ret->uuid, map->uuid, sizeof(ret->uuid));
}

static int do_list(struct fake_world *world, struct dm_device **ret, size_t *ret_count)
{
	struct dm_device *devices = calloc(MAPS_MAX, sizeof(*devices));
	size_t count = 0;

	if (!devices)
		abort();
	for (size_t i = 0; i < MAPS_MAX; i++)
		if (world->maps[i].exists)
			describe(&world->maps[i], &devices[count++]);
	*ret = devices;
	*ret_count = count;
	return 0;
}

static int dm_list(void *ctx, struct dm_device **ret, size_t *ret_count, struct error *err)
{
	return WORLD_QUERY(ctx, "dm.list", NULL, err, do_list(ctx, ret, ret_count));
}

static int do_device(struct fake_world *world, const char *name, struct dm_device *ret, struct error *err)
{
	const struct fake_map *map = world_map(world, name);

	if (!map)
		return world_refuse(world, "dm.device", name, ENXIO, err);
	describe(map, ret);
	return 0;
}

static int dm_device(void *ctx, const char *map, struct dm_device *ret, struct error *err)
{
	return WORLD_QUERY(ctx, "dm.device", map, err, do_device(ctx, map, ret, err));
}

static int do_table(struct fake_world *world, const char *name, char **ret_table, struct error *err)
{
	struct fake_map *map = world_map(world, name);
	char text[TABLE_SIZE + 2];

	if (!map)
		return world_refuse(world, "dm.table", name, ENXIO, err);
	snprintf(text, sizeof(text), "%s\n", map->active);
	*ret_table = strdup(text);
	return 0;
}

static int dm_table(void *ctx, const char *map, char **ret_table, struct error *err)
{
	return WORLD_QUERY(ctx, "dm.table", map, err, do_table(ctx, map, ret_table, err));
}

static int do_load(struct fake_world *world, const char *name, const char *table, bool read_only, struct error *err)
{
	struct fake_map *map = world_map(world, name);
	int sys_errno = map ? check_table(world, map, table) : ENXIO;

	if (sys_errno)
		return world_refuse(world, "dm.load", name, sys_errno, err);
	if (strlen(table) >= sizeof(map->inactive))
		abort();
	memcpy(map->inactive, table, strlen(table) + 1);
	map->inactive[strcspn(map->inactive, "\n")] = '\0';
	map->inactive_read_only = read_only;
	return 0;
}

static int dm_load(void *ctx, const char *map, const char *table, bool read_only, struct error *err)
{
	return WORLD_CALL(ctx, "dm.load", map, err, do_load(ctx, map, table, read_only, err));
}

static int do_clear(struct fake_world *world, const char *name, struct error *err)
{
	struct fake_map *map = world_map(world, name);

	if (!map)
		return world_refuse(world, "dm.clear", name, ENXIO, err);
	map->inactive[0] = '\0';
	return 0;
}

static int dm_clear(void *ctx, const char *map, struct error *err)
{
	return WORLD_CALL(ctx, "dm.clear", map, err, do_clear(ctx, map, err));
}

static int do_remove(struct fake_world *world, const char *name, struct error *err)
{
	struct fake_map *map = world_map(world, name);

	if (map && map->open_count)
		return world_refuse(world, "dm.remove", name, EBUSY, err);
	if (map)
		dm_destroy(world, map);
	return 0;
}

static int dm_remove(void *ctx, const char *map, struct error *err)
{
	return WORLD_CALL(ctx, "dm.remove", map, err, do_remove(ctx, map, err));
}

/* Whoever has the map open keeps it, under its new name. */
void dm_rename_map(struct fake_world *world, struct fake_map *map, const char *name)
{
	for (int i = 0; i < world->app_count; i++)
		if (strcmp(world->apps[i].map, map->name) == 0)
			snprintf(world->apps[i].map, NAME_SIZE, "%s", name);
	for (int i = 0; i < world->user_count; i++)
		if (strcmp(world->users[i].device, map->name) == 0)
			snprintf(world->users[i].device, NAME_SIZE, "%s", name);
	snprintf(map->name, sizeof(map->name), "%s", name);
	udev_map_event(world, map, true);
}

static int do_rename(struct fake_world *world, const char *from, const char *to, struct error *err)
{
	struct fake_map *map = world_map(world, from);

	if (!map || world_map(world, to))
		return world_refuse(world, "dm.rename", from, map ? EBUSY : ENXIO, err);
	dm_rename_map(world, map, to);
	return 0;
}

static int dm_rename(void *ctx, const char *map, const char *name, struct error *err)
{
	return WORLD_CALL(ctx, "dm.rename", map, err, do_rename(ctx, map, name, err));
}

static int do_message(struct fake_world *world, const char *name, const char *message, struct error *err)
{
	struct fake_map *map = world_map(world, name);

	if (!map)
		return world_refuse(world, "dm.message", name, ENXIO, err);
	if (map->suspended)
		return world_refuse(world, "dm.message", name, EBUSY, err);
	if (strcmp(message, "queue_if_no_path") == 0)
		world_table_set_queue(map->active, true);
	else if (strcmp(message, "fail_if_no_path") == 0)
		world_table_set_queue(map->active, false);
	else if (strncmp(message, "fail_path ", 10) != 0 && strncmp(message, "reinstate_path ", 15) != 0)
		return world_refuse(world, "dm.message", name, EINVAL, err);
	return 0;
}

static int dm_message(void *ctx, const char *map, const char *message, struct error *err)
{
	return WORLD_CALL(ctx, "dm.message", map, err, do_message(ctx, map, message, err));
}

static int do_suspend_prepare(struct fake_world *world, const char *name, struct dm_suspend **ret, struct error *err)
{
	struct fake_map *map = world_map(world, name);
	struct dm_suspend *suspend;

	if (!map)
		return world_refuse(world, "dm.suspend_prepare", name, ENXIO, err);
	if (world->holds)
		world_violation(world, "suspend_prepare (%s) allocates while a map is held", name);
	suspend = calloc(1, sizeof(*suspend));
	if (!suspend)
		abort();
	suspend->world = world;
	memcpy(suspend->uuid, map->uuid, sizeof(suspend->uuid));
	world->hold_handles++;
	*ret = suspend;
	return 0;
}

static int dm_suspend_prepare(void *ctx, const char *map, struct dm_suspend **ret, struct error *err)
{
	return WORLD_QUERY(ctx, "dm.suspend_prepare", map, err, do_suspend_prepare(ctx, map, ret, err));
}

/* These calls answer an errno: 0 stays 0, a failure before or after is the error's. */
#define SUSPEND_CALL(suspend, name, work) \
	({ \
		struct error error_ = { 0 }; \
		int errno_ = 0; \
		int failed_ = \
			WORLD_CALL((suspend)->world, name, (suspend)->uuid, &error_, (errno_ = (work)) ? -1 : 0); \
		failed_ ? (errno_ ? errno_ : (error_.sys_errno ? error_.sys_errno : EIO)) : 0; \
	})

static int do_suspend(const struct dm_suspend *suspend)
{
	struct fake_map *map = world_map_by_uuid(suspend->world, suspend->uuid);

	if (!map)
		return ENXIO;
	if (map->suspended)
		return 0;
	map->suspended = true;
	map->suspended_since_us = suspend->world->now_us;
	suspend->world->holds++;
	return 0;
}

static int dm_suspend_map(struct dm_suspend *suspend)
{
	return SUSPEND_CALL(suspend, "dm.suspend", do_suspend(suspend));
}

static int do_resume(const struct dm_suspend *suspend)
{
	struct fake_map *map = world_map_by_uuid(suspend->world, suspend->uuid);

	return map ? dm_resume_map(suspend->world, map) : ENXIO;
}

static int dm_resume(struct dm_suspend *suspend)
{
	return SUSPEND_CALL(suspend, "dm.resume", do_resume(suspend));
}

static int do_clear_loaded(const struct dm_suspend *suspend)
{
	struct fake_map *map = world_map_by_uuid(suspend->world, suspend->uuid);

	if (!map)
		return ENXIO;
	map->inactive[0] = '\0';
	return 0;
}

static int dm_clear_loaded(struct dm_suspend *suspend)
{
	return SUSPEND_CALL(suspend, "dm.clear_loaded", do_clear_loaded(suspend));
}

/* Where an application is at work, an I/O more each time. */
static int do_completed(const struct dm_suspend *suspend, uint64_t *ret)
{
	struct fake_world *world = suspend->world;

	*ret = world->idle_applications ? 0 : ++world->completed_ios;
	return 0;
}

static int dm_completed_ios(struct dm_suspend *suspend, uint64_t *ret)
{
	return SUSPEND_CALL(suspend, "dm.completed_ios", do_completed(suspend, ret));
}

static void dm_suspend_free(struct dm_suspend *suspend)
{
	if (!suspend)
		return;
	suspend->world->hold_handles--;
	free(suspend);
}

void fake_dm_port(struct fake_world *world, struct dm_port *ret)
{
	*ret = (struct dm_port){
		.ctx = world,
		.list = dm_list,
		.device = dm_device,
		.table = dm_table,
		.load = dm_load,
		.clear = dm_clear,
		.remove = dm_remove,
		.rename = dm_rename,
		.message = dm_message,
		.suspend_prepare = dm_suspend_prepare,
		.suspend = dm_suspend_map,
		.resume = dm_resume,
		.clear_loaded = dm_clear_loaded,
		.completed_ios = dm_completed_ios,
		.suspend_free = dm_suspend_free,
	};
}
