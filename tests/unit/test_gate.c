/*
 * The gate alone, on loopback, before a web server that is slow: it takes connections and never ends them. What the
 * gate is for is tested with the whole agent in tests/daemon/test_crowd.py.
 */
#include "agent/net/gate.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { STRANGERS = 150, WAIT_MS = 200000 };

/* What the web server was given. */
static struct {
	pthread_mutex_t mutex;
	int fds[GATE_CONNECTIONS + 1];
	size_t count;
} server = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static bool admit(void *ctx, int fd, const struct sockaddr *address, socklen_t length)
{
	(void)ctx;
	(void)address;
	(void)length;
	pthread_mutex_lock(&server.mutex);
	server.fds[server.count++] = fd;
	pthread_mutex_unlock(&server.mutex);
	return true;
}

static size_t admitted(void)
{
	size_t count;

	pthread_mutex_lock(&server.mutex);
	count = server.count;
	pthread_mutex_unlock(&server.mutex);
	return count;
}

static void wait_for(size_t count)
{
	for (int ms = 0; ms < WAIT_MS && admitted() < count; ms++)
		usleep(1000);
	assert_int_equal(admitted(), count);
}

static struct sockaddr_in address_of(uint32_t host, in_port_t port)
{
	return (struct sockaddr_in){ AF_INET, port, { htonl(host) }, { 0 } };
}

static int connect_from(uint32_t host, in_port_t port)
{
	struct sockaddr_in from = address_of(host, 0), to = address_of(INADDR_LOOPBACK, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static in_port_t start(struct gate *gate)
{
	struct sockaddr_in address = address_of(INADDR_LOOPBACK, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t length = sizeof(address);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 1024), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(gate_start(gate, fd, NULL), 0);
	return address.sin_port;
}

static void test_strangers_that_go_slowly_leave_room_for_the_known(void **state)
{
	const uint32_t home = INADDR_LOOPBACK;
	struct gate *gate = NULL;
	int fds[STRANGERS + 2];
	in_port_t port;

	(void)state;
	assert_int_equal(gate_open(&gate, true, admit, NULL, NULL), 0);
	port = start(gate);
	fds[0] = connect_from(home, port);
	wait_for(1);
	gate_set_trusted(gate, gate_begin(gate, server.fds[0]), true);
	for (uint32_t i = 0; i < STRANGERS; i++)
		fds[1 + i] = connect_from(home + 256 + i, port);
	fds[STRANGERS + 1] = connect_from(home, port);
	wait_for(1 + (GATE_CONNECTIONS - GATE_KNOWN) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	gate_free(gate);
	for (size_t i = 0; i < server.count; i++)
		close(server.fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strangers_that_go_slowly_leave_room_for_the_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
