/*
 * The table of routes, in the order of docs/openapi.yaml.
 */
#include "router.h"

#include "handlers.h"
#include "reply.h"

#include "base/cleanup.h"

#include <string.h>

static const struct route routes[] = {
	{ "GET", "/", get_root, PUBLIC },
	{ "POST", "/pair", post_pair, PUBLIC },
	{ "GET", "/host", get_host, TRUSTED },
	{ "POST", "/host/refresh", post_verb, TRUSTED },
	{ "GET", "/volumes", get_volumes, TRUSTED },
	{ "GET", "/volumes/{}", get_volume, TRUSTED },
	{ "POST", "/precheck", post_precheck, TRUSTED },
	{ "POST", "/recover", post_verb, TRUSTED },
	{ "GET", "/imports", get_imports, TRUSTED },
	{ "POST", "/imports", post_imports, TRUSTED },
	{ "GET", "/imports/{}", get_import, TRUSTED },
	{ "DELETE", "/imports/{}", delete_import, TRUSTED },
	{ "POST", "/imports/{}/precheck", post_verb, TRUSTED },
	{ "POST", "/imports/{}/prepare", post_verb, TRUSTED },
	{ "POST", "/imports/{}/switch", post_verb, TRUSTED },
	{ "POST", "/imports/{}/hold", post_verb, TRUSTED },
	{ "POST", "/imports/{}/release", post_verb, TRUSTED },
	{ "POST", "/imports/{}/reservation", post_verb, TRUSTED },
	{ "POST", "/imports/{}/commit", post_verb, TRUSTED },
	{ "POST", "/imports/{}/cutover", post_verb, TRUSTED },
	{ "POST", "/imports/{}/cancel", post_verb, TRUSTED },
	{ "PUT", "/imports/{}/session", put_import_session, TRUSTED },
	{ "GET", "/jobs", get_jobs, TRUSTED },
	{ "GET", "/jobs/{}", get_job, TRUSTED },
	{ "GET", "/agent", get_agent, TRUSTED },
	{ "GET", "/agent/arrays", get_agent_arrays, TRUSTED },
	{ "PUT", "/agent/log_level", put_agent_log_level, TRUSTED },
	{ "PUT", "/agent/server_port", put_agent_server_port, TRUSTED },
	{ "POST", "/agent/restart_web_server", post_agent_restart_web_server, TRUSTED },
	{ "POST", "/agent/certificate/reload", post_agent_certificate_reload, TRUSTED },
	{ "POST", "/agent/pairing_code", post_agent_pairing_code, LOCAL },
	{ "GET", "/agent/trusted", get_agent_trusted, LOCAL },
	{ "POST", "/agent/trusted", post_agent_trusted, LOCAL },
	{ "DELETE", "/agent/trusted/{}", delete_agent_trusted, LOCAL },
	{ "GET", "/metrics", get_metrics, TRUSTED },
};

/* Match one pattern; a segment "{}" takes anything but nothing and goes to `parameter`. */
static bool matches(const char *pattern, const char *path, char parameter[static PARAMETER_SIZE])
{
	parameter[0] = '\0';
	while (*pattern) {
		if (strncmp(pattern, "{}", 2) == 0) {
			size_t length = strcspn(path, "/");

			if (length == 0 || length >= PARAMETER_SIZE)
				return false;
			memcpy(parameter, path, length);
			parameter[length] = '\0';
			path += length;
			pattern += 2;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return !*path;
}

int router_find(struct request *request, const char *path, char *ret_allow, size_t size, struct error *err)
{
	const size_t base_length = strlen(API_BASE);
	char parameter[PARAMETER_SIZE];
	size_t used = 0;

	if (strncmp(path, API_BASE, base_length) != 0 || (path[base_length] && path[base_length] != '/'))
		return error_set(err, ERR_PATH_UNKNOWN, NULL, "the API is under " API_BASE);
	path += base_length;
	if (!*path)
		path = "/";
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (!matches(routes[i].pattern, path, parameter))
			continue;
		if (strcmp(routes[i].method, request->method) == 0) {
			request->route = &routes[i];
			memcpy(request->parameter, parameter, PARAMETER_SIZE);
			return 0;
		}
		used += (size_t)snprintf(ret_allow + used, size - used, "%s%s", used ? ", " : "", routes[i].method);
	}
	if (used)
		return error_set(err, ERR_METHOD_NOT_ALLOWED, NULL, "this path has: %s", ret_allow);
	return error_set(err, ERR_PATH_UNKNOWN, NULL, "nothing is there");
}
