/*
 * The device worker: the one thread that calls the engine. It runs short calls first, then jobs, one after the other,
 * and publishes a snapshot after each. It knows nothing of HTTP; the web server may be restarted meanwhile.
 */
#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H

#include "jobs.h"
#include "snapshot.h"

struct worker;

/* The worker's thread owns the engine until worker_close returns. Publishes a first snapshot before it returns. */
int worker_start(struct worker **ret, struct engine *engine, struct jobs *jobs, struct snapshot *snapshot,
		 struct error *err);

/* Begin nothing more, and refuse waiting calls with ERR_BUSY. Does not block. NULL is allowed. */
void worker_stop(struct worker *worker);

/* Stop, let the running job or call finish (a switch is never interrupted), drop what is queued, and free. */
void worker_close(struct worker *worker);

/* Queue a job, as jobs_submit, and wake the worker. */
int worker_submit(struct worker *worker, struct verb_request *request, uint64_t *ret_id, struct error *err);

/*
 * Call `function` on the worker's thread and wait for its result. If it has not begun after timeout_ms, it is not
 * called: ERR_BUSY. Once it has begun, this waits until its end.
 */
int worker_call(struct worker *worker, int (*function)(struct engine *engine, void *ctx, struct error *err), void *ctx,
		unsigned timeout_ms, struct error *err);

/* Devices of the host changed: the next poll checks whether new paths need registrations. Never blocks. */
void worker_devices_changed(struct worker *worker);

/* For struct observer: writes the engine's lines to the log. */
void worker_log(void *ctx, int level, const char *line);

/* Update a part of the snapshot if it is stale, but not while a job runs or an import is held. */
void worker_freshen(struct worker *worker, enum snapshot_part part);

#endif
