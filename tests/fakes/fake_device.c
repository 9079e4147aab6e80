/*
 * The fake host's SCSI disks as sysfs, udev and commands to them show them: the ports for devices and SCSI.
 */
#include "fake_world.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

/* How long udev may leave the event of a new disk unhandled when nobody waits for it. */
enum { UDEV_LATE_US = 30000 };

struct fake_lun *world_lun_content(struct fake_world *world, struct fake_lun *lun)
{
	return lun->forwards_to >= 0 && !lun->copied ? &world->luns[lun->forwards_to] : lun;
}

static void fill_disk(struct fake_world *world, const struct fake_disk *disk, struct disk *ret)
{
	struct fake_lun *lun = &world->luns[disk->lun];
	char ready[8];

	*ret = (struct disk){
		.major = disk->major,
		.minor = disk->minor,
		.size_bytes = lun->size_bytes,
		.logical_sector_size = lun->logical_sector_size,
		.physical_sector_size = lun->physical_sector_size,
		.limits = lun->limits,
		.protocol = lun->protocol,
		.alua = disk->alua,
		.nexus = disk->nexus,
	};
	memcpy(ret->name, disk->name, sizeof(ret->name));
	snprintf(ret->hctl, sizeof(ret->hctl), "%u:0:0:%d", disk->minor / 16, disk->lun);
	memcpy(ret->true_wwid, lun->wwid, sizeof(ret->true_wwid));
	property_get(disk->properties, "ID_SERIAL", ret->published_wwid, sizeof(ret->published_wwid));
	memcpy(ret->vendor, lun->vendor, sizeof(ret->vendor));
	memcpy(ret->product, lun->product, sizeof(ret->product));
	snprintf(ret->revision, sizeof(ret->revision), "0001");
	snprintf(ret->initiator_port, sizeof(ret->initiator_port), "naa.6001405%09u", disk->minor);
	snprintf(ret->target_port, sizeof(ret->target_port), "naa.5006016%09u", disk->minor);
	snprintf(ret->state, sizeof(ret->state), "%s", disk->offline ? "offline" : "running");
	ret->system_ready = strcmp(property_get(disk->properties, "SYSTEMD_READY", ready, sizeof(ready)), "0") != 0;
}

/* udev gets to the events in its own time. */
static void handle_late_events(struct fake_world *world)
{
	for (int i = 0; i < world->disk_count; i++)
		if (world->disks[i].event_pending && world->now_us % (2 * UDEV_LATE_US) > UDEV_LATE_US) {
			udev_settle(world);
			return;
		}
}

static int do_disks(struct fake_world *world, struct disk **ret, size_t *ret_count)
{
	struct disk *disks = calloc((size_t)world->disk_count + 1, sizeof(*disks));
	size_t count = 0;

	if (!disks)
		abort();
	handle_late_events(world);
	for (int i = 0; i < world->disk_count; i++)
		if (world->disks[i].place == DISK_PRESENT)
			fill_disk(world, &world->disks[i], &disks[count++]);
	*ret = disks;
	*ret_count = count;
	return 0;
}

static int device_disks(void *ctx, struct disk **ret, size_t *ret_count, struct error *err)
{
	return WORLD_QUERY(ctx, "device.disks", NULL, err, do_disks(ctx, ret, ret_count));
}

static int do_rescan(struct fake_world *world)
{
	for (int i = 0; i < world->disk_count; i++) {
		struct fake_disk *disk = &world->disks[i];

		if (disk->place != DISK_MAPPED)
			continue;
		disk->place = DISK_PRESENT;
		disk->event_pending = disk->known = true;
		disk->failed = false;
		disk->properties[0] = disk->links[0] = '\0';
	}
	return 0;
}

static int device_rescan(void *ctx, struct error *err)
{
	return WORLD_CALL(ctx, "device.rescan", NULL, err, do_rescan(ctx));
}

/* "dm-3" */
static struct fake_map *map_of_node(struct fake_world *world, const char *node)
{
	char name[16];

	for (size_t i = 0; i < MAPS_MAX; i++) {
		snprintf(name, sizeof(name), "dm-%u", world->maps[i].minor);
		if (world->maps[i].exists && strcmp(node, name) == 0)
			return &world->maps[i];
	}
	return NULL;
}

static int do_reidentify(struct fake_world *world, const char *const *names, size_t count, struct error *err)
{
	if (world->udevd_silent)
		return error_set(err, ERR_UDEV_FAILED, NULL, "udevadm control --reload ended with 1: no answer");
	udev_reload(world);
	for (size_t i = 0; i < count; i++) {
		struct fake_disk *disk = world_disk(world, names[i]);
		struct fake_map *map = map_of_node(world, names[i]);

		if (map)
			udev_map_event(world, map, false);
		if (!disk)
			continue;
		udev_disk_event(world, disk, disk->event_pending ? "add" : "change");
		disk->known = true;
	}
	world_pass_time(world, 20000 * (count + 1));
	if (count && world->multipathd_running)
		multipathd_run(world);
	return 0;
}

