/*
 * The device-mapper port by libdevmapper, the only file that includes it. What happens while a map is held is
 * in dm_hold.c, by plain ioctls.
 *
 * libdevmapper prints its errors unless it is given a log function; ours keeps the last one of the thread, for
 * the detail of struct error. Names are taken as the kernel has them (no mangling).
 */
#include "dm-import/system/tools/sysfs.h"
#include "dm_suspend.h"
#include "system.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <errno.h>
#include <libdevmapper.h>
#include <stdarg.h>
#include <string.h>
#include <syslog.h>

static __thread char last_message[160];

__attribute__((format(printf, 5, 6))) static void keep_message(int level, const char *file, int line, int dm_errno,
							       const char *fmt, ...)
{
	va_list ap;

	(void)file;
	(void)line;
	(void)dm_errno;
	if ((level & LOG_PRIMASK) > LOG_ERR) /* the bits above are libdevmapper's own flags */
		return;
	va_start(ap, fmt);
	vsnprintf(last_message, sizeof(last_message), fmt, ap);
	va_end(ap);
}

static void free_task(struct dm_task **task)
{
	if (*task)
		dm_task_destroy(*task);
}

#define CLEANUP_TASK CLEANUP(free_task)

static int dm_error(struct error *err, const char *map, struct dm_task *task, const char *what)
{
	int sys_errno = task ? dm_task_get_errno(task) : 0;

	if (last_message[0])
		return error_set_sys(err, ERR_DM_FAILED, map, sys_errno, "%s (%s)", what, last_message);
	return error_set_sys(err, ERR_DM_FAILED, map, sys_errno, "%s", what);
}

/* A task for one map; NULL with err filled. */
static struct dm_task *new_task(int type, const char *map, struct error *err)
{
	struct dm_task *task;

	last_message[0] = '\0';
	task = dm_task_create(type);
	if (!task || (map && !dm_task_set_name(task, map))) {
		dm_error(err, map, task, "cannot prepare a device-mapper command");
		free_task(&task);
		return NULL;
	}
	return task;
}

static int run(struct dm_task *task, const char *map, const char *what, struct error *err)
{
	return dm_task_run(task) ? 0 : dm_error(err, map, task, what);
}

/* Fill one device; 1 when it is gone meanwhile. */
static int read_device(const char *name, struct dm_device *ret, struct error *err)
{
	CLEANUP_TASK struct dm_task *task = new_task(DM_DEVICE_INFO, name, err);
	char directory[64];
	struct dm_info info;

	if (!task || run(task, name, "cannot read the state of the map", err) < 0)
		return -1;
	if (!dm_task_get_info(task, &info))
		return dm_error(err, name, task, "cannot read the state of the map");
	if (!info.exists)
		return 1;
	*ret = (struct dm_device){
		.major = info.major,
		.minor = info.minor,
		.open_count = (uint32_t)info.open_count,
		.suspended = info.suspended,
		.read_only = info.read_only,
		.has_inactive_table = info.inactive_table,
	};
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	snprintf(ret->uuid, sizeof(ret->uuid), "%s", dm_task_get_uuid(task));
	snprintf(directory, sizeof(directory), "/sys/dev/block/%u:%u", ret->major, ret->minor);
	sysfs_limits(directory, &ret->limits);
	return 0;
}

static const struct dm_names *next_name(const struct dm_names *name)
{
	return name->next ? (const struct dm_names *)((const char *)name + name->next) : NULL;
}

static int dm_list_devices(void *ctx, struct dm_device **ret, size_t *ret_count, struct error *err)
{
	CLEANUP_TASK struct dm_task *task = new_task(DM_DEVICE_LIST, NULL, err);
	CLEANUP_FREE struct dm_device *devices = NULL;
	struct dm_names *names;
	size_t count = 0, room = 0;

	(void)ctx;
	if (!task || run(task, NULL, "cannot list the maps", err) < 0)
		return -1;
	names = dm_task_get_names(task);
	if (!names)
		return dm_error(err, NULL, task, "cannot list the maps");
	/* an empty list is one entry without a device */
	for (const struct dm_names *name = names->dev ? names : NULL; name; name = next_name(name))
		room++;
	devices = calloc(room + 1, sizeof(*devices));
	if (!devices)
		return error_no_memory(err);
	for (const struct dm_names *name = room ? names : NULL; name; name = next_name(name)) {
		int gone = read_device(name->name, &devices[count], err);

		if (gone < 0)
			return -1;
		count += !gone;
	}
	*ret = TAKE(devices);
	*ret_count = count;
	return 0;
}

static int dm_one_device(void *ctx, const char *map, struct dm_device *ret, struct error *err)
{
	int gone = read_device(map, ret, err);

	(void)ctx;
	return gone > 0 ? error_set_sys(err, ERR_DM_FAILED, map, ENXIO, "there is no such map") : gone;
}

