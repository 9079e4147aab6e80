/*
 * The names under which clients may know this host: what goes into the certificate's subjectAltName.
 */
#ifndef CERTS_NAMES_H
#define CERTS_NAMES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { NAMES_MAX = 256, CERT_NAME_SIZE = 256 };

struct cert_name {
	bool is_address; /* numeric IPv4 or IPv6; else a DNS name */
	char text[CERT_NAME_SIZE];
};

struct names {
	struct cert_name list[NAMES_MAX];
	size_t count;
};

/* Add a host name (RFC 1123) or a numeric address; one that is there already is success. ERR_VALUE_INVALID. */
int names_add(struct names *names, const char *text, struct error *err);

/* Add the host's own: host name, its full form if the resolver knows one, and all addresses but link-local. */
int names_add_host(struct names *names, struct error *err);

#endif
