/*
 * The device worker: the one thread that calls the engine. It runs short calls first, then jobs, one after the other,
 * and publishes a snapshot after each. It knows nothing of HTTP; the web server may come and go meanwhile.
 */
#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H

#include "jobs.h"
#include "snapshot.h"

struct worker;

/* The engine belongs to the worker's thread until worker_stop returns. Publishes a first snapshot before it returns. */
int worker_start(struct worker **ret, struct engine *engine, struct jobs *jobs, struct snapshot *snapshot,
		 struct error *err);

/* Let the running piece of work come to its end (a switch is never torn), refuse the rest, and end the thread. */
void worker_stop(struct worker *worker);

/* Queue a job, as jobs_submit, and see to it that it is run. */
int worker_submit(struct worker *worker, struct verb_request *request, uint64_t *ret_id, struct error *err);

/*
 * Have `function` called on the worker's thread and wait for its result. When it has not begun after timeout_ms it is
 * not called: ERR_BUSY. Once it has begun, this waits to its end.
 */
int worker_call(struct worker *worker, int (*function)(struct engine *engine, void *ctx, struct error *err), void *ctx,
		unsigned timeout_ms, struct error *err);

/* Devices of the host changed: what looks after reservations is to see whether paths came. Never blocks. */
void worker_devices_changed(struct worker *worker);

/* Of a struct observer: what the engine says goes into the log. */
void worker_log(void *ctx, int level, const char *line);

/* Bring a part of the snapshot up to date when it is not; while a job runs or an import is held, leave it. */
void worker_freshen(struct worker *worker, enum snapshot_part part);

#endif
