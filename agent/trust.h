/*
 * The set of trusted client certificates: exactly those in the *.pem files of one directory, within their validity.
 * No chains, no authorities. The directory is looked at on every check, so a file added or removed counts at once.
 */
#ifndef AGENT_TRUST_H
#define AGENT_TRUST_H

#include "tls.h"

struct trust;

/* `directory` may be missing: then nobody is trusted. Free with trust_close (NULL is allowed). */
int trust_open(struct trust **ret, const char *directory, struct error *err);
void trust_close(struct trust *trust);

/* Thread-safe. ERR_CLIENT_NOT_TRUSTED, whose detail says why: unknown, expired, or not valid yet. */
int trust_check(struct trust *trust, const unsigned char fingerprint[static TLS_FINGERPRINT_BYTES], struct error *err);

#endif
