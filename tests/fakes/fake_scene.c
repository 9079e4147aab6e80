/*
 * Building the fake host's scene: LUNs and their paths, mapping and unmapping, reboots, applications.
 */
#include "fake_world.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

#include <string.h>

enum { GIB = 1 << 30 };

int world_lun(struct fake_world *world, const char *wwid, const char *vendor, const char *product, uint64_t size_bytes)
{
	struct fake_lun *lun = &world->luns[world->lun_count];

	if (world->lun_count == LUNS_MAX)
		abort();
	*lun = (struct fake_lun){
		.size_bytes = size_bytes,
		.logical_sector_size = 512,
		.physical_sector_size = 512,
		.limits = { .max_io = 512 << 10,
			    .max_hw_io = 8 << 20,
			    .max_segments = 128,
			    .max_segment_size = 64 << 10,
			    .max_discard = 2 << 20,
			    .max_write_zeroes = 2 << 20 },
		.protocol = PROTOCOL_FC,
		.forwards_to = -1,
	};
	snprintf(lun->wwid, sizeof(lun->wwid), "%s", wwid);
	snprintf(lun->vendor, sizeof(lun->vendor), "%s", vendor);
	snprintf(lun->product, sizeof(lun->product), "%s", product);
	return world->lun_count++;
}

int world_paths(struct fake_world *world, int lun, unsigned count)
{
	int first = world->disk_count;
	unsigned path = 0;

	for (int i = 0; i < first; i++)
		path += world->disks[i].lun == lun;
	while (count--) {
		unsigned number = (unsigned)world->disk_count;
		struct fake_disk *disk = &world->disks[world->disk_count++];

		if (number >= DISKS_MAX)
			abort();
		*disk = (struct fake_disk){ .place = DISK_UNMAPPED, .lun = lun, .alua = ALUA_OPTIMIZED };
		snprintf(disk->nexus.initiator, sizeof(disk->nexus.initiator), "fc:21000024ff00000%u", path % 2);
		disk->nexus.relative_port = (uint16_t)++path;
		disk->major = number < 16 ? 8 : 64 + number / 16;
		disk->minor = number % 16 * 16;
		if (number < 26)
			snprintf(disk->name, sizeof(disk->name), "sd%c", 'a' + number);
		else
			snprintf(disk->name, sizeof(disk->name), "sd%c%c", 'a' + number / 26 - 1, 'a' + number % 26);
	}
	return first;
}

void world_map_lun(struct fake_world *world, int lun)
{
	for (int i = 0; i < world->disk_count; i++)
		if (world->disks[i].lun == lun && world->disks[i].place == DISK_UNMAPPED)
			world->disks[i].place = DISK_MAPPED;
}

/* The disks vanish from the host as after a rescan with removal. */
void world_unmap_lun(struct fake_world *world, int lun)
{
	for (int i = 0; i < world->disk_count; i++) {
		struct fake_disk *disk = &world->disks[i];

		if (disk->lun != lun)
			continue;
		disk->place = DISK_UNMAPPED;
		disk->known = disk->event_pending = false;
		disk->properties[0] = disk->links[0] = '\0';
	}
	if (world->multipathd_running)
		multipathd_run(world);
}

void world_scan(struct fake_world *world)
{
	struct ports ports;

	world_ports(world, &ports);
	ports.device.rescan(world, NULL);
	ports.device.settle(world, 1000, NULL);
}

void world_guardian(struct fake_world *world)
{
	for (size_t i = 0; i < MAPS_MAX; i++) {
		struct fake_map *map = &world->maps[i];

		if (!map->exists || !map->suspended)
			continue;
		if (!world->exchanged)
			map->inactive[0] = '\0';
		world->holds++; /* the hold lasts until the last map is released */
		dm_resume_map(world, map);
		world->holds--;
	}
	if (world->holds)
		abort();
	world->exchanged = false;
	world_check(world);
}