static int device_reidentify(void *ctx, const char *const *disks, size_t count, unsigned timeout_ms, struct error *err)
{
	(void)timeout_ms;
	return WORLD_CALL(ctx, "device.reidentify", count ? disks[0] : "", err, do_reidentify(ctx, disks, count, err));
}

static int do_settle(struct fake_world *world)
{
	world_pass_time(world, 10000);
	udev_settle(world);
	return 0;
}

static int device_settle(void *ctx, unsigned timeout_ms, struct error *err)
{
	(void)timeout_ms;
	return WORLD_CALL(ctx, "device.settle", NULL, err, do_settle(ctx));
}

/* The array goes on exporting the LUN: the next scan would bring the disk back. */
static int do_delete_disk(struct fake_world *world, const char *name)
{
	struct fake_disk *disk = world_disk(world, name);

	if (!disk)
		return 0;
	disk->place = DISK_MAPPED;
	disk->known = disk->event_pending = disk->failed = false;
	disk->properties[0] = disk->links[0] = '\0';
	if (world->multipathd_running)
		multipathd_run(world);
	return 0;
}

static int device_delete_disk(void *ctx, const char *disk, struct error *err)
{
	return WORLD_CALL(ctx, "device.delete_disk", disk, err, do_delete_disk(ctx, disk));
}

/* "dm-3" -> the map's name; other names are themselves. */
static const char *user_key(const struct fake_world *world, const char *device)
{
	unsigned minor;

	if (sscanf(device, "dm-%u", &minor) == 1)
		for (size_t i = 0; i < MAPS_MAX; i++)
			if (world->maps[i].exists && world->maps[i].minor == minor)
				return world->maps[i].name;
	return device;
}

static int do_users(struct fake_world *world, const char *device, struct user **ret, size_t *ret_count)
{
	struct user *users = calloc(USERS_MAX, sizeof(*users));
	const char *key = user_key(world, device);
	size_t count = 0;

	if (!users)
		abort();
	for (int i = 0; i < world->user_count; i++)
		if (strcmp(world->users[i].device, key) == 0)
			users[count++] = world->users[i].user;
	*ret = users;
	*ret_count = count;
	return 0;
}

static int device_users(void *ctx, const char *device, struct user **ret, size_t *ret_count, struct error *err)
{
	return WORLD_QUERY(ctx, "device.users", device, err, do_users(ctx, device, ret, ret_count));
}

static int do_property(struct fake_world *world, const char *device, const char *name, char **ret)
{
	struct fake_disk *disk = world_disk(world, device);
	struct fake_map *map = disk ? NULL : world_map(world, user_key(world, device));
	char value[PROPERTIES_SIZE] = "";

	if (disk || map)
		property_get(disk ? disk->properties : map->properties, name, value, sizeof(value));
	*ret = value[0] ? strdup(value) : NULL;
	return 0;
}

static int device_property(void *ctx, const char *device, const char *name, char **ret, struct error *err)
{
	return WORLD_QUERY(ctx, "device.property", device, err, do_property(ctx, device, name, ret));
}

void fake_device_port(struct fake_world *world, struct device_port *ret)
{
	*ret = (struct device_port){
		.ctx = world,
		.disks = device_disks,
		.rescan = device_rescan,
		.reidentify = device_reidentify,
		.settle = device_settle,
		.delete_disk = device_delete_disk,
		.users = device_users,
		.property = device_property,
	};
}

static int do_probe(struct fake_world *world, const char *name, struct probed *ret, struct error *err)
{
	const struct fake_disk *disk = world_disk(world, name);
	const struct fake_lun *lun;

	if (!disk || disk->offline || disk->probe_fails || world->luns[disk->lun].unanswering)
		return error_set(err, ERR_PATH_PROBE_FAILED, name, "TEST UNIT READY: no answer");
	lun = &world->luns[disk->lun];
	snprintf(ret->wwid, sizeof(ret->wwid), "%s", *lun->became.wwid ? lun->became.wwid : lun->wwid);
	ret->size_bytes = lun->became.size_bytes ? lun->became.size_bytes : lun->size_bytes;
	return 0;
}

static int scsi_probe(void *ctx, const char *disk, unsigned timeout_ms, struct probed *ret, struct error *err)
{
	(void)timeout_ms;
	return WORLD_QUERY(ctx, "scsi.probe", disk, err, do_probe(ctx, disk, ret, err));
}

static int do_array_id(struct fake_world *world, const char *name, char ret[static NAME_SIZE], struct error *err)
{
	const struct fake_disk *disk = world_disk(world, name);

	if (!disk)
		return world_refuse(world, "scsi.array_id", name, ENODEV, err);
	snprintf(ret, NAME_SIZE, "%.16s", world->luns[disk->lun].wwid + 1);
	return 0;
}

static int scsi_array_id(void *ctx, const char *disk, char ret[static NAME_SIZE], struct error *err)
{
	return WORLD_QUERY(ctx, "scsi.array_id", disk, err, do_array_id(ctx, disk, ret, err));
}

void fake_scsi_port(struct fake_world *world, struct scsi_port *ret)
{
	*ret = (struct scsi_port){
		.ctx = world,
		.probe = scsi_probe,
		.array_id = scsi_array_id,
	};
	fake_pr_port(world, ret);
}