static int dm_read_table(void *ctx, const char *map, char **ret_table, struct error *err)
{
	CLEANUP_TASK struct dm_task *task = new_task(DM_DEVICE_TABLE, map, err);
	CLEANUP_BUF struct buf text = { 0 };
	void *next = NULL;

	(void)ctx;
	if (!task || run(task, map, "cannot read the table", err) < 0)
		return -1;
	do {
		uint64_t start, length;
		char *type, *parameters;

		next = dm_get_next_target(task, next, &start, &length, &type, &parameters);
		if (type)
			buf_printf(&text, "%llu %llu %s %s\n", (unsigned long long)start, (unsigned long long)length,
				   type, parameters);
	} while (next);
	*ret_table = buf_take(&text);
	return *ret_table ? 0 : error_no_memory(err);
}

/* "<start> <length> <type> <parameters>", the parameters exactly as given but for a newline at the end */
static int add_target(struct dm_task *task, const char *map, const char *table, struct error *err)
{
	unsigned long long start, length;
	CLEANUP_FREE char *parameters = NULL;
	char type[16]; /* DM_MAX_TYPE_NAME */
	int at = 0;
	size_t end;

	if (sscanf(table, "%llu %llu %15s %n", &start, &length, type, &at) != 3 || at == 0)
		return error_set(err, ERR_DM_FAILED, map, "this is not a table: '%.80s'", table);
	parameters = strdup(table + at);
	if (!parameters)
		return error_no_memory(err);
	end = strlen(parameters);
	if (end && parameters[end - 1] == '\n')
		parameters[end - 1] = '\0';
	if (strchr(parameters, '\n'))
		return error_set(err, ERR_DM_FAILED, map, "a table of several targets cannot be loaded");
	if (!dm_task_add_target(task, start, length, type, parameters))
		return dm_error(err, map, task, "cannot build the table");
	return 0;
}

static int dm_load(void *ctx, const char *map, const char *table, bool read_only, struct error *err)
{
	CLEANUP_TASK struct dm_task *task = new_task(DM_DEVICE_RELOAD, map, err);

	(void)ctx;
	if (!task || add_target(task, map, table, err) < 0)
		return -1;
	if (read_only && !dm_task_set_ro(task))
		return dm_error(err, map, task, "cannot build the table");
	return run(task, map, "cannot load the table", err);
}

static int dm_clear(void *ctx, const char *map, struct error *err)
{
	CLEANUP_TASK struct dm_task *task = new_task(DM_DEVICE_CLEAR, map, err);

	(void)ctx;
	return task ? run(task, map, "cannot clear the inactive table", err) : -1;
}

static int dm_remove(void *ctx, const char *map, struct error *err)
{
	CLEANUP_TASK struct dm_task *task = new_task(DM_DEVICE_REMOVE, map, err);
	uint32_t cookie = 0;
	int sys_errno = 0;
	bool removed;

	(void)ctx;
	if (!task)
		return -1;
	/* retry: udev's rules may have the map open for a moment */
	if (!dm_task_retry_remove(task) || !dm_task_set_cookie(task, &cookie, 0))
		return dm_error(err, map, task, "cannot prepare a device-mapper command");
	removed = dm_task_run(task);
	if (!removed)
		sys_errno = dm_task_get_errno(task);
	dm_udev_wait(cookie); /* also frees the semaphore of a command that failed */
	if (removed || sys_errno == ENXIO)
		return 0;
	return dm_error(err, map, task, "cannot remove the map");
}

static int dm_rename(void *ctx, const char *map, const char *name, struct error *err)
{
	CLEANUP_TASK struct dm_task *task = new_task(DM_DEVICE_RENAME, map, err);
	uint32_t cookie = 0;
	int result;

	(void)ctx;
	if (!task)
		return -1;
	if (!dm_task_set_newname(task, name) || !dm_task_set_cookie(task, &cookie, 0))
		return dm_error(err, map, task, "cannot prepare a device-mapper command");
	result = run(task, map, "cannot rename the map", err);
	dm_udev_wait(cookie); /* also frees the semaphore of a command that failed */
	return result;
}

static int dm_message(void *ctx, const char *map, const char *message, struct error *err)
{
	CLEANUP_TASK struct dm_task *task = new_task(DM_DEVICE_TARGET_MSG, map, err);
	char what[80];

	(void)ctx;
	if (!task)
		return -1;
	snprintf(what, sizeof(what), "the map refused the message '%.40s'", message);
	if (!dm_task_set_sector(task, 0) || !dm_task_set_message(task, message))
		return dm_error(err, map, task, "cannot prepare a device-mapper command");
	return run(task, map, what, err);
}

int sys_dm_open(struct dm_port *ret, struct error *err)
{
	dm_log_with_errno_init(keep_message);
	last_message[0] = '\0';
	if (!dm_set_name_mangling_mode(DM_STRING_MANGLING_NONE))
		return dm_error(err, NULL, NULL, "cannot initialise libdevmapper");
	*ret = (struct dm_port){
		.list = dm_list_devices,
		.device = dm_one_device,
		.table = dm_read_table,
		.load = dm_load,
		.clear = dm_clear,
		.remove = dm_remove,
		.rename = dm_rename,
		.message = dm_message,
		.suspend_prepare = sys_dm_suspend_prepare,
		.suspend = sys_dm_suspend,
		.resume = sys_dm_resume,
		.clear_loaded = sys_dm_clear_loaded,
		.completed_ios = sys_dm_completed_ios,
		.suspend_free = sys_dm_suspend_free,
	};
	return 0;
}
