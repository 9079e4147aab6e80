/*
 * Who may do what: the one place where a request is authenticated. Every request on every transport passes
 * auth_check before its body is read; only routes marked PUBLIC in the router's table are excepted.
 */
#ifndef AGENT_AUTH_H
#define AGENT_AUTH_H

#include "trust.h"

#include "agent/shared/service.h"

/*
 * Success for root on the Unix socket, and for a TLS client with a trusted certificate. Else ERR_NOT_ROOT,
 * ERR_CLIENT_CERTIFICATE_MISSING or ERR_CLIENT_NOT_TRUSTED. ret_name: for the log, also on failure.
 */
int auth_check(struct trust *trust, const struct client *client, char ret_name[static CLIENT_NAME_SIZE],
	       struct error *err);

#endif
