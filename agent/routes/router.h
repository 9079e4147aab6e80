/*
 * From a method and a path to a handler: the table of all that the API has. The same for HTTPS and the Unix socket;
 * free of the web server's own types.
 */
#ifndef AGENT_ROUTER_H
#define AGENT_ROUTER_H

#include "base/buf.h"
#include "base/error.h"

#include <json-c/json.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { PARAMETER_SIZE = 128, METHOD_SIZE = 16 };

#define API_BASE "/api/v1"

struct agent;
struct auth_client;
struct route;

struct request {
	struct agent *agent;
	const struct route *route;
	const struct auth_client *client;
	const unsigned char *served_fingerprint; /* of the certificate that the connection was made with; NULL: none */
	char method[METHOD_SIZE];
	char parameter[PARAMETER_SIZE]; /* what stood for {} in the path, "" when the pattern has none */
	struct buf body;
	unsigned wait_s;					  /* Prefer: wait=<s>, 0 when absent */
	const atomic_bool *stop;				  /* the web server wants to end: do not wait longer */
	const char *(*query)(void *connection, const char *name); /* a query parameter, NULL when absent */
	void *connection;
};

/* A handler fills one of json and text. Freed by reply_free. */
struct reply {
	unsigned status;
	struct json_object *json;
	char *text; /* Prometheus text */
	char location[PARAMETER_SIZE + 32];
	char allow[64];
	bool waited; /* the preference wait= was honoured */
	bool problem;
};

struct route {
	const char *method;
	const char *pattern; /* under API_BASE; "{}" is one segment */
	int (*handler)(struct request *request, struct reply *reply, struct error *err);
	/* PUBLIC: anybody who can connect. LOCAL: root on the Unix socket alone. */
	enum { TRUSTED, PUBLIC, LOCAL } access;
};

/*
 * Fill request->route and request->parameter. ERR_PATH_UNKNOWN, or ERR_METHOD_NOT_ALLOWED with the methods that there
 * are in ret_allow.
 */
int router_find(struct request *request, const char *path, char *ret_allow, size_t size, struct error *err);

void reply_free(struct reply *reply);

#endif
