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

static int parse_verb(struct request *request, const char *const *fields, struct json_object **ret, struct error *err)
{
	CLEANUP_JSON struct json_object *body = NULL;

	if (json_in_parse(buf_text(&request->body), request->body.length, &body, err) < 0 ||
	    json_in_only(body, fields, err) < 0)
		return -1;
	*ret = TAKE(body);
	return 0;
}

static int submit_verb(struct request *request, struct job_request *job, struct reply *reply, struct error *err)
{
	if (strlen(request->parameter) >= sizeof(job->import_id))
		return error_set(err, ERR_IMPORT_UNKNOWN, NULL, "the name is too long");
	memcpy(job->import_id, request->parameter, strlen(request->parameter) + 1);
	if (snapshot_verb_allowed(request->agent->snapshot, job, err) < 0)
		return -1;
	return reply_with_job(request, job, reply, err);
}

static int plain_verb(struct request *request, enum job_kind kind, struct reply *reply, struct error *err)
{
	struct job_request job = { .kind = kind };
	CLEANUP_JSON struct json_object *body = NULL;

	if (parse_verb(request, (const char *const[]){ NULL }, &body, err) < 0)
		return -1;
	return submit_verb(request, &job, reply, err);
}

int post_import_precheck(struct request *request, struct reply *reply, struct error *err)
{
	return plain_verb(request, JOB_PRECHECK, reply, err);
}

int post_import_prepare(struct request *request, struct reply *reply, struct error *err)
{
	return plain_verb(request, JOB_PREPARE, reply, err);
}

int post_import_commit(struct request *request, struct reply *reply, struct error *err)
{
	return plain_verb(request, JOB_COMMIT, reply, err);
}

static int read_side(struct json_object *body, enum side *ret, struct error *err)
{
	const char *to;

	if (json_in_text(body, "to", true, &to, err) < 0)
		return -1;
	if (strcmp(to, "destination") != 0 && strcmp(to, "source") != 0)
		return error_set(err, ERR_VALUE_INVALID, NULL, "'to' must be destination or source");
	*ret = strcmp(to, "source") == 0 ? SIDE_SOURCE : SIDE_DESTINATION;
	return 0;
}

static int verb_to_side(struct request *request, enum job_kind kind, struct reply *reply, struct error *err)
{
	struct job_request job = { .kind = kind };
	CLEANUP_JSON struct json_object *body = NULL;

	if (parse_verb(request, (const char *const[]){ "to", NULL }, &body, err) < 0 ||
	    read_side(body, &job.to, err) < 0)
		return -1;
	return submit_verb(request, &job, reply, err);
}

int post_import_switch(struct request *request, struct reply *reply, struct error *err)
{
	return verb_to_side(request, JOB_SWITCH, reply, err);
}

int post_import_release(struct request *request, struct reply *reply, struct error *err)
{
	return verb_to_side(request, JOB_RELEASE, reply, err);
}

int post_import_hold(struct request *request, struct reply *reply, struct error *err)
{
	struct job_request job = { .kind = JOB_HOLD };
	CLEANUP_JSON struct json_object *body = NULL;
	uint64_t lease_ms = LEASE_NOT_GIVEN;

	if (parse_verb(request, (const char *const[]){ "to", "lease_ms", NULL }, &body, err) < 0 ||
	    read_side(body, &job.to, err) < 0 ||
	    json_in_number(body, "lease_ms", false, LEASE_MIN_MS, request->agent->config.hold_lease_max_ms, &lease_ms,
			   err) < 0)
		return -1;
	job.lease_ms = (unsigned)lease_ms;
	return submit_verb(request, &job, reply, err);
}

int post_import_reservation(struct request *request, struct reply *reply, struct error *err)
{
	struct job_request job = { .kind = JOB_RESERVATION };
	CLEANUP_JSON struct json_object *body = NULL;
	const char *source;

	if (parse_verb(request, (const char *const[]){ "source", NULL }, &body, err) < 0 ||
	    json_in_text(body, "source", true, &source, err) < 0)
		return -1;
	if (strcmp(source, "lifted") != 0 && strcmp(source, "restored") != 0)
		return error_set(err, ERR_VALUE_INVALID, NULL, "'source' must be lifted or restored");
	job.lifted = strcmp(source, "lifted") == 0;
	return submit_verb(request, &job, reply, err);
}

int post_import_cancel(struct request *request, struct reply *reply, struct error *err)
{
	struct job_request job = { .kind = JOB_CANCEL };
	CLEANUP_JSON struct json_object *body = NULL;

	if (parse_verb(request, (const char *const[]){ "force", NULL }, &body, err) < 0 ||
	    json_in_bool(body, "force", false, &job.force, err) < 0)
		return -1;
	return submit_verb(request, &job, reply, err);
}

int post_recover(struct request *request, struct reply *reply, struct error *err)
{
	struct job_request job = { .kind = JOB_RECOVER };
	CLEANUP_JSON struct json_object *body = NULL;
	const char *wwid;

	if (parse_verb(request, (const char *const[]){ "wwid", "dry_run", NULL }, &body, err) < 0 ||
	    json_in_text(body, "wwid", true, &wwid, err) < 0 ||
	    json_in_bool(body, "dry_run", false, &job.dry_run, err) < 0)
		return -1;
	if (strlen(wwid) >= sizeof(job.wwid))
		return error_set(err, ERR_WWID_FORM, NULL, "'wwid' has %zu characters", strlen(wwid));
	memcpy(job.wwid, wwid, strlen(wwid) + 1);
	return reply_with_job(request, &job, reply, err);
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
