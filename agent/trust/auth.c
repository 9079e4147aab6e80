/*
 * Authentication; see auth.h. There are no accounts and no passwords: a TLS client is its certificate, a local
 * one is its user id as the kernel tells it.
 */
#include "auth.h"

#include <stdio.h>
#include <sys/socket.h>

static int check_local(int socket, char ret_name[static CLIENT_NAME_SIZE], struct error *err)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		peer.uid = (uid_t)-1;
	snprintf(ret_name, CLIENT_NAME_SIZE, "uid %u", (unsigned)peer.uid);
	if (peer.uid != 0)
		return error_set(err, ERR_NOT_ROOT, NULL, "the client is user %u", (unsigned)peer.uid);
	return 0;
}

int auth_check(struct trust *trust, const struct client *client, char ret_name[static CLIENT_NAME_SIZE],
	       struct error *err)
{
	char text[FINGERPRINT_TEXT];

	if (!client->tls_session)
		return check_local(client->socket, ret_name, err);
	if (!client->has_certificate) {
		snprintf(ret_name, CLIENT_NAME_SIZE, "nobody");
		return error_set(err, ERR_CLIENT_CERTIFICATE_MISSING, NULL, "the request needs one");
	}
	fingerprint_text(client->fingerprint, text);
	snprintf(ret_name, CLIENT_NAME_SIZE, "certificate %.16s", text);
	return trust_check(trust, client->fingerprint, err);
}
