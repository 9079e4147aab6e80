/*
 * The invariants of the fake host after every port call: the application's I/O goes on and reaches the right content,
 * no table mixes two LUNs, no disk is in two maps, the idle side is invisible, no hold is too long.
 */
#include "fake_world.h"

#include <stdio.h>
#include <string.h>

static struct fake_app *app_of_map(struct fake_world *world, const struct fake_map *map)
{
	for (int i = 0; i < world->app_count; i++)
		if (strcmp(world->apps[i].map, map->name) == 0)
			return &world->apps[i];
	return NULL;
}

static struct fake_app *app_of_lun(struct fake_world *world, int lun)
{
	for (int i = 0; i < world->app_count; i++)
		if (world->apps[i].source == lun || world->apps[i].destination == lun)
			return &world->apps[i];
	return NULL;
}

/* The one LUN of a table's disks; -1 none, -2 several. */
static int lun_of_table(const struct fake_world *world, const char *table)
{
	struct fake_disk *disks[DISKS_MAX];
	size_t count = world_table_disks(world, table, disks);
	int lun = -1;

	for (size_t i = 0; i < count; i++) {
		if (!disks[i])
			continue;
		if (lun >= 0 && lun != disks[i]->lun)
			return -2;
		lun = disks[i]->lun;
	}
	return lun;
}

static void write_lun(struct fake_world *world, struct fake_lun *lun, uint64_t number)
{
	lun->host_writes++;
	lun->content = number;
	if (lun->forwards_to >= 0)
		world->luns[lun->forwards_to].content = number;
}

/* A conflict is not a path error: it goes to the application, whatever the other paths would answer. */
static void check_reservation(struct fake_world *world, const struct fake_app *app, const struct fake_disk *disk)
{
	bool allowed = world_pr_allows(&world->luns[disk->lun], &disk->nexus);

	if (!allowed && !app->fenced)
		world_violation(world, "I/O error on %s: reservation conflict through %s", app->map, disk->name);
	if (allowed && app->fenced)
		world_violation(world, "the fenced host writes to %s through %s", app->map, disk->name);
}

/* The application reads what it wrote last, and writes again. */
static void do_io(struct fake_world *world, struct fake_app *app, const struct fake_map *map)
{
	struct fake_disk *disks[DISKS_MAX];
	size_t count = world_table_disks(world, map->active, disks), usable = 0;
	int lun = lun_of_table(world, map->active);

	for (size_t i = 0; i < count; i++)
		if (disks[i] && !disks[i]->offline && !disks[i]->failed) {
			usable++;
			check_reservation(world, app, disks[i]);
		}
	if (usable == 0) {
		world_violation(world, "%s on %s: no usable path",
				world_table_queues(map->active) ? "I/O stalls" : "I/O error", map->name);
		return;
	}
	if (lun < 0 || app->fenced)
		return; /* mixed: reported elsewhere */
	if (map->limits.max_io > world->luns[lun].limits.max_io)
		world_violation(world, "I/O error on %s: over max size limit", map->name);
	if (world_lun_content(world, &world->luns[lun])->content != app->writes)
		world_violation(world, "stale data on %s: LUN %s has write %llu instead of %llu", map->name,
				world->luns[lun].wwid,
				(unsigned long long)world_lun_content(world, &world->luns[lun])->content,
				(unsigned long long)app->writes);
	write_lun(world, &world->luns[lun], ++app->writes);
	world_lun_content(world, &world->luns[lun])->content = app->writes;
}

static void check_app(struct fake_world *world, struct fake_app *app)
{
	const struct fake_map *map = world_map(world, app->map);
	char link[128];

	if (!map) {
		world_violation(world, "the live map %s is gone", app->map);
		return;
	}
	if (map->suspended) {
		if (world->now_us - map->suspended_since_us > world->suspend_limit_us)
			world_violation(world, "%s is held for too long", map->name);
		return;
	}
	if (!app->silent)
		do_io(world, app, map);
	snprintf(link, sizeof(link), "mapper/%.100s", map->name);
	if (!link_claimed(map->links, link))
		world_violation(world, "the live map %s lost its link %s", map->name, link);
	snprintf(link, sizeof(link), "disk/by-uuid/%s", world->luns[app->source].fs_uuid);
	if (world->luns[app->source].fs_uuid[0] && !link_claimed(map->links, link))
		world_violation(world, "the live map %s lost its link %s", map->name, link);
}

