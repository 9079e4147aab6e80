/*
 * The job list under one mutex: an array of pointers in order of their numbers, the finished ones of which are
 * forgotten oldest first. Numbers begin at the start's time in seconds, so that they do not come again after a restart.
 */
#include "jobs.h"

#include "agent/shared/problem.h"

#include "api/json.h"
#include "api/reports.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

enum { QUEUE_MAX = 32, FINISHED_MAX = 100, JOBS_MAX = QUEUE_MAX + 1 + FINISHED_MAX, STEPS_MAX = 64 };

struct step {
	char name[32];
	uint64_t start_us, duration_us; /* since the job's start */
};

struct job {
	uint64_t id;
	struct verb_request request;
	enum job_state state;
	unsigned percent;
	uint64_t created_ms, started_ms, finished_ms; /* wall clock */
	uint64_t started_us, duration_us;	      /* monotonic */
	struct step steps[STEPS_MAX];
	size_t step_count;
	struct verb_result result;
	struct error error;
};

struct jobs {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct job *list[JOBS_MAX];
	size_t count, finished;
	uint64_t last_id;
	struct job_totals totals;
};

static const char *const state_names[] = { "queued", "running", "done", "failed" };

int jobs_open(struct jobs **ret, struct error *err)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));
	pthread_condattr_t attributes;

	if (!jobs)
		return error_no_memory(err);
	pthread_mutex_init(&jobs->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&jobs->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	jobs->last_id = clock_wall_ms() / 1000;
	*ret = jobs;
	return 0;
}

static void free_members(struct job *job)
{
	if (job->request.members)
		free(job->request.members->members);
	free(job->request.members);
	job->request.members = NULL;
}

static void free_job(struct job *job)
{
	free_members(job);
	verb_result_free(&job->result);
	free(job);
}

void jobs_close(struct jobs *jobs)
{
	if (!jobs)
		return;
	for (size_t i = 0; i < jobs->count; i++)
		free_job(jobs->list[i]);
	pthread_cond_destroy(&jobs->changed);
	pthread_mutex_destroy(&jobs->mutex);
	free(jobs);
}

static bool is_active(const struct job *job)
{
	return job->state == JOB_QUEUED || job->state == JOB_RUNNING;
}

/* The list is short and asked rarely: a linear search. */
static struct job *find(struct jobs *jobs, uint64_t id)
{
	for (size_t i = jobs->count; i-- > 0;)
		if (jobs->list[i]->id == id)
			return jobs->list[i];
	return NULL;
}

static struct job *find_same(struct jobs *jobs, const struct verb_request *request)
{
	if (request->members)
		return NULL;
	for (size_t i = 0; i < jobs->count; i++) {
		const struct verb_request *other = &jobs->list[i]->request;

		if (is_active(jobs->list[i]) && !other->members && other->verb == request->verb &&
		    other->to == request->to && other->force == request->force &&
		    other->lease_ms == request->lease_ms && other->lifted == request->lifted &&
		    other->dry_run == request->dry_run && strcmp(other->wwid, request->wwid) == 0 &&
		    strcmp(other->import_id, request->import_id) == 0)
			return jobs->list[i];
	}
	return NULL;
}

static void forget_oldest_finished(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		if (is_active(jobs->list[i]))
			continue;
		free_job(jobs->list[i]);
		memmove(&jobs->list[i], &jobs->list[i + 1], (--jobs->count - i) * sizeof(jobs->list[0]));
		jobs->finished--;
		return;
	}
}

static int submit(struct jobs *jobs, struct verb_request *request, uint64_t *ret_id, struct error *err)
{
	struct job *job = find_same(jobs, request);

	if (job) {
		*ret_id = job->id;
		return 0;
	}
	if (jobs->count - jobs->finished >= QUEUE_MAX)
		return error_set(err, ERR_BUSY, NULL, "%d jobs are waiting", QUEUE_MAX);
	job = calloc(1, sizeof(*job));
	if (!job)
		return error_no_memory(err);
	job->id = ++jobs->last_id;
	job->request = *request;
	request->members = NULL;
	job->created_ms = clock_wall_ms();
	jobs->list[jobs->count++] = job;
	*ret_id = job->id;
	return 0;
}

