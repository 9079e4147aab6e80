/*
 * One HTTP server on one listening socket: for HTTPS or for the Unix socket. Only server.c uses libmicrohttpd. Every
 * request takes the same way: ask the service whether to go on, read the body within its limits, ask the service for
 * the answer.
 */
#ifndef AGENT_SERVER_H
#define AGENT_SERVER_H

#include "tls.h"

#include "agent/shared/config.h"
#include "agent/shared/service.h"

struct server;

/*
 * Serve on listen_fd, with TLS if there is an identity. Replaces `before` (may be NULL), and takes over the addresses
 * of its trusted clients. `service` and `config` must outlive it. Takes listen_fd over, even on failure.
 */
int server_start(struct server **ret, const struct service *service, const struct config *config, int listen_fd,
		 const struct tls_identity *identity, struct server *before, struct error *err);

/*
 * A copy of the listening socket, so that another server can accept connections before this one ends. -1: there is
 * none.
 */
int server_listener(const struct server *server);

/* Stop accepting connections. Returns the listening socket, for another server, owned by the caller; -1: it is gone. */
int server_release_listener(struct server *server);

/* Stop accepting connections; wait some seconds for current requests to end; then close everything. */
void server_stop(struct server *server);

/* Call about every second: closes connections that are too slow with a request. */
void server_expire(struct server *server);

#endif
