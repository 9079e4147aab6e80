/*
 * The worker's loop; see worker.h. A call is on its caller's stack, and in the list while it waits.
 */
#include "worker.h"

#include "agent/shared/log.h"

#include "api/json.h"
#include "api/reports.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRESHEN_TIMEOUT_MS = 5000 };

struct call {
	struct call *next;
	int (*function)(struct engine *engine, void *ctx, struct error *err);
	void *ctx;
	struct error *err;
	int result;
	enum { CALL_WAITING, CALL_RUNNING, CALL_ENDED } state;
};

struct worker {
	struct engine *engine;
	struct jobs *jobs;
	struct snapshot *snapshot;
	pthread_t thread;
	sem_t work;		/* one post per call or job, and one to stop */
	pthread_mutex_t mutex;	/* protects the following */
	pthread_cond_t changed; /* a call began or ended */
	struct call *calls;
	bool stop;
	atomic_bool devices_changed; /* since the engine was last informed */
	atomic_bool holds;	     /* an import is held: only its release waits for this thread */
};

static struct timespec after_ms(unsigned ms)
{
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += ms / 1000;
	deadline.tv_nsec += (long)(ms % 1000) * 1000000;
	if (deadline.tv_nsec >= 1000000000) {
		deadline.tv_sec++;
		deadline.tv_nsec -= 1000000000;
	}
	return deadline;
}

static void remove_call(struct worker *worker, struct call *call)
{
	for (struct call **link = &worker->calls; *link; link = &(*link)->next) {
		if (*link == call) {
			*link = call->next;
			return;
		}
	}
}

static void end_call(struct worker *worker, struct call *call, int result)
{
	pthread_mutex_lock(&worker->mutex);
	call->result = result;
	call->state = CALL_ENDED;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->mutex);
}

static bool run_one_call(struct worker *worker)
{
	struct call *call;
	int result;

	pthread_mutex_lock(&worker->mutex);
	call = worker->stop ? NULL : worker->calls;
	if (call) {
		remove_call(worker, call);
		call->state = CALL_RUNNING;
	}
	pthread_mutex_unlock(&worker->mutex);
	if (!call)
		return false;
	result = call->function(worker->engine, call->ctx, call->err);
	end_call(worker, call, result);
	return true;
}

struct progress {
	struct worker *worker;
	struct job *job;
};

static void on_step(void *ctx, const char *step, unsigned percent)
{
	struct progress *progress = ctx;

	jobs_step(progress->worker->jobs, progress->job, step, percent);
}

void worker_log(void *ctx, int level, const char *line)
{
	(void)ctx;
	log_line((enum log_level)level, line);
}

static void log_done(const char *what, const struct verb_result *result)
{
	CLEANUP_JSON struct json_object *json = verb_result_json(result);

	log_info("%s: done: %s", what, json ? json_object_to_json_string(json) : "{}");
}

static bool run_one_job(struct worker *worker)
{
	struct job *job = jobs_take(worker->jobs);
	const struct verb_request *request = job ? job_request(job) : NULL;
	struct progress progress = { worker, job };
	const struct observer observer = { &progress, on_step, worker_log };
	struct verb_result result = { 0 };
	struct error err = { 0 };
	char what[JOB_TITLE_SIZE];
	bool failed;

	if (!job)
		return false;
	job_title(request, what);
	log_info("%s: begins", what);
	failed = engine_run(worker->engine, request, &observer, &result, &err) < 0;
	if (failed)
		log_failure(what, &err);
	else
		log_done(what, &result);
	snapshot_set_stale(worker->snapshot);
	/* a client that sees the job's end must see its effect */
	snapshot_publish(worker->snapshot, worker->engine, SNAPSHOT_IMPORTS);
	atomic_store(&worker->holds, engine_holds(worker->engine));
	jobs_finish(worker->jobs, job, &result, failed ? &err : NULL);
	if (!jobs_any_active(worker->jobs) && !engine_holds(worker->engine))
		snapshot_publish(worker->snapshot, worker->engine, SNAPSHOT_DEVICES);
	return true;
}

static bool is_stopping(struct worker *worker)
{
	bool stop;

	pthread_mutex_lock(&worker->mutex);
	stop = worker->stop;
	pthread_mutex_unlock(&worker->mutex);
	return stop;
}

