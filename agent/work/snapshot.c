/*
 * Published reports under one mutex; see snapshot.h.
 */
#include "snapshot.h"

#include "agent/shared/log.h"

#include "api/reports.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <pthread.h>
#include <string.h>

#define MAX_AGE_US 2000000

struct import_verbs {
	struct error refusals[VERB_COUNT][2]; /* by the side it goes to; code ERR_NONE: allowed */
};

/* The last of each report that worked, and why the last one did not. */
struct snapshot {
	pthread_mutex_t mutex;
	struct host_report host;
	struct array_reports arrays;
	struct volume_reports volumes;
	struct import_reports imports;
	struct error host_error, arrays_error, volumes_error, imports_error; /* ERR_NONE: it worked */
	struct import_verbs *verbs; /* of each of the imports, in their order */
	size_t in_progress;
	bool stale[SNAPSHOT_PARTS];
	uint64_t published_us[SNAPSHOT_PARTS]; /* monotonic */
};

int snapshot_open(struct snapshot **ret, struct error *err)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (!snapshot)
		return error_no_memory(err);
	pthread_mutex_init(&snapshot->mutex, NULL);
	*ret = snapshot;
	return 0;
}

void snapshot_close(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	host_report_free(&snapshot->host);
	array_reports_free(&snapshot->arrays);
	volume_reports_free(&snapshot->volumes);
	import_reports_free(&snapshot->imports);
	free(snapshot->verbs);
	pthread_mutex_destroy(&snapshot->mutex);
	free(snapshot);
}

/* Whether a question to the engine was answered; *err is then ERR_NONE. */
static bool told(int result, struct error *err)
{
	if (result < 0)
		log_failure("report", err);
	else
		err->code = ERR_NONE;
	return result == 0;
}

/* What engine_verb_allowed says to each verb, after every change. */
static void ask_each_verb(struct engine *engine, const char *id, struct import_verbs *ret)
{
	struct verb_request request = { 0 };

	snprintf(request.import_id, sizeof(request.import_id), "%s", id);
	for (request.verb = 0; request.verb < VERB_COUNT; request.verb++)
		for (request.to = SIDE_SOURCE; request.to <= SIDE_DESTINATION; request.to++) {
			struct error *refusal = &ret->refusals[request.verb][request.to];

			if (engine_verb_allowed(engine, &request, refusal) == 0)
				refusal->code = ERR_NONE;
		}
}

static int ask_imports(struct engine *engine, struct import_reports *ret, struct import_verbs **ret_verbs,
		       struct error *err)
{
	struct import_verbs *list;

	if (engine_report_imports(engine, ret, err) < 0)
		return -1;
	list = calloc(ret->count + 1, sizeof(*list));
	if (!list)
		return error_no_memory(err);
	for (size_t i = 0; i < ret->count; i++)
		ask_each_verb(engine, ret->list[i].id, &list[i]);
	*ret_verbs = list;
	return 0;
}

/* Under the mutex what is new comes in the place of the old, which is freed here. A failure keeps the old, with why. */
#define EXCHANGE(a, b) \
	do { \
		__typeof__(a) was_ = (a); \
		(a) = (b); \
		(b) = was_; \
	} while (0)

/* Each gives whether all was told. */
static bool publish_imports(struct snapshot *snapshot, struct engine *engine)
{
	CLEANUP(import_reports_free) struct import_reports imports = { 0 };
	CLEANUP_FREE struct import_verbs *list = NULL;
	size_t in_progress = engine_imports_in_progress(engine);
	struct error err = { 0 };
	bool well = told(ask_imports(engine, &imports, &list, &err), &err);

	pthread_mutex_lock(&snapshot->mutex);
	snapshot->imports_error = err;
	if (well) {
		EXCHANGE(snapshot->imports, imports);
		EXCHANGE(snapshot->verbs, list);
	}
	snapshot->in_progress = in_progress;
	pthread_mutex_unlock(&snapshot->mutex);
	return well;
}

static bool publish_devices(struct snapshot *snapshot, struct engine *engine)
{
	CLEANUP(volume_reports_free) struct volume_reports volumes = { 0 };
	CLEANUP(array_reports_free) struct array_reports arrays = { 0 };
	CLEANUP(host_report_free) struct host_report host = { 0 };
	struct error volumes_error = { 0 }, host_error = { 0 }, arrays_error = { 0 };
	bool volumes_told = told(engine_report_volumes(engine, &volumes, &volumes_error), &volumes_error);
	bool host_told = told(engine_report_host(engine, &host, &host_error), &host_error);
	bool arrays_told = told(engine_report_arrays(engine, &arrays, &arrays_error), &arrays_error);

	pthread_mutex_lock(&snapshot->mutex);
	snapshot->volumes_error = volumes_error;
	snapshot->host_error = host_error;
	snapshot->arrays_error = arrays_error;
	if (volumes_told)
		EXCHANGE(snapshot->volumes, volumes);
	if (host_told)
		EXCHANGE(snapshot->host, host);
	if (arrays_told)
		EXCHANGE(snapshot->arrays, arrays);
	pthread_mutex_unlock(&snapshot->mutex);
	return volumes_told && host_told && arrays_told;
}

void snapshot_publish(struct snapshot *snapshot, struct engine *engine, enum snapshot_part part)
{
	bool told;

	pthread_mutex_lock(&snapshot->mutex);
	snapshot->stale[part] = false; /* before looking: what changes meanwhile makes it stale again */
	pthread_mutex_unlock(&snapshot->mutex);
	told = part == SNAPSHOT_IMPORTS ? publish_imports(snapshot, engine) : publish_devices(snapshot, engine);
	pthread_mutex_lock(&snapshot->mutex);
	snapshot->stale[part] |= !told; /* who asks next may have better luck */
	snapshot->published_us[part] = clock_mono_us();
	pthread_mutex_unlock(&snapshot->mutex);
}

