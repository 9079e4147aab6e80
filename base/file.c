/*
 * Files, durably; see file.h. A crash during a replace leaves the old file or the new one, and at most a stale
 * "<path>.new", which the next replace overwrites. A crash during an append may leave a part of the text.
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

/* One write, so that the kernel never gets half of a text; retried only if a signal came before its first byte. */
static int write_once(int fd, const char *text, size_t length, off_t offset)
{
	ssize_t put;

	do
		put = pwrite(fd, text, length, offset);
	while (put < 0 && errno == EINTR);
	if (put >= 0 && (size_t)put < length)
		errno = ENOSPC;
	return put < 0 || (size_t)put < length ? -1 : fdatasync(fd);
}

int file_append(const char *path, uint64_t offset, const char *text, size_t length, struct error *err)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set_sys(err, ERR_IO, path, errno, "cannot open the file");
	if ((uint64_t)st.st_size < offset)
		return error_set(err, ERR_IO, path, "somebody made the file shorter");
	/* only if needed: truncating releases the reserved blocks */
	if ((uint64_t)st.st_size > offset && ftruncate(fd, (off_t)offset) < 0)
		return error_set_sys(err, ERR_IO, path, errno, "cannot cut the file");
	if (write_once(fd, text, length, (off_t)offset) < 0) {
		int sys_errno = errno;

		if (fstat(fd, &st) == 0 && (uint64_t)st.st_size > offset && ftruncate(fd, (off_t)offset) == 0)
			fdatasync(fd);
		return error_set_sys(err, write_code(sys_errno), path, sys_errno, "cannot append to the file");
	}
	return 0;
}

int file_reserve(const char *path, uint64_t size, struct error *err)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return error_set_sys(err, ERR_IO, path, errno, "cannot open the file");
	do
		result = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size);
	while (result < 0 && errno == EINTR);
	if (result < 0 && errno != EOPNOTSUPP && errno != ENOSYS)
		return error_set_sys(err, write_code(errno), path, errno, "cannot reserve space for the file");
	return 0;
}

int file_move(const char *from, const char *to, struct error *err)
{
	if (rename(from, to) < 0)
		return error_set_sys(err, write_code(errno), to, errno, "cannot replace the file");
	return sync_directory_of(to, err);
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

int file_make_parents(const char *path, mode_t mode, struct error *err)
{
	CLEANUP_FREE char *parent = strdup(path);
	char *slash = parent ? strrchr(parent, '/') : NULL;

	if (!parent)
		return error_no_memory(err);
	if (!slash || slash == parent)
		return 0;
	*slash = '\0';
	return file_make_directories(parent, mode, err);
}
