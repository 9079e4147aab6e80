/*
 * The hold: suspend, resume and clear of one map as single ioctls on /dev/mapper/control. The file is opened and
 * the argument is filled in beforehand, so that nothing here allocates, opens or logs while I/O is held: the
 * memory or the disk that it would need may hang on the very map.
 *
 * There is no udev cookie (event_nr stays 0): udev then takes the resume's event as a spurious change, and no
 * rule asks multipath about paths that are changing sides. The kernel writes its answer into the argument,
 * therefore each call works on a copy of it.
 */
#include "dm_suspend.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct dm_suspend {
	int control;
	int statistics; /* the map's "stat" in sysfs */
	struct dm_ioctl map;
};

/* The map's UUID names it for good, its name may change. Maps of foreign tools may have none. */
static int identify(struct dm_suspend *suspend, const char *map, uint64_t *ret_dev, struct error *err)
{
	struct dm_ioctl status = suspend->map;

	if (strlen(map) >= sizeof(status.name))
		return error_set_sys(err, ERR_DM_FAILED, map, ENAMETOOLONG, "cannot find the map");
	snprintf(status.name, sizeof(status.name), "%s", map);
	if (ioctl(suspend->control, DM_DEV_STATUS, &status) < 0)
		return error_set_sys(err, ERR_DM_FAILED, map, errno, "cannot find the map");
	if (status.uuid[0])
		memcpy(suspend->map.uuid, status.uuid, sizeof(suspend->map.uuid));
	else
		memcpy(suspend->map.name, status.name, sizeof(suspend->map.name));
	*ret_dev = status.dev;
	return 0;
}

static int open_statistics(struct dm_suspend *suspend, const char *map, uint64_t dev, struct error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/stat", major(dev), minor(dev));
	suspend->statistics = open(path, O_RDONLY | O_CLOEXEC);
	return suspend->statistics < 0 ? error_set_sys(err, ERR_DM_FAILED, map, errno, "cannot open %s", path) : 0;
}

int sys_dm_suspend_prepare(void *ctx, const char *map, struct dm_suspend **ret, struct error *err)
{
	struct dm_suspend *suspend = calloc(1, sizeof(*suspend));
	uint64_t dev;

	(void)ctx;
	if (!suspend)
		return error_no_memory(err);
	suspend->statistics = -1;
	suspend->map.version[0] = DM_VERSION_MAJOR;
	suspend->map.data_size = sizeof(suspend->map);
	suspend->control = open("/dev/" DM_DIR "/" DM_CONTROL_NODE, O_RDWR | O_CLOEXEC);
	if (suspend->control < 0)
		error_set_sys(err, ERR_DM_FAILED, map, errno, "cannot open device-mapper's control file");
	if (suspend->control < 0 || identify(suspend, map, &dev, err) < 0 ||
	    open_statistics(suspend, map, dev, err) < 0) {
		sys_dm_suspend_free(suspend);
		return -1;
	}
	*ret = suspend;
	return 0;
}

static int command(const struct dm_suspend *suspend, unsigned long request, uint32_t flags)
{
	struct dm_ioctl argument = suspend->map;

	argument.flags = flags;
	return ioctl(suspend->control, request, &argument) < 0 ? errno : 0;
}

int sys_dm_suspend(struct dm_suspend *suspend)
{
	return command(suspend, DM_DEV_SUSPEND, DM_SUSPEND_FLAG | DM_NOFLUSH_FLAG | DM_SKIP_LOCKFS_FLAG);
}

int sys_dm_resume(struct dm_suspend *suspend)
{
	return command(suspend, DM_DEV_SUSPEND, DM_NOFLUSH_FLAG | DM_SKIP_LOCKFS_FLAG);
}

int sys_dm_clear_loaded(struct dm_suspend *suspend)
{
	return command(suspend, DM_TABLE_CLEAR, 0);
}

/* Of the fields of "stat" the reads, the writes, the discards and the flushes that ended: the 1st, 5th, 12th and 16th.
 */
int sys_dm_completed_ios(struct dm_suspend *suspend, uint64_t *ret)
{
	char text[512], *rest = text, *end;
	ssize_t length = pread(suspend->statistics, text, sizeof(text) - 1, 0);
	uint64_t sum = 0;

	if (length < 0)
		return errno;
	text[length] = '\0';
	for (int field = 1; field <= 17; field++, rest = end) {
		uint64_t value = strtoull(rest, &end, 10);

		if (end == rest)
			break; /* kernels before 5.5 have fewer */
		if (field == 1 || field == 5 || field == 12 || field == 16)
			sum += value;
	}
	*ret = sum;
	return 0;
}

void sys_dm_suspend_free(struct dm_suspend *suspend)
{
	if (!suspend)
		return;
	if (suspend->statistics >= 0)
		close(suspend->statistics);
	if (suspend->control >= 0)
		close(suspend->control);
	free(suspend);
}
