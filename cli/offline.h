/*
 * Without the agent: the engine in this process, under the agent's lock, for what must be seen when the agent does
 * not run. Each function is called after a client_call failed. When that was for want of an agent it tries, and says
 * so on standard error; any other problem stays what it is (-1).
 */
#ifndef CLI_OFFLINE_H
#define CLI_OFFLINE_H

#include "cli.h"

/* The same objects as GET /volumes and GET /agent/arrays, owned by the caller. */
int offline_volumes(struct cli *cli, bool importable_only, struct json_object **ret);
int offline_arrays(struct cli *cli, struct json_object **ret);

#endif
