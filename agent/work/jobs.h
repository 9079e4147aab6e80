/*
 * Jobs: the queue of verbs, and the record of those that ended. Server threads add, look and wait; the device worker
 * (worker.h) alone takes a job, runs it and tells its progress. In memory only: what must survive is in the engine.
 */
#ifndef AGENT_JOBS_H
#define AGENT_JOBS_H

#include "dm-import/dm_import.h"

#include <json-c/json.h>
#include <stdatomic.h>

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_FAILED };

/* Totals since the start, for the metrics. */
struct job_totals {
	uint64_t done[VERB_COUNT], failed[VERB_COUNT];
	uint64_t duration_us[VERB_COUNT];
	size_t waiting; /* now, the running one included */
};

struct jobs;
struct job;

int jobs_open(struct jobs **ret, struct error *err);
void jobs_close(struct jobs *jobs);

/*
 * Queue a job and return its number. When the same is queued or running already, that job's number is returned: a
 * request may be sent again after a lost reply. Takes request->members over on success. ERR_BUSY when the queue is
 * full.
 */
int jobs_submit(struct jobs *jobs, struct verb_request *request, uint64_t *ret_id, struct error *err);

/* Wait until the job has ended, for `seconds` at most, or until *stop. True when it has ended. */
bool jobs_wait(struct jobs *jobs, uint64_t id, unsigned seconds, const atomic_bool *stop);

/* Let every jobs_wait look at its *stop. */
void jobs_wake(struct jobs *jobs);

/* As the API shows it; the caller owns it. jobs_json_one: ERR_JOB_UNKNOWN. */
int jobs_json_one(struct jobs *jobs, uint64_t id, struct json_object **ret, struct error *err);
struct json_object *jobs_json_all(struct jobs *jobs);

/* The last job of an import, 0 when there is none. */
uint64_t jobs_last_of(struct jobs *jobs, const char *import_id);

/* A verb of any import is queued or running. */
bool jobs_any_active(struct jobs *jobs);

void jobs_totals(struct jobs *jobs, struct job_totals *ret);

/* For the worker alone. jobs_take: the oldest queued job, now running; NULL when there is none. */
struct job *jobs_take(struct jobs *jobs);
const struct verb_request *job_request(const struct job *job);
void jobs_step(struct jobs *jobs, struct job *job, const char *step, unsigned percent);
/* err NULL: done. Takes over what *result owns. `job` is not valid afterwards. */
void jobs_finish(struct jobs *jobs, struct job *job, const struct verb_result *result, const struct error *err);
/* Everything that is still queued fails with ERR_CANCELLED. */
void jobs_drop_queued(struct jobs *jobs);

#endif
