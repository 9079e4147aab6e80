/*
 * Replies; see reply.h.
 */
#include "reply.h"

#include "parts.h"

#include <stdio.h>

int reply_json(struct reply *reply, unsigned status, struct json_object *json, struct error *err)
{
	if (!json)
		return error_no_memory(err);
	reply->status = status;
	reply->json = json;
	return 0;
}

int reply_with_job(struct request *request, struct verb_request *verb, struct reply *reply, struct error *err)
{
	struct agent *agent = request->agent;
	struct json_object *json;
	uint64_t id;

	if (worker_submit(agent->worker, verb, &id, err) < 0)
		return -1;
	reply->waited = request->wait_s && jobs_wait(agent->jobs, id, request->wait_s, request->stop);
	if (jobs_json_one(agent->jobs, id, &json, err) < 0)
		return -1;
	snprintf(reply->location, sizeof(reply->location), API_BASE "/jobs/%llu", (unsigned long long)id);
	return reply_json(reply, reply->waited ? 200 : 202, json, err);
}
