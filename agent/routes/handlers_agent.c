/*
 * The agent about itself: settings, the web server, and the table of arrays.
 */
#include "handlers.h"

#include "json_in.h"
#include "parts.h"
#include "reply.h"

#include "agent/shared/log.h"

#include "base/clock.h"
#include "base/version.h"

/* What HTTPS serves, NULL when it never came up. */
static struct json_object *certificate_json(struct web *web)
{
	struct web_certificate certificate;
	struct json_object *json;

	if (!web_certificate(web, &certificate))
		return NULL;
	json = json_object_new_object();
	json_object_object_add(json, "fingerprint_sha256", json_object_new_string(certificate.fingerprint));
	json_object_object_add(json, "not_after", json_time((uint64_t)certificate.not_after * 1000));
	json_object_object_add(json, "days_left", json_object_new_int64(clock_days(time(NULL), certificate.not_after)));
	return json;
}

int get_agent(struct request *request, struct reply *reply, struct error *err)
{
	struct agent *agent = request->agent;
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "agent_version", json_object_new_string(version_product));
	json_object_object_add(json, "agent_build", json_object_new_string(version_build));
	json_object_object_add(json, "server_port", json_object_new_int((int)web_port(agent->web)));
	json_object_object_add(json, "web_server",
			       json_object_new_string(web_answers(agent->web) ? "ACTIVE" : "INACTIVE"));
	json_object_object_add(json, "certificate", certificate_json(agent->web));
	json_object_object_add(json, "log_level", json_object_new_int((int)log_get_level()));
	json_object_object_add(json, "log_location", json_object_new_string(agent->config.log_location));
	json_object_object_add(json, "imports_in_progress",
			       json_object_new_int64((int64_t)snapshot_imports_in_progress(agent->snapshot)));
	return reply_json(reply, 200, json, err);
}

int get_agent_arrays(struct request *request, struct reply *reply, struct error *err)
{
	struct json_object *json;

	worker_freshen(request->agent->worker, SNAPSHOT_DEVICES);
	if (snapshot_arrays(request->agent->snapshot, &json, err) < 0)
		return -1;
	return reply_json(reply, 200, json, err);
}

/* The body's one field, a number. */
static int read_number(struct request *request, const char *name, uint64_t max, uint64_t *ret, struct error *err)
{
	CLEANUP_JSON struct json_object *body = NULL;

	if (json_in_parse(buf_text(&request->body), request->body.length, &body, err) < 0 ||
	    json_in_only(body, (const char *const[]){ name, NULL }, err) < 0)
		return -1;
	return json_in_number(body, name, true, 0, max, ret, err);
}

int put_agent_log_level(struct request *request, struct reply *reply, struct error *err)
{
	uint64_t level;

	if (read_number(request, "level", LOG_LEVEL_VERBOSE, &level, err) < 0)
		return -1;
	log_set_level((enum log_level)level);
	log_info("log level %u", (unsigned)level);
	return get_agent(request, reply, err);
}

static int refuse_during_import(struct agent *agent, struct error *err)
{
	size_t count = snapshot_imports_in_progress(agent->snapshot);

	if (count || jobs_any_active(agent->jobs))
		return error_set(err, ERR_IMPORT_IN_PROGRESS, NULL, "%zu imports, %s", count,
				 jobs_any_active(agent->jobs) ? "a job is running" : "no job is running");
	return 0;
}

int put_agent_server_port(struct request *request, struct reply *reply, struct error *err)
{
	uint64_t port;

	if (read_number(request, "port", INT32_MAX, &port, err) < 0)
		return -1;
	if (!config_port_allowed(port))
		return error_set(err, ERR_PORT_NOT_ALLOWED, NULL, "%llu", (unsigned long long)port);
	if (refuse_during_import(request->agent, err) < 0 ||
	    web_change_port(request->agent->web, (unsigned)port, err) < 0)
		return -1;
	return get_agent(request, reply, err);
}

int post_agent_restart_web_server(struct request *request, struct reply *reply, struct error *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	bool force = false;

	if (json_in_parse(buf_text(&request->body), request->body.length, &body, err) < 0 ||
	    json_in_only(body, (const char *const[]){ "force", NULL }, err) < 0 ||
	    json_in_bool(body, "force", false, &force, err) < 0)
		return -1;
	if (!force && refuse_during_import(request->agent, err) < 0)
		return -1;
	web_restart(request->agent->web);
	return get_agent(request, reply, err);
}

/* Allowed at any time: no import notices. */
int post_agent_certificate_reload(struct request *request, struct reply *reply, struct error *err)
{
	CLEANUP_JSON struct json_object *body = NULL;

	if (json_in_parse(buf_text(&request->body), request->body.length, &body, err) < 0 ||
	    json_in_only(body, (const char *const[]){ NULL }, err) < 0 ||
	    web_reload_certificate(request->agent->web, request->stop, err) < 0)
		return -1;
	return get_agent(request, reply, err);
}
