/*
 * An agent without a network: trust, pairing, jobs, snapshot and worker as they are, on the fake engine of
 * tests/daemon. In the place of agent/net/web.c stands a web server that is never up and remembers what it was told.
 */
#ifndef TESTS_FUZZ_FUZZ_AGENT_H
#define TESTS_FUZZ_FUZZ_AGENT_H

#include "agent/routes/parts.h"
#include "agent/routes/reply.h"
#include "agent/routes/router.h"
#include "agent/trust/auth.h"

/* `directory`: of the trusted certificates. Takes as many pairing attempts as one makes. */
void fuzz_agent_open(struct agent *ret, const char *directory);
void fuzz_agent_close(struct agent *agent);

/*
 * One request, through the router and its handler, as it is after authentication. `target`: a path,
 * perhaps with a query. *reply: free with reply_free, on failure too. `client`, `served`: as in struct request.
 */
int fuzz_request(struct agent *agent, const char *method, const char *target, const char *body,
		 const struct client *client, const unsigned char *served, struct reply *reply, struct error *err);

#endif
