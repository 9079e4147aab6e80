/*
 * The fake host's files and clock. Sleeping advances the time, and lets udev and multipathd work.
 */
#include "fake_world.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static int do_read(struct fake_world *world, const char *path, char **ret_text)
{
	const struct fake_file *file = world_file(world, path);

	*ret_text = file ? strdup(file->text) : NULL;
	return 0;
}

static int host_read(void *ctx, const char *path, char **ret_text, struct error *err)
{
	return WORLD_QUERY(ctx, "host.read", path, err, do_read(ctx, path, ret_text));
}

static int do_read_bytes(struct fake_world *world, const char *path, char **ret_text, size_t *ret_length)
{
	do_read(world, path, ret_text);
	*ret_length = *ret_text ? strlen(*ret_text) : 0;
	return 0;
}

static int host_read_bytes(void *ctx, const char *path, char **ret_text, size_t *ret_length, struct error *err)
{
	return WORLD_QUERY(ctx, "host.read_bytes", path, err, do_read_bytes(ctx, path, ret_text, ret_length));
}

static int do_replace(struct fake_world *world, const char *path, const char *text, mode_t mode, struct error *err)
{
	if (world->free_bytes < strlen(text))
		return error_set_sys(err, ERR_NO_SPACE, path, ENOSPC, "cannot write the file");
	return world_write_file(world, path, text, mode);
}

static int host_replace(void *ctx, const char *path, const char *text, mode_t mode, struct error *err)
{
	return WORLD_CALL(ctx, "host.replace", path, err, do_replace(ctx, path, text, mode, err));
}

static int do_append(struct fake_world *world, const char *path, uint64_t offset, const char *text, struct error *err)
{
	const struct fake_file *file = world_file(world, path);
	bool cuts = world_cuts_within(world, "host.append");
	size_t size = strlen(text);
	CLEANUP_BUF struct buf buf = { 0 };
	uint64_t reserved;

	if (!file || strlen(file->text) < offset)
		return error_set_sys(err, ERR_IO, path, file ? EIO : ENOENT, "cannot append to the file");
	reserved = strlen(file->text) > offset ? 0 : file->reserved;
	buf_add(&buf, file->text, offset);
	if (offset + size > reserved && world->free_bytes < size) {
		world_write_file(world, path, buf_text(&buf), file->mode);
		return error_set_sys(err, ERR_NO_SPACE, path, ENOSPC, "cannot append to the file");
	}
	buf_add(&buf, text, cuts ? size / 2 : size);
	world_write_file(world, path, buf_text(&buf), file->mode);
	world_file(world, path)->reserved = reserved;
	if (cuts) {
		buf_free(&buf);
		world_die(world);
	}
	return 0;
}

static int host_append(void *ctx, const char *path, uint64_t offset, const char *text, struct error *err)
{
	return WORLD_CALL(ctx, "host.append", path, err, do_append(ctx, path, offset, text, err));
}

static int do_reserve(struct fake_world *world, const char *path, uint64_t size, struct error *err)
{
	struct fake_file *file = world_file(world, path);

	if (!file)
		return error_set_sys(err, ERR_IO, path, ENOENT, "cannot open the file");
	if (size > file->reserved && world->free_bytes < size - strlen(file->text))
		return error_set_sys(err, ERR_NO_SPACE, path, ENOSPC, "cannot reserve space for the file");
	if (size > file->reserved)
		file->reserved = size;
	return 0;
}

static int host_reserve(void *ctx, const char *path, uint64_t size, struct error *err)
{
	return WORLD_CALL(ctx, "host.reserve", path, err, do_reserve(ctx, path, size, err));
}

static int do_remove(struct fake_world *world, const char *path)
{
	world_remove_file(world, path);
	return 0;
}

static int host_remove(void *ctx, const char *path, struct error *err)
{
	return WORLD_CALL(ctx, "host.remove", path, err, do_remove(ctx, path));
}

static int host_make_directories(void *ctx, const char *path, mode_t mode, struct error *err)
{
	(void)mode;
	return WORLD_CALL(ctx, "host.make_directories", path, err, 0);
}

/* The files of a directory and, once each, its sub-directories. */
static int do_list(const struct fake_world *world, const char *path, char **ret_names)
{
	size_t length = strlen(path);
	struct buf buf = { 0 };

	while (length && path[length - 1] == '/')
		length--;
	for (size_t i = 0; i < FILES_MAX; i++) {
		const char *name = world->files[i].path + length;

		if (world->files[i].text && strncmp(world->files[i].path, path, length) == 0 && name[0] == '/' &&
		    !strchr(name + 1, '/'))
			buf_printf(&buf, "%s\n", name + 1);
	}
	*ret_names = buf_take(&buf);
	return 0;
}

static int host_list(void *ctx, const char *path, char **ret_names, struct error *err)
{
	return WORLD_QUERY(ctx, "host.list", path, err, do_list(ctx, path, ret_names));
}

static int do_free_bytes(const struct fake_world *world, uint64_t *ret)
{
	*ret = world->free_bytes;
	return 0;
}

static int host_free_bytes(void *ctx, const char *path, uint64_t *ret, struct error *err)
{
	return WORLD_QUERY(ctx, "host.free_bytes", path, err, do_free_bytes(ctx, ret));
}

static uint64_t host_now_us(void *ctx)
{
	struct fake_world *world = ctx;

	return world->now_us;
}

static uint64_t host_wall_ms(void *ctx)
{
	const struct fake_world *world = ctx;

	return UINT64_C(1767225600000) + world->now_us / 1000;
}

static void host_sleep_ms(void *ctx, unsigned ms)
{
	struct fake_world *world = ctx;

	if (world->holds)
		world_violation(world, "sleep while a map is held");
	world_pass_time(world, (uint64_t)ms * 1000 * world->oversleep);
	udev_settle(world);
	world_check(world);
}

void fake_host_port(struct fake_world *world, struct host_port *ret)
{
	*ret = (struct host_port){
		.ctx = world,
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
		.has_guardian = false,
	};
}
