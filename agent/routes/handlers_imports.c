/*
 * Imports as records: create, look at, delete, keep the orchestrator's session. What changes a record goes through
 * the worker and is waited for; looking is the snapshot, with the number of the import's job added.
 */
#include "handlers.h"

#include "json_in.h"
#include "parts.h"
#include "reply.h"

#include "agent/shared/log.h"

#include "base/cleanup.h"

#include <string.h>

enum { CALL_TIMEOUT_MS = 30000 };

static void free_import_request(struct import_request **request)
{
	if (*request)
		free((*request)->members);
	free(*request);
}

#define CLEANUP_IMPORT_REQUEST CLEANUP(free_import_request)

static int read_wwid(struct json_object *object, const char *name, char ret[static WWID_SIZE], struct error *err)
{
	const char *text;

	if (json_in_text(object, name, true, &text, err) < 0)
		return -1;
	if (strlen(text) >= WWID_SIZE)
		return error_set(err, ERR_WWID_FORM, NULL, "'%s' has %zu characters", name, strlen(text));
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

static int read_member(struct json_object *object, struct member_request *ret, struct error *err)
{
	if (!json_object_is_type(object, json_type_object))
		return error_set(err, ERR_JSON_WRONG_TYPE, NULL, "a member is not an object");
	if (json_in_only(object, (const char *const[]){ "source_wwid", "destination_wwid", NULL }, err) < 0 ||
	    read_wwid(object, "source_wwid", ret->source_wwid, err) < 0 ||
	    read_wwid(object, "destination_wwid", ret->destination_wwid, err) < 0)
		return -1;
	return 0;
}

static int read_members(struct json_object *body, unsigned max, struct import_request *ret, struct error *err)
{
	struct json_object *array;

	if (json_in_array(body, "members", true, &array, err) < 0)
		return -1;
	ret->member_count = json_object_array_length(array);
	if (ret->member_count < 1 || ret->member_count > max)
		return error_set(err, ERR_VALUE_INVALID, NULL, "'members' must be 1 to %u", max);
	ret->members = calloc(ret->member_count, sizeof(ret->members[0]));
	if (!ret->members)
		return error_no_memory(err);
	for (size_t i = 0; i < ret->member_count; i++)
		if (read_member(json_object_array_get_idx(array, i), &ret->members[i], err) < 0)
			return -1;
	return 0;
}

/* The body of POST /imports, or of POST /precheck (without an id). The caller owns *ret and its members. */
static int read_request(struct request *request, bool with_id, struct import_request **ret, struct error *err)
{
	static const char *const fields[] = { "members", "min_paths", "id", NULL };
	static const char *const fields_without_id[] = { "members", "min_paths", NULL };
	CLEANUP_JSON struct json_object *body = NULL;
	CLEANUP_IMPORT_REQUEST struct import_request *import = calloc(1, sizeof(*import));
	const char *id = "";
	uint64_t min_paths = 0;

	if (!import)
		return error_no_memory(err);
	if (json_in_parse(buf_text(&request->body), request->body.length, &body, err) < 0 ||
	    json_in_only(body, with_id ? fields : fields_without_id, err) < 0 ||
	    json_in_text(body, "id", false, &id, err) < 0 ||
	    json_in_number(body, "min_paths", false, 1, 64, &min_paths, err) < 0 ||
	    read_members(body, request->agent->config.max_members, import, err) < 0)
		return -1;
	if (json_object_object_get_ex(body, "id", NULL) &&
	    (!*id || strlen(id) >= IMPORT_ID_SIZE ||
	     id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")]))
		return error_set(err, ERR_VALUE_INVALID, NULL, "'id' must be 1 to 64 of A-Z a-z 0-9 . _ -");
	memcpy(import->id, id, strlen(id) + 1);
	import->min_paths = (unsigned)min_paths;
	*ret = TAKE(import);
	return 0;
}

int post_precheck(struct request *request, struct reply *reply, struct error *err)
{
	struct verb_request verb = { .verb = VERB_PRECHECK };
	int result;

	if (read_request(request, false, &verb.members, err) < 0)
		return -1;
	result = reply_with_job(request, &verb, reply, err);
	free_import_request(&verb.members); /* NULL when the job took it */
	return result;
}

static void add_job(struct agent *agent, struct json_object *import)
{
	struct json_object *id;
	uint64_t job;

	if (!json_object_object_get_ex(import, "id", &id))
		return;
	job = jobs_last_of(agent->jobs, json_object_get_string(id));
	json_object_object_add(import, "job", job ? json_object_new_uint64(job) : NULL);
}

int get_imports(struct request *request, struct reply *reply, struct error *err)
{
	struct json_object *json, *array;

	worker_freshen(request->agent->worker, SNAPSHOT_IMPORTS);
	if (snapshot_imports(request->agent->snapshot, &json, err) < 0)
		return -1;
	if (json_object_object_get_ex(json, "imports", &array))
		for (size_t i = 0; i < json_object_array_length(array); i++)
			add_job(request->agent, json_object_array_get_idx(array, i));
	return reply_json(reply, 200, json, err);
}

static int reply_with_import(struct request *request, unsigned status, const char *id, struct reply *reply,
			     struct error *err)
{
	struct json_object *json;

	if (snapshot_import(request->agent->snapshot, id, &json, err) < 0)
		return -1;
	add_job(request->agent, json);
	return reply_json(reply, status, json, err);
}

int get_import(struct request *request, struct reply *reply, struct error *err)
{
	worker_freshen(request->agent->worker, SNAPSHOT_IMPORTS);
	return reply_with_import(request, 200, request->parameter, reply, err);
}

/* After a change of the records: volumes show their import's state, so they are stale too. */
static void publish(struct snapshot *snapshot, struct engine *engine)
{
	snapshot_set_stale(snapshot);
	snapshot_publish(snapshot, engine, SNAPSHOT_IMPORTS);
}

struct create_call {
	struct snapshot *snapshot;
	const struct import_request *import;
	char id[IMPORT_ID_SIZE];
	bool created;
};

static int create(struct engine *engine, void *ctx, struct error *err)
{
	const struct observer observer = { .log = worker_log };
	struct create_call *call = ctx;
	int result = engine_import_create(engine, call->import, &observer, call->id, &call->created, err);

	publish(call->snapshot, engine);
	return result;
}

int post_imports(struct request *request, struct reply *reply, struct error *err)
{
	CLEANUP_IMPORT_REQUEST struct import_request *import = NULL;
	struct create_call call = { .snapshot = request->agent->snapshot };

	if (read_request(request, true, &import, err) < 0)
		return -1;
	call.import = import;
	if (worker_call(request->agent->worker, create, &call, CALL_TIMEOUT_MS, err) < 0)
		return -1;
	if (call.created)
		log_info("import %s created with %zu members", call.id, import->member_count);
	snprintf(reply->location, sizeof(reply->location), API_BASE "/imports/%s", call.id);
	return reply_with_import(request, call.created ? 201 : 200, call.id, reply, err);
}

struct record_call {
	struct snapshot *snapshot;
	const char *id;
	const char *session;
	unsigned percent;
};

static int forget(struct engine *engine, void *ctx, struct error *err)
{
	struct record_call *call = ctx;
	int result = engine_import_delete(engine, call->id, err);

	publish(call->snapshot, engine);
	return result;
}

int delete_import(struct request *request, struct reply *reply, struct error *err)
{
	struct record_call call = { .snapshot = request->agent->snapshot, .id = request->parameter };
	struct error cause = { 0 };

	if (worker_call(request->agent->worker, forget, &call, CALL_TIMEOUT_MS, &cause) < 0 &&
	    cause.code != ERR_IMPORT_UNKNOWN) { /* forgotten before: a DELETE may be sent again */
		*err = cause;
		return -1;
	}
	reply->status = 204;
	return 0;
}

static int keep_session(struct engine *engine, void *ctx, struct error *err)
{
	struct record_call *call = ctx;
	int result = engine_import_session(engine, call->id, call->session, call->percent, err);

	publish(call->snapshot, engine);
	return result;
}

int put_import_session(struct request *request, struct reply *reply, struct error *err)
{
	struct record_call call = { .snapshot = request->agent->snapshot, .id = request->parameter };
	CLEANUP_JSON struct json_object *body = NULL;
	uint64_t percent;

	if (json_in_parse(buf_text(&request->body), request->body.length, &body, err) < 0 ||
	    json_in_only(body, (const char *const[]){ "state", "percent", NULL }, err) < 0 ||
	    json_in_text(body, "state", true, &call.session, err) < 0 ||
	    json_in_number(body, "percent", true, 0, 100, &percent, err) < 0)
		return -1;
	if (!session_state_valid(call.session))
		return error_set(err, ERR_VALUE_INVALID, NULL, "'state' is none of the session's states");
	call.percent = (unsigned)percent;
	if (worker_call(request->agent->worker, keep_session, &call, CALL_TIMEOUT_MS, err) < 0)
		return -1;
	return reply_with_import(request, 200, request->parameter, reply, err);
}