static void check_tables(struct fake_world *world)
{
	const struct fake_map *owner[DISKS_MAX] = { NULL };
	struct fake_disk *disks[DISKS_MAX];

	for (size_t i = 0; i < MAPS_MAX; i++) {
		const struct fake_map *map = &world->maps[i];
		size_t count = map->exists ? world_table_disks(world, map->active, disks) : 0;

		if (map->exists && (lun_of_table(world, map->active) == -2 || lun_of_table(world, map->inactive) == -2))
			world_violation(world, "a table of %s mixes paths of two LUNs", map->name);
		for (size_t k = 0; k < count && world->holds == 0; k++) {
			if (!disks[k])
				continue;
			if (owner[disks[k] - world->disks] && owner[disks[k] - world->disks] != map)
				world_violation(world, "%s is in two maps, %s and %s", disks[k]->name,
						owner[disks[k] - world->disks]->name, map->name);
			owner[disks[k] - world->disks] = map;
		}
	}
}

/*
 * A path that is published under the live map's WWID; with upstream's rule order such paths claim links, with a lower
 * priority.
 */
static bool is_live_path(struct fake_world *world, const struct fake_disk *disk, const struct fake_app *app)
{
	const struct fake_map *map = world_map(world, app->map);
	char published[WWID_SIZE];

	property_get(disk->properties, "ID_SERIAL", published, sizeof(published));
	return map && strcmp(published, map->uuid + strlen("mpath-")) == 0;
}

/* Only the live map may show an application's content to the system. */
static void check_shown(struct fake_world *world, const char *device, const char *properties, const char *links,
			const struct fake_app *app)
{
	char ready[8], link[64];

	snprintf(link, sizeof(link), "disk/by-uuid/%s", world->luns[app->source].fs_uuid);
	if (world->luns[app->source].fs_uuid[0] && link_claimed(links, link))
		world_violation(world, "%s claims the live map's link %s", device, link);
	if (strcmp(property_get(properties, "SYSTEMD_READY", ready, sizeof(ready)), "0") != 0)
		world_violation(world, "%s shows the content of %s to systemd", device, app->map);
}

/* Programs that scan all of /dev (LVM, ZFS) do not check whether a map is hidden. */
static void check_hidden_map(struct fake_world *world, const struct fake_map *map, const struct fake_app *app)
{
	check_shown(world, map->name, map->properties, map->links, app);
	if (!map->no_node)
		world_violation(world, "%s shows the content of %s in /dev", map->name, app->map);
}

static void check_hidden(struct fake_world *world)
{
	for (int i = 0; i < world->disk_count; i++) {
		const struct fake_disk *disk = &world->disks[i];
		const struct fake_app *app = app_of_lun(world, disk->lun);

		if (app && disk->place == DISK_PRESENT && !disk->event_pending)
			check_shown(world, disk->name, disk->properties,
				    is_live_path(world, disk, app) ? "" : disk->links, app);
	}
	for (size_t i = 0; i < MAPS_MAX && world->holds == 0; i++) {
		const struct fake_map *map = &world->maps[i];
		int lun = map->exists ? lun_of_table(world, map->active) : -1;
		const struct fake_app *app = lun >= 0 ? app_of_lun(world, lun) : NULL;
		unsigned parent;

		if (app && !app_of_map(world, map))
			check_hidden_map(world, map, app);
		if (!map->exists || strncmp(map->uuid, "part", 4) != 0 ||
		    !sscanf(map->active, "0 2048 linear 253:%u", &parent))
			continue;
		for (size_t k = 0; k < MAPS_MAX; k++)
			if (world->maps[k].exists && world->maps[k].minor == parent &&
			    !app_of_map(world, &world->maps[k]))
				world_violation(world, "the partition of %s is mapped", world->maps[k].name);
	}
}

void world_check(struct fake_world *world)
{
	if (world->no_maps_yet)
		return;
	for (int i = 0; i < world->app_count; i++)
		check_app(world, &world->apps[i]);
	check_tables(world);
	check_hidden(world);
}
