/*
 * The door before a web server: accepts connections at once, whatever else goes on, and decides which of them the
 * server gets. So nobody who merely holds connections open can keep a paired orchestrator out.
 *
 * A connection is a stranger until its client has proved to be trusted. Strangers share few places: one more, and the
 * oldest of the same address goes, or of all. Addresses from which a trusted client came lately have places of their
 * own, which strangers cannot take, and no limit on how often they connect. A trusted connection is never put out.
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
	/* With those that were put out and have not gone yet. All but GATE_KNOWN of them may be strangers. */
	GATE_CONNECTIONS = 2 * (GATE_STRANGERS + GATE_KNOWN),
};

/* Give a socket to the web server, which owns it from then on, on failure too. */
typedef bool gate_admit_fn(void *ctx, int fd, const struct sockaddr *address, socklen_t length);

/*
 * `limited`: the above holds; else only GATE_CONNECTIONS does (a Unix socket that only root can open). Nothing is
 * accepted yet. ERR_NO_MEMORY, ERR_INTERNAL. Free with gate_free.
 */
int gate_open(struct gate **ret, bool limited, gate_admit_fn *admit, void *ctx, struct error *err);

/* Before gate_start: the addresses of trusted clients that another gate knows. NULL is allowed. */
void gate_learn(struct gate *gate, struct gate *from);

/* Accept on listen_fd in a thread of its own. Takes listen_fd over, on failure too. ERR_INTERNAL. */
int gate_start(struct gate *gate, int listen_fd, struct error *err);

/* The same listening socket for another gate, owned by the caller. -1: there is none, or no descriptor. */
int gate_listener(const struct gate *gate);

/* Accept nothing more; the listening socket, owned by the caller. -1: it has none, or none any more. */
int gate_release_listener(struct gate *gate);

/* When the web server has closed all its connections. NULL is allowed. */
void gate_free(struct gate *gate);

/* From the web server's callbacks: it has begun to serve this socket, and it is about to close it. */
struct gate_connection *gate_begin(struct gate *gate, int fd);
void gate_end(struct gate *gate, struct gate_connection *connection);

/* The connection is closed if it is still there then; 0 seconds: no deadline. NULL is allowed. */
void gate_set_deadline(struct gate *gate, struct gate_connection *connection, unsigned seconds);

/*
 * Whether there is a connection that has asked nothing yet. The web server is to be stopped a little later then: a
 * client that came just before would be cut off, and what the server has not even begun to serve, it closes without the
 * lock under which it was given.
 */
bool gate_is_expecting(struct gate *gate);

/* It asks, and has been authenticated, or has not. NULL is allowed. */
void gate_set_trusted(struct gate *gate, struct gate_connection *connection, bool trusted);

/* Close what is past its deadline; once a second. */
void gate_expire(struct gate *gate);

#endif
