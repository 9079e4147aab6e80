/*
 * The API as the web servers' service (shared/service.h). Each request takes the same way: find the route,
 * authenticate, and, when the body is read, call the handler.
 */
#ifndef AGENT_ANSWER_H
#define AGENT_ANSWER_H

#include "parts.h"

#include "agent/shared/service.h"

struct service answer_service(struct agent *agent);

#endif
