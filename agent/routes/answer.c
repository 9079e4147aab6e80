/*
 * Route, authenticate, answer; see answer.h.
 */
#include "answer.h"

#include "router.h"

#include "agent/trust/auth.h"

/* Who is not trusted learns nothing, not even which paths there are. */
static int admit(void *ctx, struct request *request, const char *path, struct error *err)
{
	struct agent *agent = ctx;
	struct error route_err;
	bool found = router_find(request, path, request->allow, sizeof(request->allow), &route_err) == 0;

	request->agent = agent;
	request->trusted = auth_check(agent->trust, request->client, request->who, err) == 0;
	request->is_public = found && request->route->access == PUBLIC;
	if (request->is_public)
		return 0;
	if (!request->trusted)
		return -1;
	if (!found) {
		*err = route_err;
		return -1;
	}
	if (request->client->tls_session && request->route->access == LOCAL)
		return error_set(err, ERR_LOCAL_ONLY, NULL, "this call is not for the network");
	return 0;
}

/* A handler may have waited, and the client's trust have ended meanwhile: then it gets no answer. */
static int answer(void *ctx, struct request *request, struct reply *reply, struct error *err)
{
	struct agent *agent = ctx;

	if (request->route->handler(request, reply, err) < 0)
		return -1;
	return request->is_public ? 0 : auth_check(agent->trust, request->client, request->who, err);
}

static void wake(void *ctx)
{
	struct agent *agent = ctx;

	jobs_wake(agent->jobs);
}

struct service answer_service(struct agent *agent)
{
	return (struct service){ .ctx = agent, .admit = admit, .answer = answer, .wake = wake };
}
