/*
 * See gate.h. A connection that is put out is only shut down: the web server sees its end, says so (gate_end), and
 * closes its descriptor. That is done through a descriptor of the gate's own, for the web server may close the other at
 * any time without a word: when it cannot begin to serve it.
 */
#include "gate.h"

#include "peer.h"
#include "rate.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

/* New connections of strangers: handshakes cost. */
#define STRANGERS_PER_S 100
#define STRANGERS_BURST 200
#define ADDRESS_PER_S 20
#define ADDRESS_BURST 60

#define KNOWN_FOR_US (24 * 3600 * 1000000ULL)

enum {
	KNOWN_ADDRESSES = 64,
	OUT_OF_DESCRIPTORS_MS = 100,
	ACCEPTED_AT_ONCE = 64,
	BEGIN_TIMEOUT_S = 30, /* for the web server to begin; then it never will */
};

struct gate_connection {
	struct gate_connection *next; /* the newest first */
	int fd;			      /* the web server's; a number to know it by */
	int own_fd;		      /* the same socket */
	struct peer peer;
	bool begun;   /* the web server serves it, and will say when it ends */
	bool asked;   /* at least once */
	bool leaving; /* shut down; its place is free, its descriptors not yet */
	bool known;   /* came from an address of trusted clients */
	bool trusted;
	uint64_t deadline_us; /* 0: none */
};

struct known_address {
	struct peer peer;
	uint64_t until_us;
};

struct gate {
	int listen_fd, wake_fd;
	bool limited;
	gate_admit_fn *admit;
	void *ctx;
	pthread_t thread;
	struct rate all, by_address;

	pthread_mutex_t mutex; /* for what follows */
	struct gate_connection *connections;
	struct known_address known[KNOWN_ADDRESSES];
};

/* --- under the mutex --- */

static bool is_known(const struct gate *gate, const struct peer *peer, uint64_t now_us)
{
	for (size_t i = 0; i < KNOWN_ADDRESSES; i++)
		if (gate->known[i].until_us > now_us && peer_equal(&gate->known[i].peer, peer))
			return true;
	return false;
}

static void remember(struct gate *gate, const struct peer *peer, uint64_t now_us)
{
	struct known_address *place = &gate->known[0];

	for (size_t i = 0; i < KNOWN_ADDRESSES; i++) {
		struct known_address *it = &gate->known[i];

		if (it->until_us && peer_equal(&it->peer, peer)) {
			place = it;
			break;
		}
		if (it->until_us < place->until_us)
			place = it;
	}
	*place = (struct known_address){ *peer, now_us + KNOWN_FOR_US };
}

static void put_out(struct gate_connection *connection)
{
	connection->leaving = true;
	shutdown(connection->own_fd, SHUT_RDWR);
}

/* Those that share places with a new connection: of a known address or not, and of `peer` when that is not NULL. */
struct places {
	size_t taken;
	struct gate_connection *oldest; /* that may be put out */
};

static struct places places_of(struct gate *gate, bool known, const struct peer *peer)
{
	struct places places = { 0 };

	for (struct gate_connection *it = gate->connections; it; it = it->next) {
		if (it->leaving || it->known != known || (peer && !peer_equal(&it->peer, peer)))
			continue;
		places.taken++;
		if (!it->trusted)
			places.oldest = it;
	}
	return places;
}

/* A place among those: there is one, or somebody has to go. */
static bool make_place(struct gate *gate, bool known, const struct peer *peer, size_t limit)
{
	struct places places = places_of(gate, known, peer);

	if (places.taken < limit)
		return true;
	if (!places.oldest)
		return false;
	put_out(places.oldest);
	return true;
}

/* Those that were put out count until they have gone: the strangers' must not use up what is kept for others. */
static bool has_descriptor(const struct gate *gate, bool known)
{
	size_t all = 0, strangers = 0;

	for (const struct gate_connection *it = gate->connections; it; it = it->next) {
		all++;
		strangers += !it->known;
	}
	return all < GATE_CONNECTIONS && (!gate->limited || known || strangers < GATE_CONNECTIONS - GATE_KNOWN);
}

