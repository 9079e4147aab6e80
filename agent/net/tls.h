/*
 * The agent's side of TLS: its own certificate and key, and which certificate a client proved to have.
 * GnuTLS, because that is what libmicrohttpd is built on. Who is trusted is not decided here: see auth.h.
 */
#ifndef AGENT_TLS_H
#define AGENT_TLS_H

#include "agent/shared/fingerprint.h"

#include "base/buf.h"
#include "base/error.h"

#include <time.h>

/* TLS 1.3 and 1.2 with ephemeral keys and authenticated ciphers only. */
#define TLS_PRIORITIES \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:" \
	"-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:%SERVER_PRECEDENCE"

struct tls_identity {
	char *certificate, *key; /* PEM */
	time_t not_after;
	unsigned char fingerprint[FINGERPRINT_BYTES]; /* SHA-256 of the certificate's DER */
};

/*
 * Read both files and check that they belong together: ERR_CERTIFICATE_INVALID. Also where import-cert was interrupted
 * between the two: it replaces the key first, while the certificate's successor waits in "<certificate>.new".
 * Free with tls_identity_free.
 */
int tls_identity_load(struct tls_identity *ret, const char *certificate, const char *key, struct error *err);
void tls_identity_free(struct tls_identity *identity);

/* Before the handshake: ask the client for a certificate (it may have none), and let it send any. */
void tls_ask_client(void *gnutls_session);

/* The fingerprint of the certificate whose key the client has proved to own; false when it showed none. */
bool tls_client_fingerprint(void *gnutls_session, unsigned char ret[static FINGERPRINT_BYTES]);

/* That certificate, as PEM, into ret; false when it showed none. */
bool tls_client_certificate(void *gnutls_session, struct buf *ret);

#endif
