/*
 * What handlers answer with.
 */
#ifndef AGENT_REPLY_H
#define AGENT_REPLY_H

#include "agent/shared/service.h"
#include "agent/work/jobs.h"

#define API_BASE "/api/v1"

/* Answer with JSON; takes `json` over. */
int reply_json(struct reply *reply, unsigned status, struct json_object *json, struct error *err);

/* Queue a job and answer 202, or 200 when the client waits and the job ends in time. */
int reply_with_job(struct request *request, struct verb_request *verb, struct reply *reply, struct error *err);

#endif