void snapshot_set_stale(struct snapshot *snapshot)
{
	pthread_mutex_lock(&snapshot->mutex);
	for (int part = 0; part < SNAPSHOT_PARTS; part++)
		snapshot->stale[part] = true;
	pthread_mutex_unlock(&snapshot->mutex);
}

bool snapshot_is_stale(struct snapshot *snapshot, enum snapshot_part part)
{
	bool stale;

	pthread_mutex_lock(&snapshot->mutex);
	stale = snapshot->stale[part] || clock_mono_us() - snapshot->published_us[part] > MAX_AGE_US;
	pthread_mutex_unlock(&snapshot->mutex);
	return stale;
}

/* Take the mutex for a report; not, and -1, when its last one failed: with why. */
static int lock(struct snapshot *snapshot, const struct error *why, struct error *err)
{
	pthread_mutex_lock(&snapshot->mutex);
	if (why->code == ERR_NONE)
		return 0;
	if (err)
		*err = *why;
	pthread_mutex_unlock(&snapshot->mutex);
	return -1;
}

static int unlock(struct snapshot *snapshot, int result)
{
	pthread_mutex_unlock(&snapshot->mutex);
	return result;
}

int snapshot_host(struct snapshot *snapshot, struct json_object **ret, struct error *err)
{
	if (lock(snapshot, &snapshot->host_error, err) < 0)
		return -1;
	*ret = host_json(&snapshot->host);
	return unlock(snapshot, 0);
}

int snapshot_arrays(struct snapshot *snapshot, struct json_object **ret, struct error *err)
{
	if (lock(snapshot, &snapshot->arrays_error, err) < 0)
		return -1;
	*ret = arrays_json(&snapshot->arrays);
	return unlock(snapshot, 0);
}

int snapshot_imports(struct snapshot *snapshot, struct json_object **ret, struct error *err)
{
	if (lock(snapshot, &snapshot->imports_error, err) < 0)
		return -1;
	*ret = imports_json(&snapshot->imports);
	return unlock(snapshot, 0);
}

int snapshot_volumes(struct snapshot *snapshot, bool importable_only, struct json_object **ret, struct error *err)
{
	if (lock(snapshot, &snapshot->volumes_error, err) < 0)
		return -1;
	*ret = volumes_json(&snapshot->volumes, importable_only);
	return unlock(snapshot, 0);
}

int snapshot_volume(struct snapshot *snapshot, const char *wwid, struct json_object **ret, struct error *err)
{
	if (lock(snapshot, &snapshot->volumes_error, err) < 0)
		return -1;
	for (size_t i = 0; i < snapshot->volumes.count; i++) {
		if (strcmp(snapshot->volumes.list[i].wwid, wwid) != 0)
			continue;
		*ret = volume_json(&snapshot->volumes.list[i]);
		return unlock(snapshot, 0);
	}
	return unlock(snapshot, error_set(err, ERR_VOLUME_UNKNOWN, NULL, "'%.64s'", wwid));
}

/* Under the mutex; its index in the list, or the list's length. */
static size_t find_import(const struct snapshot *snapshot, const char *id)
{
	size_t i = 0;

	while (i < snapshot->imports.count && strcmp(snapshot->imports.list[i].id, id) != 0)
		i++;
	return i;
}

int snapshot_import(struct snapshot *snapshot, const char *id, struct json_object **ret, struct error *err)
{
	size_t i;

	if (lock(snapshot, &snapshot->imports_error, err) < 0)
		return -1;
	i = find_import(snapshot, id);
	if (i == snapshot->imports.count)
		return unlock(snapshot, error_set(err, ERR_IMPORT_UNKNOWN, NULL, "'%.64s'", id));
	*ret = import_json(&snapshot->imports.list[i]);
	return unlock(snapshot, 0);
}

static int verb_refusal(const struct import_verbs *import, const struct verb_request *request, struct error *err)
{
	const struct error *refusal = &import->refusals[request->verb][request->to];

	if (request->verb == VERB_PRECHECK || refusal->code == ERR_NONE) /* of a pre-check its job says it */
		return 0;
	if (err)
		*err = *refusal;
	return -1;
}

int snapshot_verb_allowed(struct snapshot *snapshot, const struct verb_request *request, struct error *err)
{
	size_t i;

	pthread_mutex_lock(&snapshot->mutex);
	i = find_import(snapshot, request->import_id);
	if (i == snapshot->imports.count)
		return unlock(snapshot, error_set(err, ERR_IMPORT_UNKNOWN, NULL, "'%.64s'", request->import_id));
	return unlock(snapshot, verb_refusal(&snapshot->verbs[i], request, err));
}

size_t snapshot_imports_in_progress(struct snapshot *snapshot)
{
	size_t count;

	pthread_mutex_lock(&snapshot->mutex);
	count = snapshot->in_progress;
	pthread_mutex_unlock(&snapshot->mutex);
	return count;
}

int snapshot_import_states(struct snapshot *snapshot, size_t ret[static IMPORT_STATE_COUNT], struct error *err)
{
	if (lock(snapshot, &snapshot->imports_error, err) < 0)
		return -1;
	memset(ret, 0, IMPORT_STATE_COUNT * sizeof(*ret));
	for (size_t i = 0; i < snapshot->imports.count; i++)
		ret[snapshot->imports.list[i].state]++;
	return unlock(snapshot, 0);
}
