/*
 * Whole files, durably; see file.h. A crash at any moment leaves the old file or the new one, and at most a
 * stale "<path>.new", which the next replace overwrites.
 */
#include "file.h"

#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static enum error_code write_code(int sys_errno)
{
	return sys_errno == ENOSPC || sys_errno == EDQUOT ? ERR_NO_SPACE : ERR_IO;
}

int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_length, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0, size = 0;

	if (fd < 0)
		return error_set_sys(err, ERR_IO, path, errno, "cannot open the file");
	for (;;) {
		ssize_t got;

		if (length + 1 >= size) {
			char *bigger = realloc(text, size = size ? size * 2 : 4096);

			if (!bigger)
				return error_no_memory(err);
			text = bigger;
		}
		got = read(fd, text + length, size - length - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_sys(err, ERR_IO, path, errno, "cannot read the file");
		if (got == 0)
			break;
		length += (size_t)got;
		if (length > limit)
			return error_set_sys(err, ERR_IO, path, EFBIG, "the file has more than %zu bytes", limit);
	}
	text[length] = '\0';
	*ret_text = TAKE(text);
	if (ret_length)
		*ret_length = length;
	return 0;
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t put = write(fd, text, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		text += put;
		length -= (size_t)put;
	}
	return fsync(fd);
}

static int sync_directory_of(const char *path, struct error *err)
{
	char directory[PATH_MAX];
	char *slash;

	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';

	CLEANUP_FD int fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return error_set_sys(err, write_code(errno), path, errno, "cannot make the directory durable");
	return 0;
}

int file_replace(const char *path, const char *text, size_t length, mode_t mode, struct error *err)
{
	char temporary[PATH_MAX];

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary))
		return error_set_sys(err, ERR_IO, path, ENAMETOOLONG, "cannot write the file");

	CLEANUP_FD int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0)
		return error_set_sys(err, write_code(errno), path, errno, "cannot write the file");
	if (write_all(fd, text, length) < 0 || rename(temporary, path) < 0) {
		int sys_errno = errno;

		unlink(temporary);
		return error_set_sys(err, write_code(sys_errno), path, sys_errno, "cannot write the file");
	}
	return sync_directory_of(path, err);
}

int file_remove(const char *path, struct error *err)
{
	if (unlink(path) < 0) {
		if (errno == ENOENT)
			return 0;
		return error_set_sys(err, ERR_IO, path, errno, "cannot remove the file");
	}
	return sync_directory_of(path, err);
}

int file_make_directories(const char *path, mode_t mode, struct error *err)
{
	char part[PATH_MAX];

	if ((size_t)snprintf(part, sizeof(part), "%s", path) >= sizeof(part))
		return error_set_sys(err, ERR_IO, path, ENAMETOOLONG, "cannot make the directory");
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return error_set_sys(err, write_code(errno), part, errno, "cannot make the directory");
		*slash = '/';
	}
	if (mkdir(part, mode) < 0 && errno != EEXIST)
		return error_set_sys(err, write_code(errno), path, errno, "cannot make the directory");
	return 0;
}
