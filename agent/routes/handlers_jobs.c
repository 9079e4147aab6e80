/*
 * Verbs become jobs here: read the body, ask whether the verb is allowed now, queue it, answer with the job.
 */
#include "handlers.h"

#include "json_in.h"
#include "parts.h"
#include "reply.h"

#include "base/cleanup.h"
#include "base/num.h"

#include <string.h>

static int read_side(struct json_object *body, const struct config *config, struct verb_request *ret, struct error *err)
{
	const char *to;

	(void)config;
	if (json_in_text(body, "to", true, &to, err) < 0)
		return -1;
	if (strcmp(to, "destination") != 0 && strcmp(to, "source") != 0)
		return error_set(err, ERR_VALUE_INVALID, NULL, "'to' must be destination or source");
	ret->to = strcmp(to, "source") == 0 ? SIDE_SOURCE : SIDE_DESTINATION;
	return 0;
}

static int read_hold(struct json_object *body, const struct config *config, struct verb_request *ret, struct error *err)
{
	uint64_t lease_ms = LEASE_NOT_GIVEN;

	if (read_side(body, config, ret, err) < 0 ||
	    json_in_number(body, "lease_ms", false, LEASE_MIN_MS, config->hold_lease_max_ms, &lease_ms, err) < 0)
		return -1;
	ret->lease_ms = (unsigned)lease_ms;
	return 0;
}

static int read_reservation(struct json_object *body, const struct config *config, struct verb_request *ret,
			    struct error *err)
{
	const char *source;

	(void)config;
	if (json_in_text(body, "source", true, &source, err) < 0)
		return -1;
	if (strcmp(source, "lifted") != 0 && strcmp(source, "restored") != 0)
		return error_set(err, ERR_VALUE_INVALID, NULL, "'source' must be lifted or restored");
	ret->lifted = strcmp(source, "lifted") == 0;
	return 0;
}

static int read_cancel(struct json_object *body, const struct config *config, struct verb_request *ret,
		       struct error *err)
{
	(void)config;
	return json_in_bool(body, "force", false, &ret->force, err);
}

static int read_recover(struct json_object *body, const struct config *config, struct verb_request *ret,
			struct error *err)
{
	const char *wwid;

	(void)config;
	if (json_in_text(body, "wwid", true, &wwid, err) < 0 ||
	    json_in_bool(body, "dry_run", false, &ret->dry_run, err) < 0)
		return -1;
	if (strlen(wwid) >= sizeof(ret->wwid))
		return error_set(err, ERR_WWID_FORM, NULL, "'wwid' has %zu characters", strlen(wwid));
	memcpy(ret->wwid, wwid, strlen(wwid) + 1);
	return 0;
}

/* What a verb's body may have, and who reads it; the other verbs have none. */
static const struct {
	const char *fields[3];
	int (*read)(struct json_object *body, const struct config *config, struct verb_request *ret, struct error *err);
} bodies[VERB_COUNT] = {
	[VERB_SWITCH] = { { "to" }, read_side },
	[VERB_CANCEL] = { { "force" }, read_cancel },
	[VERB_HOLD] = { { "to", "lease_ms" }, read_hold },
	[VERB_RELEASE] = { { "to" }, read_side },
	[VERB_RESERVATION] = { { "source" }, read_reservation },
	[VERB_RECOVER] = { { "wwid", "dry_run" }, read_recover },
};

static int read_body(struct request *request, struct verb_request *ret, struct error *err)
{
	CLEANUP_JSON struct json_object *body = NULL;

	if (json_in_parse(buf_text(&request->body), request->body.length, &body, err) < 0 ||
	    json_in_only(body, bodies[ret->verb].fields, err) < 0)
		return -1;
	return bodies[ret->verb].read ? bodies[ret->verb].read(body, &request->agent->config, ret, err) : 0;
}

int post_verb(struct request *request, struct reply *reply, struct error *err)
{
	struct verb_request verb = { .verb = (enum verb)verb_from_name(strrchr(request->route->pattern, '/') + 1) };

	if (read_body(request, &verb, err) < 0)
		return -1;
	if (strlen(request->parameter) >= sizeof(verb.import_id))
		return error_set(err, ERR_IMPORT_UNKNOWN, NULL, "the name is too long");
	memcpy(verb.import_id, request->parameter, strlen(request->parameter) + 1);
	if (*verb.import_id && snapshot_verb_allowed(request->agent->snapshot, &verb, err) < 0)
		return -1;
	return reply_with_job(request, &verb, reply, err);
}

int get_jobs(struct request *request, struct reply *reply, struct error *err)
{
	return reply_json(reply, 200, jobs_json_all(request->agent->jobs), err);
}

int get_job(struct request *request, struct reply *reply, struct error *err)
{
	struct jobs *jobs = request->agent->jobs;
	struct json_object *json;
	uint64_t id;

	if (!num_parse(request->parameter, UINT64_MAX, &id))
		return error_set(err, ERR_JOB_UNKNOWN, NULL, "'%.64s' is no number", request->parameter);
	reply->waited = request->wait_s && jobs_wait(jobs, id, request->wait_s, request->stop);
	if (jobs_json_one(jobs, id, &json, err) < 0)
		return -1;
	return reply_json(reply, 200, json, err);
}
