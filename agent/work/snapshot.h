/*
 * What server threads know of the host: the reports that the device worker published after its last piece of work. They
 * get the API's JSON of them and never call the engine, so that a request waits for no device while a job runs.
 */
#ifndef AGENT_SNAPSHOT_H
#define AGENT_SNAPSHOT_H

#include "jobs.h"

struct snapshot;

int snapshot_open(struct snapshot **ret, struct error *err);
void snapshot_close(struct snapshot *snapshot);

/* What is published and grows old together. */
enum snapshot_part {
	SNAPSHOT_IMPORTS, /* imports, and which verbs they would take */
	SNAPSHOT_DEVICES, /* volumes, host and arrays */
	SNAPSHOT_PARTS
};

/* For the worker's thread alone: ask the engine. */
void snapshot_publish(struct snapshot *snapshot, struct engine *engine, enum snapshot_part part);

/* Something changed: the next reader should have everything looked at again. */
void snapshot_set_stale(struct snapshot *snapshot);
/* Stale, or older than two seconds. */
bool snapshot_is_stale(struct snapshot *snapshot, enum snapshot_part part);

/*
 * JSON, owned by the caller. On failure: why the engine's last report failed, or VOLUME_UNKNOWN,
 * IMPORT_UNKNOWN.
 */
int snapshot_host(struct snapshot *snapshot, struct json_object **ret, struct error *err);
int snapshot_arrays(struct snapshot *snapshot, struct json_object **ret, struct error *err);
int snapshot_volumes(struct snapshot *snapshot, bool importable_only, struct json_object **ret, struct error *err);
int snapshot_volume(struct snapshot *snapshot, const char *wwid, struct json_object **ret, struct error *err);
int snapshot_imports(struct snapshot *snapshot, struct json_object **ret, struct error *err);
int snapshot_import(struct snapshot *snapshot, const char *id, struct json_object **ret, struct error *err);

/* Whether the engine would take this verb now, as engine_verb_allowed said; IMPORT_UNKNOWN, STATE_WRONG, ... */
int snapshot_verb_allowed(struct snapshot *snapshot, const struct verb_request *request, struct error *err);

size_t snapshot_imports_in_progress(struct snapshot *snapshot);

/* How many imports are in each state. */
int snapshot_import_states(struct snapshot *snapshot, size_t ret[static IMPORT_STATE_COUNT], struct error *err);

#endif
