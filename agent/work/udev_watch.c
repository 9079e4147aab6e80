/*
 * A udev monitor on the block subsystem; see udev_watch.h.
 */
#include "udev_watch.h"

#include <errno.h>
#include <libudev.h>
#include <stdlib.h>

struct udev_watch {
	struct udev *udev;
	struct udev_monitor *monitor;
};

int udev_watch_open(struct udev_watch **ret, struct error *err)
{
	struct udev_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return error_no_memory(err);
	watch->udev = udev_new();
	if (watch->udev)
		watch->monitor = udev_monitor_new_from_netlink(watch->udev, "udev");
	if (!watch->monitor || udev_monitor_filter_add_match_subsystem_devtype(watch->monitor, "block", NULL) < 0 ||
	    udev_monitor_enable_receiving(watch->monitor) < 0) {
		udev_watch_close(watch);
		return error_set_sys(err, ERR_UDEV_FAILED, NULL, errno, "cannot listen to udev's events");
	}
	*ret = watch;
	return 0;
}

void udev_watch_close(struct udev_watch *watch)
{
	if (!watch)
		return;
	udev_monitor_unref(watch->monitor);
	udev_unref(watch->udev);
	free(watch);
}

int udev_watch_fd(const struct udev_watch *watch)
{
	return watch ? udev_monitor_get_fd(watch->monitor) : -1;
}

bool udev_watch_drain(struct udev_watch *watch)
{
	struct udev_device *device;
	bool any = false;

	errno = 0;
	while ((device = udev_monitor_receive_device(watch->monitor))) {
		udev_device_unref(device);
		any = true;
	}
	return any || errno == ENOBUFS; /* events were lost: something did change */
}
