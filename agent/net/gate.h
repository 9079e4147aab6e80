/*
 * The gate before a web server: accepts connections at once, and decides which of them the server gets. So a client
 * that merely holds connections open cannot keep a paired orchestrator out.
 *
 * A connection is a stranger until its client has proved to be trusted. Strangers share few places: for one more, the
 * oldest from the same address is evicted, or the oldest of all. Addresses from which a trusted client came recently
 * have their own places, which strangers cannot take, and no limit on how often they connect. A trusted connection is
 * never evicted.
 */
#ifndef AGENT_GATE_H
#define AGENT_GATE_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/socket.h>

struct gate;
struct gate_connection;

enum {
	GATE_STRANGERS = 32,		 /* places of strangers */
	GATE_STRANGERS_PER_ADDRESS = 16, /* IPv6: per /64 */
	GATE_KNOWN = 64,		 /* places of connections from addresses that trusted clients came from */
	/* Including evicted connections that are not closed yet. All but GATE_KNOWN of them may be strangers. */
	GATE_CONNECTIONS = 2 * (GATE_STRANGERS + GATE_KNOWN),
};

/* Give a socket to the web server, which owns it from then on, even on failure. */
typedef bool gate_admit_fn(void *ctx, int fd, const struct sockaddr *address, socklen_t length);

/*
 * `limited`: the limits above apply; else only GATE_CONNECTIONS (a Unix socket that only root can open). Does not
 * accept yet. ERR_NO_MEMORY, ERR_INTERNAL. Free with gate_free.
 */
int gate_open(struct gate **ret, bool limited, gate_admit_fn *admit, void *ctx, struct error *err);

/* Before gate_start: take over the addresses of trusted clients that another gate knows. NULL is allowed. */
void gate_learn(struct gate *gate, struct gate *from);

/* Accept on listen_fd in a separate thread. Takes listen_fd over, even on failure. ERR_INTERNAL. */
int gate_start(struct gate *gate, int listen_fd, struct error *err);

/* A copy of the listening socket for another gate, owned by the caller. -1: there is none, or no free descriptor. */
int gate_listener(const struct gate *gate);

/* Stop accepting. Returns the listening socket, owned by the caller; -1: there is none (anymore). */
int gate_release_listener(struct gate *gate);

/* Call when the web server has closed all its connections. NULL is allowed. */
void gate_free(struct gate *gate);

/* From the web server's callbacks: it has begun to serve this socket; it is about to close it. */
struct gate_connection *gate_begin(struct gate *gate, int fd);
void gate_end(struct gate *gate, struct gate_connection *connection);

/* The connection is closed if it still exists then; 0 seconds: no deadline. NULL is allowed. */
void gate_set_deadline(struct gate *gate, struct gate_connection *connection, unsigned seconds);

/*
 * Whether there is a connection without a request so far. Then the web server should be stopped a little later: a
 * client that has just connected would be cut off, and the server closes a connection that it has not begun to serve
 * without the lock under which it got it.
 */
bool gate_is_expecting(struct gate *gate);

/* It has sent a request, and was authenticated or not. NULL is allowed. */
void gate_set_trusted(struct gate *gate, struct gate_connection *connection, bool trusted);

/* Close connections that are past their deadline; call once a second. */
void gate_expire(struct gate *gate);

#endif