static bool has_place(struct gate *gate, const struct peer *peer, bool known)
{
	if (!has_descriptor(gate, known))
		return false;
	if (!gate->limited)
		return true;
	if (known)
		return make_place(gate, true, NULL, GATE_KNOWN);
	return make_place(gate, false, peer, GATE_STRANGERS_PER_ADDRESS) &&
	       make_place(gate, false, NULL, GATE_STRANGERS);
}

/* --- the acceptor --- */

/* The address first: one that connects too often does not use up what all have. */
static bool too_often(struct gate *gate, const struct peer *peer, uint64_t now_us)
{
	return !rate_take(&gate->by_address, peer->bytes, PEER_BYTES, now_us) || !rate_take(&gate->all, "", 0, now_us);
}

static struct gate_connection *new_connection(int fd, const struct peer *peer, bool known)
{
	struct gate_connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	*connection = (struct gate_connection){ .fd = fd, .peer = *peer, .known = known };
	connection->own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	connection->deadline_us = clock_mono_us() + BEGIN_TIMEOUT_S * 1000000ULL;
	if (connection->own_fd < 0) {
		free(connection);
		return NULL;
	}
	return connection;
}

static struct gate_connection *take_in(struct gate *gate, int fd, const struct peer *peer)
{
	struct gate_connection *connection = NULL;
	uint64_t now_us = clock_mono_us();
	bool known;

	pthread_mutex_lock(&gate->mutex);
	known = gate->limited && is_known(gate, peer, now_us);
	if ((!gate->limited || known || !too_often(gate, peer, now_us)) && has_place(gate, peer, known))
		connection = new_connection(fd, peer, known);
	if (connection) {
		connection->next = gate->connections;
		gate->connections = connection;
	}
	pthread_mutex_unlock(&gate->mutex);
	return connection;
}

/* Under the mutex. One that is gone already is passed over: the web server may say the end of what it did not take. */
static void forget(struct gate *gate, struct gate_connection *connection)
{
	for (struct gate_connection **link = &gate->connections; *link; link = &(*link)->next) {
		if (*link == connection) {
			*link = connection->next;
			close(connection->own_fd);
			free(connection);
			return;
		}
	}
}

/* With a reset: an end in good order would leave the kernel with each refused connection for a minute (TIME_WAIT). */
static void turn_away(int fd)
{
	const struct linger at_once = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

/* False when nobody waits, or nobody can be accepted now. */
static bool accept_one(struct gate *gate)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof(address);
	int fd = accept4(gate->listen_fd, (struct sockaddr *)&address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct gate_connection *connection;
	struct peer peer;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			usleep(OUT_OF_DESCRIPTORS_MS * 1000);
		return false;
	}
	peer_of(&peer, (const struct sockaddr *)&address);
	connection = take_in(gate, fd, &peer);
	if (!connection)
		turn_away(fd);
	else if (!gate->admit(gate->ctx, fd, (const struct sockaddr *)&address, length))
		gate_end(gate, connection);
	return true;
}

static void *run(void *ctx)
{
	struct gate *gate = ctx;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = gate->wake_fd, .events = POLLIN },
			{ .fd = gate->listen_fd, .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[0].revents)
			return NULL;
		/* many at once: who waits behind a full backlog tries again only after a second */
		for (int i = 0; i < ACCEPTED_AT_ONCE && accept_one(gate); i++)
			;
	}
}

int gate_open(struct gate **ret, bool limited, gate_admit_fn *admit, void *ctx, struct error *err)
{
	struct gate *gate = calloc(1, sizeof(*gate));

	if (!gate)
		return error_no_memory(err);
	gate->listen_fd = -1;
	gate->limited = limited;
	gate->admit = admit;
	gate->ctx = ctx;
	pthread_mutex_init(&gate->mutex, NULL);
	rate_init(&gate->all, STRANGERS_PER_S, STRANGERS_BURST);
	rate_init(&gate->by_address, ADDRESS_PER_S, ADDRESS_BURST);
	gate->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (gate->wake_fd < 0) {
		gate_free(gate);
		return error_set_sys(err, ERR_INTERNAL, NULL, errno, "eventfd");
	}
	*ret = gate;
	return 0;
}

