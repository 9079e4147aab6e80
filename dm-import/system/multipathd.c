/*
 * The multipathd port: its socket for commands, systemd for stopping and starting it.
 *
 * What would surprise: while multipathd.socket is up and the service is down, a mere connect() starts the service.
 * So nothing here connects before it has asked systemd (systemd.c) whether that would happen. And systemd starts
 * multipathd for many reasons of its own; while the file `held_path` exists, the drop-ins that init/ installs forbid
 * it.
 */
#include "dm-import/system/tools/exec.h"
#include "system.h"
#include "systemd.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* multipathd answers within 4 s on its own account; a software-emulated host is an order slower */
enum { REPLY_TIMEOUT_MS = 30000, READY_TIMEOUT_MS = 60000, CLAIM_TIMEOUT_MS = 30000, REPLY_LIMIT = 32 << 20 };

static const char *const units[] = { "multipathd.socket", "multipathd.service" };

/* Exists from stop to start, whoever dies in between; its text says whether the socket unit was active. */
static const char held_directory[] = "/run/dm-import";
static const char held_path[] = "/run/dm-import/multipathd-held";
static const char with_socket[] = "socket\n";

/* Connect to the abstract socket, or to the one that newer versions have in /run. -1 with errno. */
static int connect_multipathd(void)
{
	static const char *const names[] = { "@/org/kernel/linux/storage/multipathd", "/run/multipathd.socket" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		bool abstract = names[i][0] == '@';
		socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(names[i]) + !abstract);
		struct timeval timeout = { .tv_sec = REPLY_TIMEOUT_MS / 1000 };
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return -1;
		snprintf(address.sun_path, sizeof(address.sun_path), "%s", names[i]);
		if (abstract)
			address.sun_path[0] = '\0';
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
		if (connect(fd, (struct sockaddr *)&address, length) == 0)
			return fd;
		close(fd);
	}
	errno = ECONNREFUSED;
	return -1;
}

static int send_all(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length) {
		ssize_t put = send(fd, at, length, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		at += put;
		length -= (size_t)put;
	}
	return 0;
}

