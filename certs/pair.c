/*
 * The two files; see pair.h.
 */
#include "pair.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { KEY_MODE = 0600, CERTIFICATE_MODE = 0644 };

int pair_files_in(const char *directory, struct pair_files *ret, struct error *err)
{
	if ((size_t)snprintf(ret->certificate, PATH_MAX, "%s/agent.crt", directory) >= PATH_MAX ||
	    (size_t)snprintf(ret->key, PATH_MAX, "%s/agent.key", directory) >= PATH_MAX)
		return error_set(err, ERR_VALUE_INVALID, NULL, "the directory's path is too long");
	return 0;
}

static int successor_of(const char *file, char ret[static PATH_MAX], struct error *err)
{
	if ((size_t)snprintf(ret, PATH_MAX, "%s.new", file) >= PATH_MAX)
		return error_set_sys(err, ERR_IO, file, ENAMETOOLONG, "cannot write the file");
	return 0;
}

static int read_matching(const char *certificate, const char *key, struct pem_pair *ret, struct error *err)
{
	CLEANUP(pem_pair_free) struct pem_pair pair = { 0 };

	if (pem_pair_read(certificate, key, &pair, err) < 0 || pem_pair_belongs(&pair, err) < 0)
		return -1;
	*ret = pair;
	pair = (struct pem_pair){ 0 };
	return 0;
}

int pair_read(const struct pair_files *files, struct pem_pair *ret, struct error *err)
{
	char successor[PATH_MAX];

	if (read_matching(files->certificate, files->key, ret, err) == 0)
		return 0;
	if (successor_of(files->certificate, successor, NULL) < 0)
		return -1;
	/* the first files again: the replacement ended between the two reads */
	if (read_matching(successor, files->key, ret, NULL) < 0 &&
	    read_matching(files->certificate, files->key, ret, NULL) < 0)
		return -1;
	ret->certificate_file = files->certificate;
	return 0;
}

bool pair_exists(const struct pair_files *files)
{
	struct stat st;

	return stat(files->certificate, &st) == 0 && stat(files->key, &st) == 0;
}

/* If there is nothing to remove, does not try: /etc may be read-only. */
static int remove_left_over(const char *file, struct error *err)
{
	return access(file, F_OK) < 0 && errno == ENOENT ? 0 : file_remove(file, err);
}

/*
 * Settle what a program that died left behind: if the key already belongs to the successor, move it into place, else
 * remove it.
 */
static int settle(const struct pair_files *files, struct error *err)
{
	CLEANUP(pem_pair_free) struct pem_pair now = { 0 };
	CLEANUP(pem_pair_free) struct pem_pair next = { 0 };
	char successor[PATH_MAX], half_successor[PATH_MAX], half_key[PATH_MAX];
	int result;

	if (successor_of(files->certificate, successor, err) < 0 || successor_of(successor, half_successor, err) < 0 ||
	    successor_of(files->key, half_key, err) < 0)
		return -1;
	if (read_matching(files->certificate, files->key, &now, NULL) < 0 &&
	    read_matching(successor, files->key, &next, NULL) == 0)
		result = file_move(successor, files->certificate, err);
	else
		result = remove_left_over(successor, err);
	if (result < 0 || remove_left_over(half_successor, err) < 0)
		return -1;
	return remove_left_over(half_key, err);
}

int pair_lock(const struct pair_files *files, int *ret_lock, struct error *err)
{
	CLEANUP_FREE char *directory = strdup(files->certificate);
	char *slash = directory ? strrchr(directory, '/') : NULL;

	if (!directory)
		return error_no_memory(err);
	if (slash)
		slash[slash == directory] = '\0';

	CLEANUP_FD int fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set_sys(err, ERR_IO, slash ? directory : ".", errno, "cannot open the directory");
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_set_sys(err, ERR_IO, directory, errno, "cannot lock the directory");
	if (settle(files, err) < 0)
		return -1;
	*ret_lock = fd;
	fd = -1;
	return 0;
}

int pair_replace(const struct pair_files *files, const struct pem_pair *pair, struct error *err)
{
	char successor[PATH_MAX];

	if (successor_of(files->certificate, successor, err) < 0 ||
	    file_replace(successor, pair->certificate, strlen(pair->certificate), CERTIFICATE_MODE, err) < 0)
		return -1;
	if (file_replace(files->key, pair->key, strlen(pair->key), KEY_MODE, err) < 0) {
		settle(files, NULL); /* it may have failed after the rename */
		return -1;
	}
	return file_move(successor, files->certificate, err);
}
