/*
 * The device port: SCSI disks by sysfs and libudev. (One disk's description: disk.c; a device's users:
 * users.c; making udev look again: reidentify.c.)
 */
#include "device.h"

#include "disk.h"
#include "dm-import/system/tools/sysfs.h"
#include "reidentify.h"
#include "users.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <libudev.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

enum { DELETE_TIMEOUT_MS = 60000 };

#define CLEANUP_UDEV_DEVICE CLEANUP(free_udev_device)
#define CLEANUP_ENUMERATE CLEANUP(free_enumerate)

static void free_udev_device(struct udev_device **device)
{
	udev_device_unref(*device);
}

static void free_enumerate(struct udev_enumerate **enumerate)
{
	udev_enumerate_unref(*enumerate);
}

/* NULL: errno says why not. */
static struct udev_enumerate *find_disks(struct udev *udev)
{
	struct udev_enumerate *enumerate = udev_enumerate_new(udev);
	int failure;

	if (enumerate && udev_enumerate_add_match_subsystem(enumerate, "block") >= 0 &&
	    udev_enumerate_add_match_sysname(enumerate, "sd*") >= 0 &&
	    udev_enumerate_add_match_property(enumerate, "DEVTYPE", "disk") >= 0 &&
	    udev_enumerate_scan_devices(enumerate) >= 0)
		return enumerate;
	failure = errno;
	udev_enumerate_unref(enumerate);
	errno = failure;
	return NULL;
}

/* By age as the kernel names them: sdb before sdaa. */
static int by_name(const void *a, const void *b)
{
	const char *x = ((const struct disk *)a)->name, *y = ((const struct disk *)b)->name;
	size_t x_length = strlen(x), y_length = strlen(y);

	return x_length != y_length ? (x_length > y_length) - (x_length < y_length) : strcmp(x, y);
}

static int device_disks(void *ctx, struct disk **ret, size_t *ret_count, struct error *err)
{
	CLEANUP_ENUMERATE struct udev_enumerate *enumerate = find_disks(ctx);
	struct udev_list_entry *first, *entry;
	size_t count = 0, room = 0;
	struct disk *disks;

	if (!enumerate)
		return error_set_sys(err, ERR_IO, "/sys/class/block", errno, "cannot list the block devices");
	first = udev_enumerate_get_list_entry(enumerate);
	udev_list_entry_foreach(entry, first) room++;
	disks = calloc(room + 1, sizeof(*disks));
	if (!disks)
		return error_no_memory(err);
	udev_list_entry_foreach(entry, first)
	{
		CLEANUP_UDEV_DEVICE struct udev_device *device =
			udev_device_new_from_syspath(ctx, udev_list_entry_get_name(entry));
		struct udev_device *scsi =
			device ? udev_device_get_parent_with_subsystem_devtype(device, "scsi", "scsi_device") : NULL;

		if (scsi) /* else it is gone meanwhile */
			sys_disk_read(device, scsi, &disks[count++]);
	}
	qsort(disks, count, sizeof(*disks), by_name);
	*ret = disks;
	*ret_count = count;
	return 0;
}

/*
 * SATA and USB hosts are left out: no array is behind them, and a scan there resets the link of a local disk that
 * may well be the host's own.
 */
static bool is_worth_scanning(const char *host_path)
{
	char resolved[PATH_MAX];

	return realpath(host_path, resolved) && !strstr(resolved, "/ata") && !strstr(resolved, "/usb");
}

static int device_rescan(void *ctx, struct error *err)
{
	static const char class[] = "/sys/class/scsi_host";
	struct dirent *entry;
	int failed = 0;
	DIR *hosts = opendir(class);

	(void)ctx;
	while (hosts && (entry = readdir(hosts))) {
		char path[sizeof(class) + NAME_MAX + 1];

		snprintf(path, sizeof(path), "%s/%s", class, entry->d_name);
		if (entry->d_name[0] == '.' || !is_worth_scanning(path))
			continue;
		/* a host may vanish meanwhile, and some drivers cannot scan */
		if (sysfs_write(path, "scan", "- - -") < 0 && errno != ENOENT && errno != ENODEV && errno != EINVAL)
			failed = error_set_sys(err, ERR_SCSI_FAILED, entry->d_name, errno, "cannot scan the SCSI host");
	}
	if (hosts)
		closedir(hosts);
	return failed;
}

static int device_settle(void *ctx, unsigned timeout_ms, struct error *err)
{
	char timeout[32], output[256];
	const char *argv[] = { "udevadm", "settle", timeout, NULL };
	int status;

	(void)ctx;
	snprintf(timeout, sizeof(timeout), "--timeout=%u", (timeout_ms + 999) / 1000);
	if (sys_udevadm(argv, timeout_ms + 5000, output, sizeof(output), &status, err) < 0)
		return -1;
	if (status != 0)
		return error_set(err, ERR_UDEV_TIMEOUT, NULL, "udev's queue is not empty after %u ms", timeout_ms);
	return 0;
}

static int device_delete_disk(void *ctx, const char *disk, struct error *err)
{
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "/sys/class/block/%s", disk);
	if (sysfs_write(directory, "device/delete", "1") < 0 && errno != ENOENT && errno != ENODEV)
		return error_set_sys(err, ERR_SCSI_FAILED, disk, errno, "cannot delete the disk");
	for (int waited_ms = 0; access(directory, F_OK) == 0; waited_ms += 10) {
		if (waited_ms >= DELETE_TIMEOUT_MS)
			return error_set_sys(err, ERR_SCSI_FAILED, disk, ETIMEDOUT, "the disk does not go away");
		poll(NULL, 0, 10);
	}
	return device_settle(ctx, DELETE_TIMEOUT_MS, err); /* then udev has forgotten it, too */
}

static int device_property(void *ctx, const char *device, const char *name, char **ret, struct error *err)
{
	CLEANUP_UDEV_DEVICE struct udev_device *block = udev_device_new_from_subsystem_sysname(ctx, "block", device);
	const char *value;
	char *copy;

	if (!block)
		return error_set_sys(err, ERR_UDEV_FAILED, device, ENODEV, "there is no such block device");
	value = udev_device_get_property_value(block, name);
	copy = value ? strdup(value) : NULL;
	if (value && !copy)
		return error_no_memory(err);
	*ret = copy;
	return 0;
}

int sys_device_open(struct device_port *ret, struct error *err)
{
	struct udev *udev = udev_new();

	if (!udev)
		return error_no_memory(err);
	*ret = (struct device_port){
		.ctx = udev,
		.disks = device_disks,
		.rescan = device_rescan,
		.reidentify = sys_reidentify,
		.settle = device_settle,
		.delete_disk = device_delete_disk,
		.users = sys_users,
		.property = device_property,
	};
	return 0;
}

void sys_device_close(struct device_port *port)
{
	udev_unref(port->ctx);
	port->ctx = NULL;
}
