/*
 * The names under which clients may know a host: what goes into a certificate's subjectAltName, and whether a
 * certificate has them.
 */
#ifndef CERTS_NAMES_H
#define CERTS_NAMES_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { NAMES_MAX = 256, CERT_NAME_SIZE = 256 };

struct cert_name {
	bool is_address; /* numeric IPv4 or IPv6, in its shortest form; else a DNS name */
	char text[CERT_NAME_SIZE];
};

struct names {
	struct cert_name list[NAMES_MAX];
	size_t count;
};

/* Add a host name (RFC 1123) or a numeric address; one that is there already is success. ERR_VALUE_INVALID. */
int names_add(struct names *names, const char *text, struct error *err);

/* All names of `more`, those that are no names of a host (a certificate may have such) left out. ERR_VALUE_INVALID: too
 * many. */
int names_add_all(struct names *names, const struct names *more, struct error *err);

/*
 * Add what a certificate says, as it says it (a wildcard is no host's name): what cannot be printed becomes '?', what
 * goes beyond NAMES_MAX is left out.
 */
void names_take(struct names *names, const char *text, size_t length, bool is_address);

/*
 * Add the host's own: host name, localhost, and all addresses but link-local and temporary ones (RFC 8981) and those of
 * bridges that no network card belongs to. `ask_resolver`: the host name's full form, too, if the resolver knows one;
 * that may wait for DNS.
 */
int names_add_host(struct names *names, bool ask_resolver, struct error *err);

/* "localhost" and addresses that only the host itself can reach. */
bool names_is_local(const struct cert_name *name);

bool names_have(const struct names *names, const struct cert_name *name);

/*
 * A certificate with these names is one for `name`: the same, a wildcard for its first label (RFC 6125, 6.4.3), or, of
 * a host name without a dot, the first label of a longer name.
 */
bool names_cover(const struct names *certificate, const struct cert_name *name);

/* "db1.example, 192.0.2.7"; "-" when there are none. */
void names_print(const struct names *names, struct buf *ret);

#endif
