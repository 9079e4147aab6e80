/*
 * Listening sockets. We make them ourselves, so that a port that is in use is found before anything is changed.
 */
#ifndef AGENT_LISTENER_H
#define AGENT_LISTENER_H

#include "base/error.h"

#include <stdbool.h>

/* `address`: numeric, "" = all addresses, IPv4 and IPv6. ERR_PORT_IN_USE, ERR_CONFIG_INVALID. */
int listener_tcp(const char *address, unsigned port, int *ret_fd, struct error *err);

/* A socket that only root can connect to (mode 0600). Replaces a stale one, and creates the directory. */
int listener_unix(const char *path, int *ret_fd, struct error *err);

/*
 * Whether a TLS server answers there: sends bytes that are not TLS, and waits at most two seconds for the refusal that
 * a live server sends.
 */
bool listener_answers(const char *address, unsigned port);

#endif
