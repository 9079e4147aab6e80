/*
 * From a method and a path to a handler: the table of all that the API has. The same for HTTPS and the Unix socket;
 * free of the web server's own types.
 */
#ifndef AGENT_ROUTER_H
#define AGENT_ROUTER_H

#include "handlers.h"

/*
 * Fill request->route and request->parameter. ERR_PATH_UNKNOWN, or ERR_METHOD_NOT_ALLOWED with the methods that there
 * are in ret_allow.
 */
int router_find(struct request *request, const char *path, char *ret_allow, size_t size, struct error *err);

#endif
