/*
 * Running one helper program (udevadm, multipath): no shell, a fixed environment, its output captured up to a
 * limit, and killed when it takes too long.
 */
#include "exec.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

enum { WAIT_SLICE_MS = 20 };

static const char *const directories[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin" };

static const char *find_program(const char *name, char *ret, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		snprintf(ret, size, "%s/%s", directories[i], name);
		if (access(ret, X_OK) == 0)
			return ret;
	}
	return NULL;
}

/* Signals as a fresh program expects them; output and errors to the pipe, no input, nothing else open. */
static int spawn(const char *path, char *const *argv, int output, pid_t *ret)
{
	static char search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	static char *const environment[] = { search, locale, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	int rc;

	sigfillset(&all);
	sigemptyset(&none);
	if (posix_spawnattr_init(&attributes) != 0)
		return ENOMEM;
	if (posix_spawn_file_actions_init(&files) != 0) {
		posix_spawnattr_destroy(&attributes);
		return ENOMEM;
	}
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	rc = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(&files, output, 1);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(&files, output, 2);
#if __GLIBC_PREREQ(2, 34)
	/* everything of ours is O_CLOEXEC; this is for what a library may have left open */
	rc = rc ? rc : posix_spawn_file_actions_addclosefrom_np(&files, 3);
#endif
	rc = rc ? rc : posix_spawn(ret, path, &files, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return rc;
}

/* Take what is there; what does not fit is read and dropped, so that the program never blocks on us. */
static void drain(int fd, char *output, size_t size)
{
	size_t used = strlen(output);
	char spill[512];
	ssize_t got;

	while ((got = read(fd, spill, sizeof(spill))) > 0) {
		size_t fits = (size_t)got < size - 1 - used ? (size_t)got : size - 1 - used;

		memcpy(output + used, spill, fits);
		used += fits;
		output[used] = '\0';
	}
}

int sys_exec(const char *const *argv, unsigned timeout_ms, char *ret_output, size_t size, int *ret_status,
	     struct error *err)
{
	uint64_t deadline = clock_mono_us() + (uint64_t)timeout_ms * 1000;
	char path[PATH_MAX];
	int ends[2], status, rc;
	pid_t pid, ended;

	ret_output[0] = '\0';
	if (!find_program(argv[0], path, sizeof(path)))
		return error_set_sys(err, ERR_IO, argv[0], ENOENT, "cannot find the program");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_sys(err, ERR_IO, argv[0], errno, "cannot make a pipe");
	CLEANUP_FD int reader = ends[0];

	fcntl(reader, F_SETFL, O_NONBLOCK);
	rc = spawn(path, (char *const *)argv, ends[1], &pid);
	close(ends[1]);
	if (rc == ENOMEM)
		return error_no_memory(err);
	if (rc != 0)
		return error_set_sys(err, ERR_IO, path, rc, "cannot start the program");
	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && clock_mono_us() < deadline) {
		struct pollfd wait = { .fd = reader, .events = POLLIN };

		/* at the end of its output the pipe polls ready for good: then only sleep */
		if (poll(&wait, 1, WAIT_SLICE_MS) > 0 && !(wait.revents & POLLIN))
			poll(NULL, 0, WAIT_SLICE_MS);
		drain(reader, ret_output, size);
	}
	if (ended == 0) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return error_set_sys(err, ERR_IO, path, ETIMEDOUT, "the program did not end within %u ms", timeout_ms);
	}
	drain(reader, ret_output, size);
	if (ended < 0)
		return error_set_sys(err, ERR_IO, path, errno, "cannot wait for the program");
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}
