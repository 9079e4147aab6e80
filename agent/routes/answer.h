/*
 * The API, as what the web servers ask (shared/service.h): each request takes the same way, here: route, authenticate,
 * and when its body is there, the handler.
 */
#ifndef AGENT_ANSWER_H
#define AGENT_ANSWER_H

#include "parts.h"

#include "agent/shared/service.h"

struct service answer_service(struct agent *agent);

#endif
