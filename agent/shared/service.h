/*
 * What a web server asks of whoever answers: who may have this, and what is the answer? The server knows connections,
 * TLS and HTTP; the answering side knows routes, trust and the host. Neither knows more of the other than is here, and
 * the web server's library is in neither.
 */
#ifndef AGENT_SERVICE_H
#define AGENT_SERVICE_H

#include "fingerprint.h"

#include "base/buf.h"
#include "base/error.h"

#include <json-c/json.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { PARAMETER_SIZE = 128, METHOD_SIZE = 16, CLIENT_NAME_SIZE = 32 };

struct agent;
struct route;

/* Where a request comes from. */
struct client {
	void *tls_session;    /* GnuTLS, after its handshake; NULL on the Unix socket */
	int socket;	      /* the connection's file descriptor */
	bool has_certificate; /* and the key to it, whether it is trusted or not */
	unsigned char fingerprint[FINGERPRINT_BYTES];
};

struct request {
	const struct client *client;
	const unsigned char *served_fingerprint; /* of the certificate that the connection was made with; NULL: none */
	char method[METHOD_SIZE];
	struct buf body;
	unsigned wait_s;					  /* Prefer: wait=<s>, 0 when absent */
	const atomic_bool *stop;				  /* the web server wants to end: do not wait longer */
	const char *(*query)(void *connection, const char *name); /* a query parameter, NULL when absent */
	void *connection;

	/* filled by admit, on failure too */
	char who[CLIENT_NAME_SIZE]; /* for the log */
	char allow[64];		    /* ERR_METHOD_NOT_ALLOWED: the methods that there are */
	bool trusted;
	bool is_public; /* anybody may have it */

	/* the answering side's own */
	struct agent *agent;
	const struct route *route;
	char parameter[PARAMETER_SIZE]; /* what stood for {} in the path, "" when the pattern has none */
};

/* One of json and text is filled. Freed by reply_free. */
struct reply {
	unsigned status;
	struct json_object *json;
	char *text; /* Prometheus text */
	char location[PARAMETER_SIZE + 32];
	bool waited; /* the preference wait= was honoured */
	bool problem;
};

static inline void reply_free(struct reply *reply)
{
	json_object_put(reply->json);
	free(reply->text);
}

struct service {
	void *ctx;
	/* At a request's headers, before its body is read: may it go on? Who may not learns nothing but that. */
	int (*admit)(void *ctx, struct request *request, const char *path, struct error *err);
	/* Of a request that was admitted, with its body. May block for Prefer: wait, never on a device. */
	int (*answer)(void *ctx, struct request *request, struct reply *reply, struct error *err);
	/* Let every answer() that waits look at its request's `stop`. */
	void (*wake)(void *ctx);
};

#endif
