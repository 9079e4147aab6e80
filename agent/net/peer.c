/*
 * Addresses; see peer.h. An IPv4 address that came to an IPv6 socket is the same peer as on an IPv4 socket.
 */
#include "peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { MAPPED_AT = 12, IPV4_BYTES = 4, NETWORK_BYTES = 8 };

static void set_ipv4(struct peer *peer, const void *bytes)
{
	peer->bytes[0] = AF_INET;
	memcpy(peer->bytes + 1, bytes, IPV4_BYTES);
}

void peer_of(struct peer *ret, const struct sockaddr *address)
{
	*ret = (struct peer){ 0 };
	if (address->sa_family == AF_INET) {
		set_ipv4(ret, &((const struct sockaddr_in *)address)->sin_addr);
	} else if (address->sa_family == AF_INET6) {
		const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;

		if (IN6_IS_ADDR_V4MAPPED(in6)) {
			set_ipv4(ret, in6->s6_addr + MAPPED_AT);
			return;
		}
		ret->bytes[0] = AF_INET6;
		memcpy(ret->bytes + 1, in6->s6_addr, NETWORK_BYTES);
	}
}

bool peer_equal(const struct peer *a, const struct peer *b)
{
	return memcmp(a->bytes, b->bytes, PEER_BYTES) == 0;
}

void peer_text(const struct sockaddr *address, char ret[static PEER_TEXT])
{
	const void *bytes = NULL;

	snprintf(ret, PEER_TEXT, "local");
	if (address->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)address)->sin_addr;
	else if (address->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)address)->sin6_addr;
	if (bytes)
		inet_ntop(address->sa_family, bytes, ret, PEER_TEXT);
}
