/*
 * Sockets; see listener.h.
 */
#include "listener.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* The kernel takes net.core.somaxconn (4096) where that is less. A SYN that finds the backlog full is dropped. */
enum { BACKLOG = 16384, PROBE_TIMEOUT_MS = 2000 };

static void cleanup_addrinfo(struct addrinfo **info)
{
	if (*info)
		freeaddrinfo(*info);
}

#define CLEANUP_ADDRINFO CLEANUP(cleanup_addrinfo)

static int try_listen(const struct addrinfo *info)
{
	CLEANUP_FD int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1, no = 0, result;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)); /* past connections' TIME_WAIT */
	/* Passed on to the connections: else a first answer may wait 40 ms for the client to acknowledge TLS's tickets.
	 */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return -1;
	result = fd;
	fd = -1;
	return result;
}

static int resolve(const char *address, unsigned port, struct addrinfo **ret)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	return getaddrinfo(address, service, &hints, ret);
}

int listener_tcp(const char *address, unsigned port, int *ret_fd, struct error *err)
{
	/* "::" takes IPv4 as well; a kernel without IPv6 has only the other */
	const char *const candidates[] = { *address ? address : "::", *address ? NULL : "0.0.0.0" };
	int fd = -1, sys_errno = EADDRNOTAVAIL;

	for (size_t i = 0; fd < 0 && i < ARRAY_SIZE(candidates) && candidates[i]; i++) {
		CLEANUP_ADDRINFO struct addrinfo *info = NULL;

		if (resolve(candidates[i], port, &info))
			return error_set(err, ERR_CONFIG_INVALID, NULL, "'%s' is no numeric address", candidates[i]);
		fd = try_listen(info);
		if (fd < 0)
			sys_errno = errno;
		if (sys_errno == EADDRINUSE)
			break;
	}
	if (fd < 0)
		return error_set_sys(err, sys_errno == EADDRINUSE ? ERR_PORT_IN_USE : ERR_IO, NULL, sys_errno,
				     "cannot listen on port %u", port);
	*ret_fd = fd;
	return 0;
}

int listener_unix(const char *path, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP_FD int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ERR_CONFIG_INVALID, NULL, "the socket's path is too long: %s", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (file_make_parents(path, 0755, err) < 0)
		return -1;
	unlink(path); /* the engine's lock says that no other agent runs */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0600) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return error_set_sys(err, ERR_IO, NULL, errno, "cannot listen on %s", path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static bool wait_for(int fd, short events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	return poll(&pollfd, 1, PROBE_TIMEOUT_MS) == 1;
}

static bool probe(const char *address, unsigned port)
{
	CLEANUP_ADDRINFO struct addrinfo *info = NULL;
	char answer;

	if (resolve(address, port, &info))
		return false;

	CLEANUP_FD int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || (connect(fd, info->ai_addr, info->ai_addrlen) < 0 && errno != EINPROGRESS) ||
	    !wait_for(fd, POLLOUT) || send(fd, "no TLS\r\n", 8, MSG_NOSIGNAL) < 0 || !wait_for(fd, POLLIN))
		return false;
	return recv(fd, &answer, 1, 0) >= 0 || errno == ECONNRESET;
}

bool listener_answers(const char *address, unsigned port)
{
	if (*address && strcmp(address, "::") != 0 && strcmp(address, "0.0.0.0") != 0)
		return probe(address, port);
	return probe("127.0.0.1", port) || probe("::1", port);
}