int jobs_submit(struct jobs *jobs, struct verb_request *request, uint64_t *ret_id, struct error *err)
{
	int result;

	pthread_mutex_lock(&jobs->mutex);
	result = submit(jobs, request, ret_id, err);
	pthread_mutex_unlock(&jobs->mutex);
	return result;
}

bool jobs_wait(struct jobs *jobs, uint64_t id, unsigned seconds, const atomic_bool *stop)
{
	struct timespec deadline;
	const struct job *job;
	bool ended;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += seconds;
	pthread_mutex_lock(&jobs->mutex);
	while ((job = find(jobs, id)) && is_active(job) && !atomic_load(stop))
		if (pthread_cond_timedwait(&jobs->changed, &jobs->mutex, &deadline))
			break;
	job = find(jobs, id);
	ended = !job || !is_active(job);
	pthread_mutex_unlock(&jobs->mutex);
	return ended;
}

void jobs_wake(struct jobs *jobs)
{
	pthread_mutex_lock(&jobs->mutex);
	pthread_cond_broadcast(&jobs->changed);
	pthread_mutex_unlock(&jobs->mutex);
}

static struct json_object *time_or_null(uint64_t wall_ms)
{
	return wall_ms ? json_time(wall_ms) : NULL;
}

static struct json_object *steps_json(const struct job *job)
{
	struct json_object *steps = json_object_new_array();

	for (size_t i = 0; i < job->step_count; i++) {
		struct json_object *step = json_object_new_object();

		json_object_object_add(step, "name", json_object_new_string(job->steps[i].name));
		json_object_object_add(step, "start_us", json_object_new_uint64(job->steps[i].start_us));
		json_object_object_add(step, "duration_us", json_object_new_uint64(job->steps[i].duration_us));
		json_object_array_add(steps, step);
	}
	return steps;
}

static struct json_object *job_json(const struct job *job)
{
	struct json_object *json = json_object_new_object();
	const char *import_id = job->request.import_id;
	uint64_t duration_us = job->state == JOB_RUNNING ? clock_mono_us() - job->started_us : job->duration_us;

	json_object_object_add(json, "id", json_object_new_uint64(job->id));
	json_object_object_add(json, "kind", json_object_new_string(verb_name(job->request.verb)));
	json_object_object_add(json, "import_id", import_id[0] ? json_object_new_string(import_id) : NULL);
	json_object_object_add(json, "state", json_object_new_string(state_names[job->state]));
	json_object_object_add(json, "step",
			       job->step_count ? json_object_new_string(job->steps[job->step_count - 1].name) : NULL);
	json_object_object_add(json, "percent", json_object_new_int((int)job->percent));
	json_object_object_add(json, "created", time_or_null(job->created_ms));
	json_object_object_add(json, "started", time_or_null(job->started_ms));
	json_object_object_add(json, "finished", time_or_null(job->finished_ms));
	json_object_object_add(json, "duration_us", json_object_new_uint64(duration_us));
	json_object_object_add(json, "steps", steps_json(job));
	json_object_object_add(json, "result", verb_result_json(&job->result));
	json_object_object_add(json, "error", job->state == JOB_FAILED ? problem_json(&job->error) : NULL);
	return json;
}

int jobs_json_one(struct jobs *jobs, uint64_t id, struct json_object **ret, struct error *err)
{
	const struct job *job;

	pthread_mutex_lock(&jobs->mutex);
	job = find(jobs, id);
	if (job)
		*ret = job_json(job);
	pthread_mutex_unlock(&jobs->mutex);
	return job ? 0 : error_set(err, ERR_JOB_UNKNOWN, NULL, "job %llu", (unsigned long long)id);
}

struct json_object *jobs_json_all(struct jobs *jobs)
{
	struct json_object *list = json_object_new_array(), *json = json_object_new_object();

