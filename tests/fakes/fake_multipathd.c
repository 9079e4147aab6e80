/*
 * The fake host's multipathd, a state machine: when it runs, it removes paths whose published WWID is not their map's
 * (as 0.8.5 and later do), adds paths to maps, and makes maps as find_multipaths allows. It stores names and WWIDs in
 * its files like the real one.
 */
#include "fake_multipathd.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const char bindings_path[] = "/etc/multipath/bindings";
static const char wwids_path[] = "/etc/multipath/wwids";

/* ID_SERIAL, or "" if multipathd ignores the disk: it requires one of the properties of its default whitelist. */
static void usable_wwid(const struct fake_world *world, const char *properties, char *ret, size_t size)
{
	property_get(properties, "ID_SERIAL", ret, size);
	if (strcmp(ret, world->settings.blacklisted) == 0 ||
	    (!strstr(properties, "\nSCSI_IDENT_") && !strstr(properties, "\nID_WWN")))
		ret[0] = '\0';
}

static bool wwid_remembered(struct fake_world *world, const char *wwid)
{
	const struct fake_file *file = world_file(world, wwids_path);
	char line[WWID_SIZE + 4];

	snprintf(line, sizeof(line), "/%s/\n", wwid);
	return file && strstr(file->text, line) != NULL;
}

void multipathd_remember(struct fake_world *world, const char *wwid)
{
	const struct fake_file *file = world_file(world, wwids_path);
	CLEANUP_BUF struct buf buf = { 0 };

	if (wwid_remembered(world, wwid))
		return;
	buf_printf(&buf, "%s/%s/\n", file ? file->text : "", wwid);
	world_write_file(world, wwids_path, buf_text(&buf), 0600);
}

static size_t paths_of(struct fake_world *world, const char *wwid, struct fake_disk **ret)
{
	char published[WWID_SIZE];
	size_t count = 0;

	for (int i = 0; i < world->disk_count; i++) {
		struct fake_disk *disk = &world->disks[i];

		if (disk->place != DISK_PRESENT || disk->event_pending || !disk->known)
			continue;
		usable_wwid(world, disk->properties, published, sizeof(published));
		if (strcmp(published, wwid) == 0)
			ret[count++] = disk;
	}
	return count;
}

static bool may_have_map(struct fake_world *world, const char *wwid, size_t paths)
{
	const char *mode = world->settings.find_multipaths;

	if (wwid_remembered(world, wwid) || strcmp(mode, "no") == 0 || strcmp(mode, "greedy") == 0)
		return true;
	return strcmp(mode, "yes") == 0 && paths >= 2;
}

bool multipath_claims(struct fake_world *world, const char *properties)
{
	struct fake_disk *paths[DISKS_MAX];
	char wwid[WWID_SIZE];

	usable_wwid(world, properties, wwid, sizeof(wwid));
	return wwid[0] && may_have_map(world, wwid, paths_of(world, wwid, paths));
}

static void make_table(const struct fake_world *world, struct fake_disk *const *paths, size_t count, bool queue,
		       char ret[static TABLE_SIZE])
{
	size_t optimized = 0, groups, used;

	for (size_t i = 0; i < count; i++)
		optimized += paths[i]->alua == ALUA_OPTIMIZED;
	groups = count == 0 ? 0 : 1 + (optimized && optimized < count);
	used = (size_t)snprintf(ret, TABLE_SIZE, "0 %" PRIu64 " multipath %s 1 alua %zu %u",
				count ? world->luns[paths[0]->lun].size_bytes / 512 : 0,
				queue ? "1 queue_if_no_path" : "0", groups, groups ? 1 : 0);
	for (size_t group = 0; group < groups; group++) {
		bool first = optimized && group == 0;
		size_t members = groups == 1 ? count : (first ? optimized : count - optimized);

		used += (size_t)snprintf(ret + used, TABLE_SIZE - used, " service-time 0 %zu 1", members);
		for (size_t i = 0; i < count; i++)
			if (groups == 1 || (paths[i]->alua == ALUA_OPTIMIZED) == first)
				used += (size_t)snprintf(ret + used, TABLE_SIZE - used, " %u:%u 1", paths[i]->major,
							 paths[i]->minor);
	}
	if (used >= TABLE_SIZE)
		abort();
}

