/*
 * Who this host is, and its volumes: all from the snapshot.
 */
#include "handlers.h"

#include "json_in.h"
#include "parts.h"
#include "reply.h"

#include "base/json.h"
#include "base/version.h"

#include <string.h>

int get_root(struct request *request, struct reply *reply, struct error *err)
{
	struct json_object *json = json_object_new_object();

	(void)request;
	json_object_object_add(json, "product", json_object_new_string("dm-import"));
	json_object_object_add(json, "agent_version", json_object_new_string(version_product));
	json_object_object_add(json, "agent_api_version", json_object_new_string(version_api));
	return reply_json(reply, 200, json, err);
}

int get_host(struct request *request, struct reply *reply, struct error *err)
{
	struct json_object *json;

	worker_freshen(request->agent->worker, SNAPSHOT_DEVICES);
	if (snapshot_host(request->agent->snapshot, &json, err) < 0)
		return -1;
	json_add_text(json, "agent_version", version_product);
	json_add_text(json, "agent_build", version_build);
	json_add_text(json, "agent_api_version", version_api);
	return reply_json(reply, 200, json, err);
}

int get_volumes(struct request *request, struct reply *reply, struct error *err)
{
	const char *importable = request->query(request->connection, "importable");
	struct json_object *json;

	if (importable && strcmp(importable, "true") != 0 && strcmp(importable, "false") != 0)
		return error_set(err, ERR_VALUE_INVALID, NULL, "'importable' must be true or false");
	worker_freshen(request->agent->worker, SNAPSHOT_DEVICES);
	if (snapshot_volumes(request->agent->snapshot, importable && strcmp(importable, "true") == 0, &json, err) < 0)
		return -1;
	return reply_json(reply, 200, json, err);
}

int get_volume(struct request *request, struct reply *reply, struct error *err)
{
	struct json_object *json;

	worker_freshen(request->agent->worker, SNAPSHOT_DEVICES);
	if (snapshot_volume(request->agent->snapshot, request->parameter, &json, err) < 0)
		return -1;
	return reply_json(reply, 200, json, err);
}