void gate_learn(struct gate *gate, struct gate *from)
{
	if (!from)
		return;
	pthread_mutex_lock(&from->mutex);
	memcpy(gate->known, from->known, sizeof(gate->known));
	pthread_mutex_unlock(&from->mutex);
}

int gate_start(struct gate *gate, int listen_fd, struct error *err)
{
	gate->listen_fd = listen_fd;
	if (pthread_create(&gate->thread, NULL, run, gate) == 0)
		return 0;
	gate->listen_fd = -1;
	close(listen_fd);
	return error_set(err, ERR_INTERNAL, NULL, "the thread that accepts connections does not start");
}

int gate_listener(const struct gate *gate)
{
	return gate->listen_fd >= 0 ? fcntl(gate->listen_fd, F_DUPFD_CLOEXEC, 0) : -1;
}

int gate_release_listener(struct gate *gate)
{
	int fd = gate->listen_fd;

	if (fd < 0)
		return -1;
	eventfd_write(gate->wake_fd, 1);
	pthread_join(gate->thread, NULL);
	gate->listen_fd = -1;
	return fd;
}

void gate_free(struct gate *gate)
{
	if (!gate)
		return;
	CLEANUP_FD int listen_fd = gate_release_listener(gate);

	(void)listen_fd; /* closed at the end */
	while (gate->connections)
		forget(gate, gate->connections);
	if (gate->wake_fd >= 0)
		close(gate->wake_fd);
	rate_destroy(&gate->all);
	rate_destroy(&gate->by_address);
	pthread_mutex_destroy(&gate->mutex);
	free(gate);
}

/* --- from the web server --- */

struct gate_connection *gate_begin(struct gate *gate, int fd)
{
	struct gate_connection *it;

	pthread_mutex_lock(&gate->mutex);
	for (it = gate->connections; it && (it->begun || it->fd != fd); it = it->next)
		;
	if (it) {
		it->begun = true;
		it->deadline_us = 0;
	}
	pthread_mutex_unlock(&gate->mutex);
	return it;
}

void gate_end(struct gate *gate, struct gate_connection *connection)
{
	pthread_mutex_lock(&gate->mutex);
	forget(gate, connection);
	pthread_mutex_unlock(&gate->mutex);
}

bool gate_is_expecting(struct gate *gate)
{
	const struct gate_connection *it;

	pthread_mutex_lock(&gate->mutex);
	for (it = gate->connections; it && (it->asked || it->leaving); it = it->next)
		;
	pthread_mutex_unlock(&gate->mutex);
	return it;
}

void gate_set_deadline(struct gate *gate, struct gate_connection *connection, unsigned seconds)
{
	if (!connection)
		return;
	pthread_mutex_lock(&gate->mutex);
	connection->deadline_us = seconds ? clock_mono_us() + seconds * 1000000ULL : 0;
	pthread_mutex_unlock(&gate->mutex);
}

void gate_set_trusted(struct gate *gate, struct gate_connection *connection, bool trusted)
{
	if (!connection)
		return;
	pthread_mutex_lock(&gate->mutex);
	connection->asked = true;
	connection->trusted = trusted;
	if (trusted && gate->limited) {
		connection->known = true;
		remember(gate, &connection->peer, clock_mono_us());
	}
	pthread_mutex_unlock(&gate->mutex);
}

void gate_expire(struct gate *gate)
{
	struct gate_connection *it, *next;
	uint64_t now_us = clock_mono_us();

	pthread_mutex_lock(&gate->mutex);
	for (it = gate->connections; it; it = next) {
		next = it->next;
		if (!it->deadline_us || now_us <= it->deadline_us)
			continue;
		put_out(it);
		if (!it->begun)
			forget(gate, it);
	}
	pthread_mutex_unlock(&gate->mutex);
}
