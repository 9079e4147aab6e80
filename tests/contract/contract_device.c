/*
 * The contract of struct device_port: disks and their two identities, udev, users.
 */
#include "contract.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <string.h>

enum { TIMEOUT_MS = 60000 };

static const char new_identity[] = "3600c0ffee00000000000000000000001";

static void shows_disks(struct contract *c)
{
	struct disk disk, second;

	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 0, &disk));
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 1, &second));
	CHECK(c, strcmp(disk.name, second.name) != 0 && strcmp(disk.hctl, second.hctl) != 0);
	CHECK(c, strcmp(disk.published_wwid, disk.true_wwid) == 0);
	CHECK(c, disk.size_bytes > 0 && disk.size_bytes == second.size_bytes);
	CHECK(c, disk.logical_sector_size >= 512 && disk.physical_sector_size >= disk.logical_sector_size);
	CHECK(c, disk.limits.max_io > 0 && disk.limits.max_segments > 0 && disk.limits.max_hw_io >= disk.limits.max_io);
	CHECK(c, disk.vendor[0] && disk.vendor[strlen(disk.vendor) - 1] != ' ');
	CHECK(c, disk.target_port[0] && strcmp(disk.target_port, second.target_port) != 0);
	CHECK(c, strcmp(disk.state, "running") == 0 && !disk.partitions);
	CHECK(c, disk.major != second.major || disk.minor != second.minor);
}

static char *property(struct contract *c, const char *device, const char *name)
{
	char *value = NULL;

	return c->ports->device.property(c->ports->device.ctx, device, name, &value, &c->err) < 0 ? NULL : value;
}

static void reads_properties(struct contract *c)
{
	CLEANUP_FREE char *serial = NULL;
	struct disk disk;

	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 0, &disk));
	serial = property(c, disk.name, "ID_SERIAL");
	CHECK(c, serial && strcmp(serial, disk.published_wwid) == 0);
	CHECK(c, !property(c, disk.name, "CONTRACT_NO_SUCH_PROPERTY"));
}

/* `disk` presents `wwid` and a mark; NULL: no rule. */
static bool write_rule(struct contract *c, const char *disk, const char *wwid)
{
	const struct host_port *host = &c->ports->host;
	CLEANUP_BUF struct buf path = { 0 };
	CLEANUP_BUF struct buf text = { 0 };

	buf_printf(&path, "%s/99-contract.rules", c->scene->rules_directory);
	buf_printf(&text, "SUBSYSTEM==\"block\", KERNEL==\"%s\", ENV{ID_SERIAL}=\"%s\", ENV{CONTRACT}=\"1\"\n", disk,
		   wwid);
	if (disk)
		return host->replace(host->ctx, buf_text(&path), buf_text(&text), 0644, &c->err) == 0;
	return host->remove(host->ctx, buf_text(&path), &c->err) == 0;
}

static bool reidentify(struct contract *c, const char *disk)
{
	const struct device_port *device = &c->ports->device;

	return device->reidentify(device->ctx, &disk, 1, TIMEOUT_MS, &c->err) == 0;
}

/* Only the disk that gets an event takes the new identity; its true one stays. */
static void reidentify_applies_rules(struct contract *c)
{
	const struct multipathd_port *multipathd = &c->ports->multipathd;
	const struct device_port *device = &c->ports->device;
	struct disk disk, other;

	CHECK(c, multipathd->stop(multipathd->ctx, &c->err) == 0);
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 0, &disk));
	CHECK(c, write_rule(c, disk.name, new_identity));
	CHECK(c, device->reidentify(device->ctx, NULL, 0, TIMEOUT_MS, &c->err) == 0);
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 0, &disk));
	CHECK(c, strcmp(disk.published_wwid, c->scene->wwids[0]) == 0);
	CHECK(c, reidentify(c, disk.name));
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 0, &disk));
	CHECK(c, strcmp(disk.true_wwid, c->scene->wwids[0]) == 0 && strcmp(disk.published_wwid, new_identity) == 0);

	CLEANUP_FREE char *mark = property(c, disk.name, "CONTRACT");

	CHECK(c, mark && strcmp(mark, "1") == 0);
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 1, &other));
	CHECK(c, strcmp(other.published_wwid, c->scene->wwids[0]) == 0);
	CHECK(c, write_rule(c, NULL, NULL));
	CHECK(c, reidentify(c, disk.name));
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 0, &disk));
	CHECK(c, strcmp(disk.published_wwid, c->scene->wwids[0]) == 0);
	CHECK(c, !property(c, disk.name, "CONTRACT"));
	CHECK(c, multipathd->start(multipathd->ctx, &c->err) == 0);
}

