/*
 * The host port: files by base/file.h, free space, clocks. Nothing about devices here.
 */
#include "system.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

enum { FILE_LIMIT = 16 << 20 };

static int host_read_bytes(void *ctx, const char *path, char **ret_text, size_t *ret_length, struct error *err)
{
	struct error why;

	(void)ctx;
	if (file_read(path, FILE_LIMIT, ret_text, ret_length, &why) == 0)
		return 0;
	if (why.sys_errno == ENOENT) {
		*ret_text = NULL;
		return 0;
	}
	if (err)
		*err = why;
	return -1;
}

static int host_read(void *ctx, const char *path, char **ret_text, struct error *err)
{
	return host_read_bytes(ctx, path, ret_text, NULL, err);
}

static int host_replace(void *ctx, const char *path, const char *text, mode_t mode, struct error *err)
{
	(void)ctx;
	return file_replace(path, text, strlen(text), mode, err);
}

static int host_append(void *ctx, const char *path, uint64_t offset, const char *text, struct error *err)
{
	(void)ctx;
	return file_append(path, offset, text, strlen(text), err);
}

static int host_reserve(void *ctx, const char *path, uint64_t size, struct error *err)
{
	(void)ctx;
	return file_reserve(path, size, err);
}

static int host_remove(void *ctx, const char *path, struct error *err)
{
	(void)ctx;
	return file_remove(path, err);
}

static int host_make_directories(void *ctx, const char *path, mode_t mode, struct error *err)
{
	(void)ctx;
	return file_make_directories(path, mode, err);
}

static int not_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int host_list(void *ctx, const char *path, char **ret_names, struct error *err)
{
	CLEANUP_BUF struct buf names = { 0 };
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, not_dots, alphasort);

	(void)ctx;
	if (count < 0 && errno != ENOENT)
		return error_set_sys(err, ERR_IO, path, errno, "cannot read the directory");
	for (int i = 0; i < count; i++) {
		buf_printf(&names, "%s\n", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	*ret_names = buf_take(&names);
	return *ret_names ? 0 : error_no_memory(err);
}

static int host_free_bytes(void *ctx, const char *path, uint64_t *ret, struct error *err)
{
	struct statvfs fs;

	(void)ctx;
	if (statvfs(path, &fs) < 0)
		return error_set_sys(err, ERR_IO, path, errno, "cannot ask the file system for its free space");
	*ret = (uint64_t)fs.f_bfree * fs.f_frsize; /* f_bfree, not f_bavail: root may use the reserve */
	return 0;
}

static uint64_t host_now_us(void *ctx)
{
	(void)ctx;
	return clock_mono_us();
}

static uint64_t host_wall_ms(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void host_sleep_ms(void *ctx, unsigned ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)ctx;
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

void sys_host_open(struct host_port *ret)
{
	*ret = (struct host_port){
		.read = host_read,
		.read_bytes = host_read_bytes,
		.replace = host_replace,
		.append = host_append,
		.reserve = host_reserve,
		.remove = host_remove,
		.make_directories = host_make_directories,
		.list = host_list,
		.free_bytes = host_free_bytes,
		.now_us = host_now_us,
		.wall_ms = host_wall_ms,
		.sleep_ms = host_sleep_ms,
		.has_guardian = true,
	};
}
