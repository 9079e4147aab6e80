/*
 * Where a connection comes from, as far as limits care: one IPv4 address, or one /64 of IPv6, of which a single machine
 * may have every address.
 */
#ifndef AGENT_PEER_H
#define AGENT_PEER_H

#include <stdbool.h>
#include <sys/socket.h>

enum { PEER_BYTES = 9, PEER_TEXT = 48 };

struct peer {
	unsigned char bytes[PEER_BYTES]; /* a family, then the address or its network; all 0: no network address */
};

void peer_of(struct peer *ret, const struct sockaddr *address);
bool peer_equal(const struct peer *a, const struct peer *b);

/* The whole numeric address, for the log; "local" for a Unix socket. */
void peer_text(const struct sockaddr *address, char ret[static PEER_TEXT]);

#endif