/* Wait for work, and meanwhile let the engine poll: a held import's lease, reservations. */
static void wait_for_work(struct worker *worker)
{
	const struct observer observer = { .log = worker_log };
	unsigned every_ms = engine_poll_every_ms(worker->engine);

	if (atomic_exchange(&worker->devices_changed, false))
		engine_paths_changed(worker->engine);
	if (!every_ms) {
		while (sem_wait(&worker->work) < 0 && errno == EINTR)
			;
		return;
	}
	if (engine_poll(worker->engine, &observer)) {
		atomic_store(&worker->holds, engine_holds(worker->engine));
		snapshot_set_stale(worker->snapshot);
		snapshot_publish(worker->snapshot, worker->engine, SNAPSHOT_IMPORTS);
		return;
	}
	struct timespec until = after_ms(every_ms);

	sem_clockwait(&worker->work, CLOCK_MONOTONIC, &until);
}

static void *run(void *ctx)
{
	struct worker *worker = ctx;

	while (!is_stopping(worker)) {
		if (run_one_call(worker) || run_one_job(worker))
			continue;
		wait_for_work(worker);
	}
	return NULL;
}

static void destroy(struct worker *worker)
{
	pthread_cond_destroy(&worker->changed);
	pthread_mutex_destroy(&worker->mutex);
	sem_destroy(&worker->work);
	free(worker);
}

int worker_start(struct worker **ret, struct engine *engine, struct jobs *jobs, struct snapshot *snapshot,
		 struct error *err)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	pthread_condattr_t attributes;

	if (!worker)
		return error_no_memory(err);
	worker->engine = engine;
	worker->jobs = jobs;
	worker->snapshot = snapshot;
	sem_init(&worker->work, 0, 0);
	pthread_mutex_init(&worker->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	for (int part = 0; part < SNAPSHOT_PARTS; part++)
		snapshot_publish(snapshot, engine, part);
	if (pthread_create(&worker->thread, NULL, run, worker)) {
		destroy(worker);
		return error_no_memory(err);
	}
	*ret = worker;
	return 0;
}

void worker_devices_changed(struct worker *worker)
{
	if (!atomic_exchange(&worker->devices_changed, true))
		sem_post(&worker->work);
}

void worker_stop(struct worker *worker)
{
	if (!worker)
		return;
	pthread_mutex_lock(&worker->mutex);
	worker->stop = true;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->mutex);
	sem_post(&worker->work);
}

void worker_close(struct worker *worker)
{
	if (!worker)
		return;
	worker_stop(worker);
	pthread_join(worker->thread, NULL);
	jobs_drop_queued(worker->jobs);
	destroy(worker);
}

int worker_submit(struct worker *worker, struct verb_request *request, uint64_t *ret_id, struct error *err)
{
	if (is_stopping(worker))
		return error_set(err, ERR_BUSY, NULL, "the agent is stopping");
	if (jobs_submit(worker->jobs, request, ret_id, err) < 0)
		return -1;
	sem_post(&worker->work);
	return 0;
}

int worker_call(struct worker *worker, int (*function)(struct engine *engine, void *ctx, struct error *err), void *ctx,
		unsigned timeout_ms, struct error *err)
{
	struct call call = { .function = function, .ctx = ctx, .err = err }, **link;
	struct timespec deadline = after_ms(timeout_ms);
	bool begun;

	pthread_mutex_lock(&worker->mutex);
	for (link = &worker->calls; *link; link = &(*link)->next)
		;
	*link = &call;
	sem_post(&worker->work);
	while (call.state == CALL_WAITING && !worker->stop)
		if (pthread_cond_timedwait(&worker->changed, &worker->mutex, &deadline))
			break;
	begun = call.state != CALL_WAITING;
	if (!begun)
		remove_call(worker, &call);
	while (begun && call.state != CALL_ENDED)
		pthread_cond_wait(&worker->changed, &worker->mutex);
	pthread_mutex_unlock(&worker->mutex);
	if (!begun)
		return error_set(err, ERR_BUSY, NULL, "the device worker has other work");
	return call.result;
}

struct freshen_call {
	struct snapshot *snapshot;
	enum snapshot_part part;
};

static int freshen(struct engine *engine, void *ctx, struct error *err)
{
	const struct freshen_call *call = ctx;

	(void)err;
	if (snapshot_is_stale(call->snapshot, call->part)) /* another request may have been faster */
		snapshot_publish(call->snapshot, engine, call->part);
	return 0;
}

void worker_freshen(struct worker *worker, enum snapshot_part part)
{
	struct freshen_call call = { worker->snapshot, part };

	if (snapshot_is_stale(worker->snapshot, part) && !jobs_any_active(worker->jobs) && !atomic_load(&worker->holds))
		worker_call(worker, freshen, &call, FRESHEN_TIMEOUT_MS, NULL);
}
