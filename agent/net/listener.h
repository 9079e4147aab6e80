/*
 * Listening sockets, made by ourselves so that "the port is taken" is known before anything is changed.
 */
#ifndef AGENT_LISTENER_H
#define AGENT_LISTENER_H

#include "base/error.h"

#include <stdbool.h>

/* `address`: numeric, "" = all addresses, IPv4 and IPv6. ERR_PORT_IN_USE, ERR_CONFIG_INVALID. */
int listener_tcp(const char *address, unsigned port, int *ret_fd, struct error *err);

/* A socket that only root can connect to (mode 0600); a stale one is replaced, its directory is made. */
int listener_unix(const char *path, int *ret_fd, struct error *err);

/*
 * Whether somebody who speaks TLS answers there: sends what is no TLS and waits, for two seconds at most, for the
 * refusal that a living server gives.
 */
bool listener_answers(const char *address, unsigned port);

#endif
