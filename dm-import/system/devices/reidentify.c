/*
 * Making udev look at disks again: it reads its rules, then gets one synthetic change event per disk and per
 * partition of it (partitions import their disk's identity), and each of them is awaited.
 *
 * The events carry a UUID of ours (the kernel passes it on as SYNTH_UUID), so that we wait for exactly these and
 * are not fooled by others. The listener is udev's own multicast group: what arrives there has been through all
 * rules and is in the database. A disk that goes meanwhile is done: what comes in its place comes by the new rules.
 */
#include "reidentify.h"

#include "dm-import/system/tools/exec.h"
#include "dm-import/system/tools/sysfs.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <libudev.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

enum { RELOAD_TIMEOUT_MS = 30000, MONITOR_BUFFER = 16 << 20 };

/* The names whose events are still to come. */
struct awaited {
	char (*names)[DISK_NAME_SIZE + 8];
	size_t count, room, left;
	char uuid[40];
};

static void free_awaited(struct awaited *awaited)
{
	free(awaited->names);
}

static void free_monitor(struct udev_monitor **monitor)
{
	udev_monitor_unref(*monitor);
}

static int add_name(struct awaited *awaited, const char *name, struct error *err)
{
	if (awaited->count == awaited->room) {
		size_t room = awaited->room ? awaited->room * 2 : 16;
		void *names = realloc(awaited->names, room * sizeof(*awaited->names));

		if (!names)
			return error_no_memory(err);
		awaited->names = names;
		awaited->room = room;
	}
	snprintf(awaited->names[awaited->count++], sizeof(*awaited->names), "%s", name);
	awaited->left++;
	return 0;
}

/* The disk first: udev handles a partition's event after its disk's when they come in this order. */
static int add_disk(struct awaited *awaited, const char *disk, struct error *err)
{
	char directory[64], attribute[NAME_MAX + 16];
	struct dirent *entry;
	int failed = add_name(awaited, disk, err);
	DIR *stream;

	snprintf(directory, sizeof(directory), "/sys/class/block/%s", disk);
	stream = opendir(directory);
	while (stream && !failed && (entry = readdir(stream))) {
		snprintf(attribute, sizeof(attribute), "%s/partition", entry->d_name);
		if (strncmp(entry->d_name, disk, strlen(disk)) == 0 && sysfs_number(directory, attribute))
			failed = add_name(awaited, entry->d_name, err);
	}
	if (stream)
		closedir(stream);
	return failed;
}

int sys_udevadm(const char *const *argv, unsigned timeout_ms, char *ret_output, size_t size, int *ret_status,
		struct error *err)
{
	int result = sys_exec(argv, timeout_ms, ret_output, size, ret_status, err);

	if (result < 0 && err && err->sys_errno == ETIMEDOUT)
		error_set(err, ERR_UDEV_TIMEOUT, NULL, "udevadm %s had no answer for %u ms", argv[1], timeout_ms);
	return result;
}

static int reload_rules(struct error *err)
{
	static const char *const argv[] = { "udevadm", "control", "--reload", NULL };
	char output[256];
	int status;

	if (sys_udevadm(argv, RELOAD_TIMEOUT_MS, output, sizeof(output), &status, err) < 0)
		return -1;
	if (status != 0)
		return error_set(err, ERR_UDEV_FAILED, NULL, "udevadm control --reload ended with %d: %.*s", status,
				 (int)strcspn(output, "\n"), output);
	return 0;
}

static struct udev_monitor *listen_to_udev(struct udev *udev)
{
	struct udev_monitor *monitor = udev_monitor_new_from_netlink(udev, "udev");

	if (monitor && udev_monitor_filter_add_match_subsystem_devtype(monitor, "block", NULL) >= 0 &&
	    udev_monitor_enable_receiving(monitor) >= 0) {
		/* best effort: the default is enough for some hundred disks */
		udev_monitor_set_receive_buffer_size(monitor, MONITOR_BUFFER);
		return monitor;
	}
	udev_monitor_unref(monitor);
	return NULL;
}

static void mark_done(struct awaited *awaited, size_t i)
{
	awaited->names[i][0] = '\0';
	awaited->left--;
}

static int send_events(struct awaited *awaited, struct error *err)
{
	char directory[64], event[64];

	snprintf(event, sizeof(event), "change %s", awaited->uuid);
	for (size_t i = 0; i < awaited->count; i++) {
		snprintf(directory, sizeof(directory), "/sys/class/block/%s", awaited->names[i]);
		if (sysfs_write(directory, "uevent", event) == 0)
			continue;
		if (errno != ENOENT && errno != ENODEV)
			return error_set_sys(err, ERR_UDEV_FAILED, awaited->names[i], errno,
					     "cannot send a change event");
		mark_done(awaited, i);
	}
	return 0;
}

/* Nothing more is to come from the device: our event, or its end. */
static bool is_last(struct udev_device *device, const char *our_uuid)
{
	const char *uuid = udev_device_get_property_value(device, "SYNTH_UUID");
	const char *action = udev_device_get_action(device);

	return (uuid && strcmp(uuid, our_uuid) == 0) || (action && strcmp(action, "remove") == 0);
}

static void take_event(struct udev_monitor *monitor, struct awaited *awaited)
{
	struct udev_device *device = udev_monitor_receive_device(monitor);

	for (size_t i = 0; device && is_last(device, awaited->uuid) && i < awaited->count; i++) {
		if (strcmp(awaited->names[i], udev_device_get_sysname(device)) != 0)
			continue;
		mark_done(awaited, i);
		break;
	}
	udev_device_unref(device);
}

static int await_events(struct udev_monitor *monitor, struct awaited *awaited, unsigned timeout_ms, struct error *err)
{
	struct pollfd wait = { .fd = udev_monitor_get_fd(monitor), .events = POLLIN };
	uint64_t deadline = clock_mono_us() + (uint64_t)timeout_ms * 1000;
	const char *missing = "";

	while (awaited->left) {
		uint64_t now = clock_mono_us();

		if (now >= deadline)
			break;
		if (poll(&wait, 1, (int)((deadline - now) / 1000 + 1)) > 0)
			take_event(monitor, awaited);
	}
	if (!awaited->left)
		return 0;
	for (size_t i = 0; i < awaited->count && !missing[0]; i++)
		missing = awaited->names[i];
	return error_set(err, ERR_UDEV_TIMEOUT, missing, "udev has not handled %zu of %zu events after %u ms",
			 awaited->left, awaited->count, timeout_ms);
}

int sys_reidentify(void *ctx, const char *const *disks, size_t count, unsigned timeout_ms, struct error *err)
{
	CLEANUP(free_awaited) struct awaited awaited = { 0 };
	CLEANUP(free_monitor) struct udev_monitor *monitor = NULL;

	if (reload_rules(err) < 0)
		return -1;
	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (add_disk(&awaited, disks[i], err) < 0)
			return -1;
	monitor = listen_to_udev(ctx);
	if (!monitor)
		return error_set(err, ERR_UDEV_FAILED, NULL, "cannot listen to udev");
	if (sysfs_text("/proc/sys/kernel/random", "uuid", awaited.uuid, sizeof(awaited.uuid)) < 0)
		return error_set_sys(err, ERR_UDEV_FAILED, NULL, errno, "cannot make a UUID");
	if (send_events(&awaited, err) < 0)
		return -1;
	return await_events(monitor, &awaited, timeout_ms, err);
}