static int receive_all(int fd, void *data, size_t length)
{
	char *at = data;

	while (length) {
		ssize_t got = recv(fd, at, length, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = ECONNRESET;
		if (got <= 0)
			return -1;
		at += got;
		length -= (size_t)got;
	}
	return 0;
}

/* The protocol: a native size_t, then as many bytes, the NUL included; the same back. */
static int converse(int fd, const char *command, char **ret_reply, struct error *err)
{
	size_t length = strlen(command) + 1;
	CLEANUP_FREE char *reply = NULL;

	if (send_all(fd, &length, sizeof(length)) < 0 || send_all(fd, command, length) < 0)
		return error_set_sys(err, ERR_MULTIPATHD_FAILED, NULL, errno, "cannot send '%.60s'", command);
	if (receive_all(fd, &length, sizeof(length)) < 0)
		return error_set_sys(err, ERR_MULTIPATHD_FAILED, NULL, errno, "no answer to '%.60s'", command);
	if (length == 0 || length > REPLY_LIMIT)
		return error_set(err, ERR_MULTIPATHD_FAILED, NULL, "an answer of %zu bytes to '%.60s'", length,
				 command);
	reply = malloc(length + 1);
	if (!reply)
		return error_no_memory(err);
	if (receive_all(fd, reply, length) < 0)
		return error_set_sys(err, ERR_MULTIPATHD_FAILED, NULL, errno, "no answer to '%.60s'", command);
	reply[length] = '\0';
	*ret_reply = TAKE(reply);
	return 0;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static int multipathd_command(void *ctx, const char *command, char **ret_reply, struct error *err)
{
	CLEANUP_FREE char *reply = NULL;
	bool may_connect;

	(void)ctx;
	if (sys_systemd_may_connect(units[0], units[1], &may_connect, err) < 0)
		return -1;
	CLEANUP_FD int fd = may_connect ? connect_multipathd() : -1;

	if (fd < 0)
		return error_set(err, ERR_MULTIPATHD_NOT_RUNNING, NULL, "it cannot be sent '%.60s'", command);
	if (converse(fd, command, &reply, err) < 0)
		return -1;
	if (begins(reply, "fail") || begins(reply, "timeout") || begins(reply, "permission deny"))
		return error_set(err, ERR_MULTIPATHD_FAILED, NULL, "'%.60s' was answered by '%.*s'", command,
				 (int)strcspn(reply, "\n"), reply);
	*ret_reply = TAKE(reply);
	return 0;
}

static int multipathd_running(void *ctx, bool *ret, struct error *err)
{
	CLEANUP_FREE char *reply = NULL;
	struct error why;

	if (multipathd_command(ctx, "show daemon", &reply, &why) == 0) {
		*ret = true;
		return 0;
	}
	if (why.code == ERR_MULTIPATHD_NOT_RUNNING) {
		*ret = false;
		return 0;
	}
	if (err)
		*err = why;
	return -1;
}

/* Whether the last stop found the socket unit active; false when nobody stopped multipathd. */
static int held_with_socket(bool *ret, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct error why;

	if (file_read(held_path, 64, &text, NULL, &why) == 0 || why.sys_errno == ENOENT) {
		*ret = text && strcmp(text, with_socket) == 0;
		return 0;
	}
	if (err)
		*err = why;
	return -1;
}

/* A second stop finds the socket down, and keeps what the first one found. */
static int forbid_start(struct error *err)
{
	bool socket_down, was_active;
	const char *text;

	if (sys_systemd_is_down(units[0], &socket_down, err) < 0 || held_with_socket(&was_active, err) < 0)
		return -1;
	text = !socket_down || was_active ? with_socket : "";
	if (file_make_directories(held_directory, 0755, err) < 0)
		return -1;
	return file_replace(held_path, text, strlen(text), 0644, err);
}

static int check_down(void *ctx, struct error *err)
{
	bool running, down;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (sys_systemd_is_down(units[i], &down, err) < 0)
			return -1;
		if (!down)
			return error_set(err, ERR_MULTIPATHD_FAILED, units[i], "it was stopped, but is up again");
	}
	if (multipathd_running(ctx, &running, err) < 0)
		return -1;
	if (running)
		return error_set(err, ERR_MULTIPATHD_FAILED, NULL, "a multipathd that systemd did not start runs on");
	return 0;
}

/* A failed stop leaves multipathd forbidden: start allows it again, and is what undoes this. */
static int multipathd_stop(void *ctx, struct error *err)
{
	if (forbid_start(err) < 0 || sys_systemd_jobs("StopUnit", units, ARRAY_SIZE(units), err) < 0)
		return -1;
	return check_down(ctx, err);
}

/* "pid 312 idle" or "... running" when it has read its configuration and taken over the maps */
static bool is_ready(void *ctx)
{
	CLEANUP_FREE char *reply = NULL;

	return multipathd_command(ctx, "show daemon", &reply, NULL) == 0 &&
	       (strstr(reply, " idle") || strstr(reply, " running"));
}

static int multipathd_start(void *ctx, struct error *err)
{
	bool socket;

	if (held_with_socket(&socket, err) < 0 || file_remove(held_path, err) < 0)
		return -1;
	/* the socket first: systemd refuses it once the service runs. It may be masked meanwhile: nobody needs it */
	if (socket)
		sys_systemd_jobs("StartUnit", &units[0], 1, NULL);
	if (sys_systemd_jobs("StartUnit", &units[1], 1, err) < 0)
		return -1;
	for (int waited_ms = 0; waited_ms < READY_TIMEOUT_MS; waited_ms += 50) {
		if (is_ready(ctx))
			return 0;
		poll(NULL, 0, 50);
	}
	return error_set_sys(err, ERR_MULTIPATHD_FAILED, NULL, ETIMEDOUT, "multipathd started but is not ready");
}

static int multipathd_dependents(void *ctx, char **ret_units, struct error *err)
{
	(void)ctx;
	return sys_systemd_stopped_with(units, ARRAY_SIZE(units), ret_units, err);
}

static int multipathd_claim(void *ctx, const char *disk, struct error *err)
{
	char device[DISK_NAME_SIZE + 8], output[256];
	const char *argv[] = { "multipath", "-a", device, NULL };
	int status;

	(void)ctx;
	snprintf(device, sizeof(device), "/dev/%s", disk);
	if (sys_exec(argv, CLAIM_TIMEOUT_MS, output, sizeof(output), &status, err) < 0)
		return -1;
	if (status != 0)
		return error_set(err, ERR_MULTIPATHD_FAILED, disk, "multipath -a ended with %d: %.*s", status,
				 (int)strcspn(output, "\n"), output);
	return 0;
}

void sys_multipathd_open(struct multipathd_port *ret)
{
	*ret = (struct multipathd_port){
		.running = multipathd_running,
		.command = multipathd_command,
		.stop = multipathd_stop,
		.start = multipathd_start,
		.dependents = multipathd_dependents,
		.claim = multipathd_claim,
	};
}
