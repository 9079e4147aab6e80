/*
 * Who may do what: the one place where a request is authenticated. Every request on every transport passes
 * auth_check before its body is read; only routes marked PUBLIC in the router's table are excepted.
 */
#ifndef AGENT_AUTH_H
#define AGENT_AUTH_H

#include "trust.h"

enum { AUTH_NAME_SIZE = 32 };

/* Where a request comes from. */
struct auth_client {
	void *tls_session; /* GnuTLS, after its handshake; NULL on the Unix socket */
	int socket;	   /* the connection's file descriptor */

	/* filled by auth_check */
	bool has_certificate; /* and the key to it, whether it is trusted or not */
	unsigned char fingerprint[TLS_FINGERPRINT_BYTES];
};

/*
 * Success for root on the Unix socket, and for a TLS client with a trusted certificate. Else ERR_NOT_ROOT,
 * ERR_CLIENT_CERTIFICATE_MISSING or ERR_CLIENT_NOT_TRUSTED. ret_name: for the log, also on failure.
 */
int auth_check(struct trust *trust, struct auth_client *client, char ret_name[static AUTH_NAME_SIZE],
	       struct error *err);

#endif