	pthread_mutex_lock(&jobs->mutex);
	for (size_t i = 0; i < jobs->count; i++)
		json_object_array_add(list, job_json(jobs->list[i]));
	pthread_mutex_unlock(&jobs->mutex);
	json_object_object_add(json, "jobs", list);
	return json;
}

uint64_t jobs_last_of(struct jobs *jobs, const char *import_id)
{
	uint64_t id = 0;

	pthread_mutex_lock(&jobs->mutex);
	for (size_t i = 0; i < jobs->count; i++)
		if (strcmp(jobs->list[i]->request.import_id, import_id) == 0)
			id = jobs->list[i]->id;
	pthread_mutex_unlock(&jobs->mutex);
	return id;
}

bool jobs_any_active(struct jobs *jobs)
{
	bool any;

	pthread_mutex_lock(&jobs->mutex);
	any = jobs->count > jobs->finished;
	pthread_mutex_unlock(&jobs->mutex);
	return any;
}

void jobs_totals(struct jobs *jobs, struct job_totals *ret)
{
	pthread_mutex_lock(&jobs->mutex);
	*ret = jobs->totals;
	ret->waiting = jobs->count - jobs->finished;
	pthread_mutex_unlock(&jobs->mutex);
}

struct job *jobs_take(struct jobs *jobs)
{
	struct job *job = NULL;

	pthread_mutex_lock(&jobs->mutex);
	for (size_t i = 0; i < jobs->count && !job; i++)
		if (jobs->list[i]->state == JOB_QUEUED)
			job = jobs->list[i];
	if (job) {
		job->state = JOB_RUNNING;
		job->started_ms = clock_wall_ms();
		job->started_us = clock_mono_us();
	}
	pthread_mutex_unlock(&jobs->mutex);
	return job;
}

const struct verb_request *job_request(const struct job *job)
{
	return &job->request;
}

static void end_step(struct job *job, uint64_t now_us)
{
	struct step *step = job->step_count ? &job->steps[job->step_count - 1] : NULL;

	if (step)
		step->duration_us = now_us - step->start_us;
}

void jobs_step(struct jobs *jobs, struct job *job, const char *name, unsigned percent)
{
	uint64_t now_us = clock_mono_us() - job->started_us;
	struct step *step;

	pthread_mutex_lock(&jobs->mutex);
	job->percent = percent > 100 ? 100 : percent;
	if (!job->step_count || strcmp(job->steps[job->step_count - 1].name, name) != 0) {
		end_step(job, now_us);
		if (job->step_count < STEPS_MAX) {
			step = &job->steps[job->step_count++];
			snprintf(step->name, sizeof(step->name), "%s", name);
			step->start_us = now_us;
		}
	}
	pthread_mutex_unlock(&jobs->mutex);
}

static void finish(struct jobs *jobs, struct job *job, const struct error *err)
{
	enum verb verb = job->request.verb;

	if (job->started_us) {
		job->duration_us = clock_mono_us() - job->started_us;
		end_step(job, job->duration_us);
	}
	job->finished_ms = clock_wall_ms();
	job->state = err ? JOB_FAILED : JOB_DONE;
	if (err)
		job->error = *err;
	else
		job->percent = 100;
	free_members(job);
	(err ? jobs->totals.failed : jobs->totals.done)[verb]++;
	jobs->totals.duration_us[verb] += job->duration_us;
	if (++jobs->finished > FINISHED_MAX)
		forget_oldest_finished(jobs);
	pthread_cond_broadcast(&jobs->changed);
}

void jobs_finish(struct jobs *jobs, struct job *job, const struct verb_result *result, const struct error *err)
{
	pthread_mutex_lock(&jobs->mutex);
	job->result = *result;
	finish(jobs, job, err);
	pthread_mutex_unlock(&jobs->mutex);
}

void jobs_drop_queued(struct jobs *jobs)
{
	struct error err;

	error_set(&err, ERR_CANCELLED, NULL, "the agent stops");
	pthread_mutex_lock(&jobs->mutex);
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->list[i]->state == JOB_QUEUED)
			finish(jobs, jobs->list[i], &err);
	pthread_mutex_unlock(&jobs->mutex);
}