void world_reboot(struct fake_world *world)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (world->files[i].text && strncmp(world->files[i].path, "/run/", 5) == 0)
			world_remove_file(world, world->files[i].path);
	memset(world->maps, 0, sizeof(world->maps));
	world->holds = 0;
	world->hold_handles = 0;
	world->exchanged = false;
	world->no_maps_yet = true;
	if (world->before_udev)
		world->before_udev(world);
	world->no_maps_yet = false;
	world->next_minor = 0;
	world->multipathd_running = false;
	udev_reload(world);
	for (int i = 0; i < world->disk_count; i++) {
		struct fake_disk *disk = &world->disks[i];

		if (disk->place == DISK_MAPPED)
			disk->place = DISK_PRESENT;
		disk->properties[0] = disk->links[0] = '\0';
		disk->failed = disk->known = false;
		disk->event_pending = disk->place == DISK_PRESENT;
	}
	udev_settle(world);
	multipathd_start(world);
	for (int i = 0; i < world->app_count; i++) {
		struct fake_map *map = world_map(world, world->apps[i].map);

		if (map)
			map->open_count++;
	}
	world_check(world);
}

struct fake_app *world_app(struct fake_world *world, const char *map, int source, int destination)
{
	struct fake_app *app = &world->apps[world->app_count++];
	struct fake_map *live = world_map(world, map);

	if (!live || world->app_count > APPS_MAX)
		abort();
	*app = (struct fake_app){ .source = source, .destination = destination };
	snprintf(app->map, sizeof(app->map), "%s", map);
	live->open_count++;
	return app;
}

void world_finish_copy(struct fake_world *world, int destination)
{
	struct fake_lun *lun = &world->luns[destination], *source = &world->luns[lun->forwards_to];

	lun->content = source->content;
	lun->partition_table = source->partition_table;
	memcpy(lun->fs_uuid, source->fs_uuid, sizeof(lun->fs_uuid));
	lun->forwards_to = -1;
}

void world_add_user(struct fake_world *world, const char *device, enum user_kind kind, const char *name)
{
	struct fake_user *user = &world->users[world->user_count++];

	if (world->user_count > USERS_MAX)
		abort();
	*user = (struct fake_user){ .user.kind = kind };
	snprintf(user->device, sizeof(user->device), "%s", device);
	snprintf(user->user.name, sizeof(user->user.name), "%s", name);
}

const char *world_source_wwid(unsigned member)
{
	static char wwid[WWID_SIZE];

	snprintf(wwid, sizeof(wwid), "36006016000000000%016x", member + 1);
	return wwid;
}

const char *world_destination_wwid(unsigned member)
{
	static char wwid[WWID_SIZE];

	snprintf(wwid, sizeof(wwid), "368ccf09800000000%016x", member + 1);
	return wwid;
}

int world_source(unsigned member)
{
	return (int)member * 2;
}

int world_destination(unsigned member)
{
	return (int)member * 2 + 1;
}

static void add_arrays_table(struct fake_world *world)
{
	CLEANUP_FREE char *text = NULL;

	if (file_read("dm-import/arrays.conf", 1 << 16, &text, NULL, NULL) < 0)
		abort();
	world_write_file(world, "/usr/share/dm-import/arrays.conf", text, 0644);
}

/* The arrays' LUNs before the host has seen any; multipath already knows the source WWIDs. */
static void add_pair(struct fake_world *world, unsigned member, unsigned paths)
{
	int source = world_lun(world, world_source_wwid(member), "DGC", "VRAID", GIB);
	int destination = world_lun(world, world_destination_wwid(member), "DellEMC", "PowerStore", GIB);
	const struct fake_file *wwids = world_file(world, "/etc/multipath/wwids");
	CLEANUP_BUF struct buf text = { 0 };

	snprintf(world->luns[source].fs_uuid, sizeof(world->luns[source].fs_uuid), "0c0ffee0-%04u", member);
	world->luns[source].partition_table = true;
	world->luns[destination].forwards_to = source;
	world_paths(world, source, paths);
	world_paths(world, destination, paths);
	buf_printf(&text, "%s/%s/\n", wwids ? wwids->text : "", world->luns[source].wwid);
	world_write_file(world, "/etc/multipath/wwids", buf_text(&text), 0600);
	world_map_lun(world, source);
}

void world_pairs(struct fake_world *world, unsigned members, unsigned paths)
{
	char uuid[UUID_SIZE];

	add_arrays_table(world);
	for (unsigned i = 0; i < members; i++)
		add_pair(world, i, paths);
	world_scan(world);
	for (unsigned i = 0; i < members; i++) {
		struct fake_map *map;

		snprintf(uuid, sizeof(uuid), "mpath-%s", world_source_wwid(i));
		map = world_map_by_uuid(world, uuid);
		if (!map)
			abort();
		world_app(world, map->name, world_source(i), world_destination(i));
		world_add_user(world, map->name, USER_MOUNT, "/srv/data");
	}
	world_check(world);
}