/* It went after the caller had looked; the others still get their events. */
static void reidentify_passes_a_missing_disk(struct contract *c)
{
	const struct device_port *device = &c->ports->device;
	CLEANUP_FREE char *mark = NULL;
	const char *disks[2] = { "sdzzz" };
	struct disk disk;

	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 0, &disk));
	disks[1] = disk.name;
	CHECK(c, device->reidentify(device->ctx, disks, 1, TIMEOUT_MS, &c->err) == 0);
	CHECK(c, write_rule(c, disk.name, c->scene->wwids[0]));
	CHECK(c, device->reidentify(device->ctx, disks, 2, TIMEOUT_MS, &c->err) == 0);
	mark = property(c, disk.name, "CONTRACT");
	CHECK(c, mark && strcmp(mark, "1") == 0);
	CHECK(c, write_rule(c, NULL, NULL));
	CHECK(c, reidentify(c, disk.name));
}

static bool users_of(struct contract *c, const char *device, struct user **ret, size_t *ret_count)
{
	return c->ports->device.users(c->ports->device.ctx, device, ret, ret_count, &c->err) == 0;
}

static void users_up_to_mounts(struct contract *c)
{
	CLEANUP_FREE struct user *none = NULL;
	CLEANUP_FREE struct user *users = NULL;
	CLEANUP_FREE struct user *of_path = NULL;
	struct dm_device map;
	const char *name;
	struct disk disk;
	char device[32];
	size_t count;

	CHECK(c, contract_find_map(c, c->scene->maps[0], &map));
	snprintf(device, sizeof(device), "dm-%u", map.minor);
	CHECK(c, users_of(c, device, &none, &count) && count == 0);
	CHECK(c, c->scene->use(c->scene->ctx, &name));
	CHECK(c, users_of(c, device, &users, &count) && count == 1);
	CHECK(c, users[0].kind == USER_MOUNT && strcmp(users[0].name, name) == 0 && users[0].detail[0]);
	/* what stands on the path's own map does not bypass it */
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 0, &disk));
	CHECK(c, users_of(c, disk.name, &of_path, &count) && count == 0);
	CHECK(c, c->scene->unuse(c->scene->ctx));
}

static void delete_and_rescan(struct contract *c)
{
	const struct device_port *device = &c->ports->device;
	struct disk disk, other, back;

	CHECK(c, device->delete_disk(device->ctx, "sdzzz", &c->err) == 0);
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 0, &disk));
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 1, &other));
	CHECK(c, !contract_find_disk(c, c->scene->wwids[0], 2, &back));
	CHECK(c, device->delete_disk(device->ctx, disk.name, &c->err) == 0);
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 0, &back) && strcmp(back.name, other.name) == 0);
	CHECK(c, !contract_find_disk(c, c->scene->wwids[0], 1, &back));
	CHECK(c, device->delete_disk(device->ctx, disk.name, &c->err) == 0);
	CHECK(c, device->rescan(device->ctx, &c->err) == 0);
	CHECK(c, device->settle(device->ctx, TIMEOUT_MS, &c->err) == 0);
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 1, &back));
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], strcmp(back.name, other.name) == 0 ? 0 : 1, &back));
	CHECK(c, strcmp(back.hctl, disk.hctl) == 0 && strcmp(back.published_wwid, c->scene->wwids[0]) == 0);
	CHECK(c, device->rescan(device->ctx, &c->err) == 0); /* nothing new: nothing changes */
	CHECK(c, !contract_find_disk(c, c->scene->wwids[0], 2, &back));
}

const struct contract_check contract_device_checks[] = {
	{ "device: shows disks", shows_disks },
	{ "device: reads udev's properties", reads_properties },
	{ "device: reidentify applies rules to exactly the named disks", reidentify_applies_rules },
	{ "device: reidentify passes a missing disk", reidentify_passes_a_missing_disk },
	{ "device: users up to mount points", users_up_to_mounts },
	{ "device: a deleted disk comes back by a rescan", delete_and_rescan },
	{ NULL, NULL },
};