/* What multipathd does with a map's table: load and resume. A size of 0 (no path left) keeps the map's size. */
static void reload(struct fake_world *world, struct fake_map *map, struct fake_disk *const *paths, size_t count)
{
	char table[TABLE_SIZE];
	int end = 0;

	make_table(world, paths, count, true, table);
	if (count == 0 && sscanf(table, "0 0%n", &end) == 0 && end) {
		char rest[TABLE_SIZE];

		snprintf(rest, sizeof(rest), "%s", table + end);
		snprintf(table, sizeof(table), "0 %" PRIu64 "%.*s", map->size_sectors, 400, rest);
	}
	memcpy(map->inactive, table, sizeof(table));
	map->inactive_read_only = map->read_only;
	dm_resume_map(world, map);
}

static bool is_live(const struct fake_world *world, const struct fake_map *map)
{
	for (int i = 0; i < world->app_count; i++)
		if (strcmp(world->apps[i].map, map->name) == 0)
			return true;
	return false;
}

/* Keep what belongs to the map, add what is missing; a path of another WWID is failed and removed. */
static void sync_map(struct fake_world *world, struct fake_map *map)
{
	struct fake_disk *now[DISKS_MAX], *wanted[DISKS_MAX], *fitting[DISKS_MAX];
	const char *wwid = map->uuid + strlen("mpath-");
	size_t count = world_table_disks(world, map->active, now), wanted_count = paths_of(world, wwid, wanted), n = 0;
	bool differs = false;

	for (size_t i = 0; i < count; i++) {
		char published[WWID_SIZE];

		if (!now[i])
			continue;
		property_get(now[i]->properties, "ID_SERIAL", published, sizeof(published));
		if (strcmp(published, wwid) != 0 && is_live(world, map))
			world_violation(world, "multipathd fails path %s of the live map %s: it presents %s",
					now[i]->name, map->name, published);
	}
	for (size_t i = 0; i < wanted_count; i++)
		if (world->luns[wanted[i]->lun].size_bytes / 512 == map->size_sectors)
			fitting[n++] = wanted[i];
	if (n == 0 && map->open_count == 0 && !map->suspended) {
		dm_destroy(world, map); /* a map is removed with its last path, unless it is open */
		return;
	}
	differs = n != count;
	for (size_t i = 0; i < n && !differs; i++) {
		bool found = false;

		for (size_t k = 0; k < count; k++)
			found = found || now[k] == fitting[i];
		differs = !found;
	}
	if (differs && !map->suspended)
		reload(world, map, fitting, n);
	map->managed = true;
}

/* The WWID's name in the bindings file, or a new one; without user_friendly_names the WWID itself. */
static void map_name(struct fake_world *world, const char *wwid, char ret[static NAME_SIZE])
{
	const struct fake_file *file = world_file(world, bindings_path);
	CLEANUP_BUF struct buf buf = { 0 };
	const char *at = file ? strstr(file->text, wwid) : NULL;
	unsigned used = 0;

	if (!world->settings.user_friendly_names) {
		snprintf(ret, NAME_SIZE, "%s", wwid);
		return;
	}
	if (at) {
		const char *line = at;

		while (line > file->text && line[-1] != '\n')
			line--;
		snprintf(ret, NAME_SIZE, "%.*s", (int)strcspn(line, " "), line);
		return;
	}
	for (const char *line = file ? file->text : ""; (line = strchr(line, '\n')) != NULL; line++)
		used++;
	snprintf(ret, NAME_SIZE, "mpath%c", 'a' + used);
	buf_printf(&buf, "%s%s %s\n", file ? file->text : "", ret, wwid);
	world_write_file(world, bindings_path, buf_text(&buf), 0600);
}

static void make_map(struct fake_world *world, const char *wwid, struct fake_disk *const *paths, size_t count)
{
	char name[NAME_SIZE], uuid[UUID_SIZE], table[TABLE_SIZE];

	make_table(world, paths, count, true, table);
	map_name(world, wwid, name);
	snprintf(uuid, sizeof(uuid), "mpath-%s", wwid);
	multipathd_remember(world, wwid);
	dm_create(world, name, uuid, table)->managed = true;
}

