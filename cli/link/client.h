/*
 * The agent, as importcli sees it: HTTP/1.1 over the Unix socket, by libcurl. One call at a time, blocking.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "cli/run/run.h"
#include "cli/screen/field.h"

#define CLIENT_SOCKET_PATH "/run/dm-import/agent.sock"

/*
 * One request to `path` below /api/v1. `body` (may be NULL) stays the caller's. wait_s > 0 asks the agent to answer
 * only when the job is done or that many seconds have passed. *ret (may be NULL) is the answer, owned by the caller;
 * NULL when the agent answered without a body.
 * On failure the run's problem is what the agent said, or: agent_unreachable, not_root, internal.
 */
int client_call(struct cli *cli, const char *method, const char *path, struct json_object *body, unsigned wait_s,
		struct json_object **ret);

static inline int client_get(struct cli *cli, const char *path, struct json_object **ret)
{
	return client_call(cli, "GET", path, NULL, 0, ret);
}

/* GET a path whose answer is text. *ret is the caller's (free). */
int client_get_text(struct cli *cli, const char *path, char **ret);

/* The answer to a GET: as it is for --output json, else what `show` makes of it. Failure as of client_call. */
int client_show(struct cli *cli, const char *path, void (*show)(struct json_object *answer));

void client_close(struct cli *cli);

#endif
