/*
 * The names that clients may use for a host: collecting them for a certificate's subjectAltName, and checking whether a
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

/* Add a host name (RFC 1123) or a numeric address; success if it is there already. ERR_VALUE_INVALID. */
int names_add(struct names *names, const char *text, struct error *err);

/*
 * Add all names of `more`, except those that are not host names or addresses (a certificate may have such).
 * ERR_VALUE_INVALID: too many.
 */
int names_add_all(struct names *names, const struct names *more, struct error *err);

/*
 * Add a name exactly as a certificate has it (a wildcard is not a host name): unprintable bytes become '?', names
 * beyond NAMES_MAX are left out.
 */
void names_take(struct names *names, const char *text, size_t length, bool is_address);

/*
 * Add the host's own names: host name, localhost, and all addresses except link-local and temporary ones (RFC 8981) and
 * those of bridges without a network card. `ask_resolver`: also the host name's full form, if the resolver knows it;
 * that may wait for DNS.
 */
int names_add_host(struct names *names, bool ask_resolver, struct error *err);

/* "localhost" and addresses that only the host itself can reach. */
bool names_is_local(const struct cert_name *name);

/*
 * A certificate with these names is valid for `name`: it has the same name, a wildcard for its first label (RFC 6125,
 * 6.4.3), or, for a host name without a dot, a longer name with that first label.
 */
bool names_cover(const struct names *certificate, const struct cert_name *name);

/* "db1.example, 192.0.2.7"; "-" if there are none. */
void names_print(const struct names *names, struct buf *ret);

#endif
