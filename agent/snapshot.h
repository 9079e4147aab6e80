/*
 * What server threads know of the host: JSON that the device worker published after its last piece of work. They copy
 * it and never call the engine, so that a request never waits for a device.
 */
#ifndef AGENT_SNAPSHOT_H
#define AGENT_SNAPSHOT_H

#include "jobs.h"

struct snapshot;

int snapshot_open(struct snapshot **ret, struct error *err);
void snapshot_close(struct snapshot *snapshot);

/* For the worker's thread alone. imports: cheap, from records. devices: volumes, host and arrays, asks everybody. */
void snapshot_publish_imports(struct snapshot *snapshot, struct engine *engine);
void snapshot_publish_devices(struct snapshot *snapshot, struct engine *engine);

/* Something changed on the host; the next reader should have the devices looked at again. */
void snapshot_set_stale(struct snapshot *snapshot);
/* Stale, or older than two seconds. */
bool snapshot_devices_stale(struct snapshot *snapshot);

/*
 * Copies, owned by the caller. On failure: why the last look at the devices failed, or VOLUME_UNKNOWN,
 * IMPORT_UNKNOWN.
 */
int snapshot_host(struct snapshot *snapshot, struct json_object **ret, struct error *err);
int snapshot_arrays(struct snapshot *snapshot, struct json_object **ret, struct error *err);
int snapshot_volumes(struct snapshot *snapshot, bool importable_only, struct json_object **ret, struct error *err);
int snapshot_volume(struct snapshot *snapshot, const char *wwid, struct json_object **ret, struct error *err);
int snapshot_imports(struct snapshot *snapshot, struct json_object **ret, struct error *err);
int snapshot_import(struct snapshot *snapshot, const char *id, struct json_object **ret, struct error *err);

/* Whether the engine would take this verb now, as engine_verb_allowed said; IMPORT_UNKNOWN, STATE_WRONG, ... */
int snapshot_verb_allowed(struct snapshot *snapshot, const struct job_request *request, struct error *err);

size_t snapshot_imports_in_progress(struct snapshot *snapshot);

#endif