void multipathd_run(struct fake_world *world)
{
	struct fake_disk *paths[DISKS_MAX];
	char wwid[WWID_SIZE], uuid[UUID_SIZE];

	for (size_t i = 0; i < MAPS_MAX; i++)
		if (world->maps[i].exists && strncmp(world->maps[i].uuid, "mpath-", 6) == 0)
			sync_map(world, &world->maps[i]);
	for (int i = 0; i < world->disk_count; i++) {
		struct fake_disk *disk = &world->disks[i];
		size_t count;

		if (disk->place != DISK_PRESENT || disk->event_pending || !disk->known)
			continue;
		usable_wwid(world, disk->properties, wwid, sizeof(wwid));
		snprintf(uuid, sizeof(uuid), "mpath-%s", wwid);
		if (!wwid[0] || world_map_by_uuid(world, uuid))
			continue;
		count = paths_of(world, wwid, paths);
		if (may_have_map(world, wwid, count))
			make_map(world, wwid, paths, count);
	}
}

void multipathd_start(struct fake_world *world)
{
	if (world->multipathd_running)
		return;
	world->multipathd_running = true;
	world->queueing_forced = false;
	for (int i = 0; i < world->disk_count; i++)
		world->disks[i].known = world->disks[i].place == DISK_PRESENT;
	multipathd_run(world);
}

void multipathd_stop(struct fake_world *world)
{
	if (!world->multipathd_running)
		return;
	world->multipathd_running = false;
	for (size_t i = 0; i < MAPS_MAX; i++) {
		struct fake_map *map = &world->maps[i];

		map->managed = false;
		if (map->exists && strncmp(map->uuid, "mpath-", 6) == 0 && !world->queueing_forced)
			world_table_set_queue(map->active, false);
	}
}

static int do_running(const struct fake_world *world, bool *ret)
{
	*ret = world->multipathd_running;
	return 0;
}

static int port_running(void *ctx, bool *ret, struct error *err)
{
	return WORLD_QUERY(ctx, "multipathd.running", NULL, err, do_running(ctx, ret));
}

static int port_command(void *ctx, const char *command, char **ret_reply, struct error *err)
{
	bool query = strncmp(command, "show ", 5) == 0 || strncmp(command, "list ", 5) == 0;
	char *reply = NULL;
	int rc = WORLD_CALL_(ctx, "multipathd.command", command, !query, err,
			     multipathd_command(ctx, command, &reply, err));

	if (rc == 0)
		*ret_reply = reply;
	else
		free(reply);
	return rc;
}

static const char held_path[] = "/run/dm-import/multipathd-held";

static int do_stop(struct fake_world *world)
{
	world_write_file(world, held_path, "", 0644);
	multipathd_stop(world);
	world_pass_time(world, 50000);
	return 0;
}

static int port_stop(void *ctx, struct error *err)
{
	return WORLD_CALL(ctx, "multipathd.stop", NULL, err, do_stop(ctx));
}

static int do_start(struct fake_world *world)
{
	world_remove_file(world, held_path);
	multipathd_start(world);
	world_pass_time(world, 200000);
	return 0;
}

static int port_start(void *ctx, struct error *err)
{
	return WORLD_CALL(ctx, "multipathd.start", NULL, err, do_start(ctx));
}

static int do_dependents(const struct fake_world *world, char **ret_units)
{
	*ret_units = strdup(world->dependents);
	return 0;
}

static int port_dependents(void *ctx, char **ret_units, struct error *err)
{
	return WORLD_QUERY(ctx, "multipathd.dependents", NULL, err, do_dependents(ctx, ret_units));
}

static int do_claim(struct fake_world *world, const char *name, struct error *err)
{
	const struct fake_disk *disk = world_disk(world, name);
	char wwid[WWID_SIZE];

	if (!disk)
		return world_refuse(world, "multipathd.claim", name, ENODEV, err);
	usable_wwid(world, disk->properties, wwid, sizeof(wwid));
	if (!wwid[0])
		return world_refuse(world, "multipathd.claim", name, EINVAL, err);
	multipathd_remember(world, wwid);
	return 0;
}

static int port_claim(void *ctx, const char *disk, struct error *err)
{
	return WORLD_CALL(ctx, "multipathd.claim", disk, err, do_claim(ctx, disk, err));
}

void fake_multipathd_port(struct fake_world *world, struct multipathd_port *ret)
{
	*ret = (struct multipathd_port){
		.ctx = world,
		.running = port_running,
		.command = port_command,
		.stop = port_stop,
		.start = port_start,
		.dependents = port_dependents,
		.claim = port_claim,
	};
}
