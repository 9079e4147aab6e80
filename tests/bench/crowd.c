/*
 * Strangers on loopback, for tests/bench/hostile: crowd PORT COUNT RATE MODE [HELLO] keeps COUNT connections to
 * 127.0.0.1 open, each from an address of its own in 127/8, and connects RATE times a second at most. MODE is
 *
 * - hold: each connects once and stays, whatever the other side does with it;
 * - reopen: when the other side closes one, it is opened anew;
 * - hello: the same, and each sends the bytes of the file HELLO first, the beginning of a TLS handshake.
 *
 * It says "ready" when every place has been opened once, goes on until its standard input ends, 120 s at most, and then
 * says how often it connected and how many connections the other side has closed.
 *
 * crowd listen PORT is another side that does nothing but what it must: it holds 32 connections, and closes the oldest.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { COUNT_MAX = 50000, HELD_BY_LISTENER = 32, SECONDS_MAX = 120, EVENTS = 256, HELLO_MAX = 4096 };

static struct {
	int epoll;
	uint16_t port;
	bool reopen;
	char hello[HELLO_MAX];
	size_t hello_length;
	int fds[COUNT_MAX];
	uint64_t connected, closed;
} crowd;

static double now_s(void)
{
	return (double)clock_mono_us() / 1e6;
}

static struct sockaddr_in address_of(uint32_t host, uint16_t port)
{
	return (struct sockaddr_in){ AF_INET, htons(port), { htonl(host) }, { 0 } };
}

/* 127.1.0.0 and on; the place's own. */
static void open_place(uint32_t place)
{
	struct sockaddr_in from = address_of((127U << 24) + (1U << 16) + place, 0),
			   to = address_of(INADDR_LOOPBACK, crowd.port);
	struct epoll_event event = { EPOLLIN | EPOLLRDHUP | (crowd.hello_length ? EPOLLOUT : 0), { .u32 = place } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	crowd.fds[place] = fd;
	crowd.connected++;
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS) ||
	    epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		perror("crowd: connect");
		exit(1);
	}
}

/* True when the place is to be opened anew. */
static bool on_event(const struct epoll_event *event)
{
	uint32_t place = event->data.u32;
	int fd = crowd.fds[place];
	struct epoll_event in = { EPOLLIN | EPOLLRDHUP, { .u32 = place } };
	char bytes[4096];

	if (event->events & EPOLLOUT) {
		send(fd, crowd.hello, crowd.hello_length, MSG_NOSIGNAL);
		epoll_ctl(crowd.epoll, EPOLL_CTL_MOD, fd, &in);
	}
	if (!(event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) {
		recv(fd, bytes, sizeof(bytes), 0); /* the answer to a hello: never read to its meaning */
		return false;
	}
	crowd.closed++;
	if (!crowd.reopen) {
		epoll_ctl(crowd.epoll, EPOLL_CTL_DEL, fd, NULL);
		return false;
	}
	close(fd);
	crowd.fds[place] = -1;
	return true;
}

static bool input_has_ended(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&input, 1, 0) > 0;
}

static void run(uint32_t count, double rate)
{
	static uint32_t waiting[COUNT_MAX]; /* places that are not open, a queue */
	uint32_t first = 0, length = count;
	double begin = now_s(), tokens = 0, last = begin, now;
	struct epoll_event events[EVENTS];
	bool ready = false;

	for (uint32_t i = 0; i < count; i++)
		waiting[i] = i;
	for (; (now = now_s()) < begin + SECONDS_MAX && !input_has_ended(); last = now) {
		int happened = epoll_wait(crowd.epoll, events, EVENTS, 1);

		for (int i = 0; i < happened; i++)
			if (on_event(&events[i]))
				waiting[(first + length++) % count] = events[i].data.u32;
		tokens += (now - last) * rate;
		tokens = tokens > rate / 100 ? rate / 100
					     : tokens; /* what could not be done in time is not made up for */
		for (; length && tokens >= 1; tokens--, length--) {
			open_place(waiting[first]);
			first = (first + 1) % count;
		}
		if (!ready && crowd.connected >= count) {
			ready = true;
			puts("ready");
			fflush(stdout);
		}
	}
	printf("%llu connected, %llu closed\n", (unsigned long long)crowd.connected, (unsigned long long)crowd.closed);
}

static int run_listener(uint16_t port)
{
	struct sockaddr_in address = address_of(INADDR_LOOPBACK, port);
	int held[HELD_BY_LISTENER], yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	double end = now_s() + SECONDS_MAX;

	memset(held, -1, sizeof(held));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4096) < 0) {
		perror("crowd: listen");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (size_t i = 0; now_s() < end; i = (i + 1) % HELD_BY_LISTENER) {
		struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };

		if (poll(fds, 2, 1000) > 0 && fds[1].revents)
			break;
		if (!(fds[0].revents & POLLIN))
			continue;
		if (held[i] >= 0)
			close(held[i]);
		held[i] = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	}
	return 0;
}

static bool read_hello(const char *path)
{
	CLEANUP_FILE FILE *file = fopen(path, "rb");

	if (file)
		crowd.hello_length = fread(crowd.hello, 1, sizeof(crowd.hello), file);
	return crowd.hello_length > 0;
}

int main(int argc, char **argv)
{
	struct rlimit files;
	uint64_t port, count, rate;

	if (argc == 3 && strcmp(argv[1], "listen") == 0 && num_parse(argv[2], UINT16_MAX, &port))
		return run_listener((uint16_t)port);
	if (argc < 5 || !num_parse(argv[1], UINT16_MAX, &port) || !num_parse(argv[2], COUNT_MAX, &count) || !count ||
	    !num_parse(argv[3], 1000000, &rate) || (argc == 6 && !read_hello(argv[5]))) {
		fprintf(stderr, "usage: crowd PORT COUNT RATE hold|reopen|hello [FILE]\n       crowd listen PORT\n");
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	crowd.port = (uint16_t)port;
	crowd.reopen = strcmp(argv[4], "hold") != 0;
	crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
	run((uint32_t)count, (double)rate);
	return 0;
}
