/*
 * One HTTP server on one listening socket: the HTTPS one or the one on the Unix socket. libmicrohttpd lives here and
 * nowhere else. Every request takes the same way: ask the service whether to go on, read the body within its limits,
 * ask the service for the answer.
 */
#ifndef AGENT_SERVER_H
#define AGENT_SERVER_H

#include "tls.h"

#include "agent/shared/config.h"
#include "agent/shared/service.h"

struct server;

/*
 * Serve on listen_fd, with TLS when there is an identity, in the place of `before` (which may be NULL), whose clients
 * it knows. `service` and `config` must live as long. Takes listen_fd over, on failure too.
 */
int server_start(struct server **ret, const struct service *service, const struct config *config, int listen_fd,
		 const struct tls_identity *identity, struct server *before, struct error *err);

/* A copy of the listening socket, so that another server can take connections before this one ends. -1: there is none.
 */
int server_listener(const struct server *server);

/* No new connections from now on; the listening socket, for another server, owned by the caller. -1: it is gone. */
int server_release_listener(struct server *server);

/* No new connections; let the requests that are there end, for some seconds; then close everything. */
void server_stop(struct server *server);

/* To be called about every second: cut connections that are too slow with a request. */
void server_expire(struct server *server);

#endif
