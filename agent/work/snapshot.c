/*
 * Published JSON under one mutex; see snapshot.h. json-c's reference counts are not thread-safe, hence deep copies.
 */
#include "snapshot.h"

#include "agent/shared/log.h"

#include "api/volumes.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <pthread.h>
#include <string.h>

#define MAX_AGE_US 2000000

struct import_verbs {
	char id[IMPORT_ID_SIZE];
	struct error refusals[VERB_COUNT][2]; /* by the side it goes to; code ERR_NONE: allowed */
};

/* One report of the engine: the last one that worked, and why the last one did not. */
struct report {
	struct json_object *json;
	struct error error;
};

struct snapshot {
	pthread_mutex_t mutex;
	struct report host, arrays, volumes, imports;
	struct import_verbs *verbs;
	size_t verb_count;
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
	json_object_put(snapshot->host.json);
	json_object_put(snapshot->arrays.json);
	json_object_put(snapshot->volumes.json);
	json_object_put(snapshot->imports.json);
	free(snapshot->verbs);
	pthread_mutex_destroy(&snapshot->mutex);
	free(snapshot);
}

/* Under the mutex. `fresh` without JSON keeps the old one, with the error. */
static void put(struct report *report, struct report *fresh)
{
	if (fresh->json) {
		json_object_put(report->json);
		report->json = fresh->json;
	}
	report->error = fresh->error;
}

static struct report ask(int (*question)(struct engine *, struct json_object **, struct error *), struct engine *engine)
{
	struct report report = { 0 };

	if (question(engine, &report.json, &report.error) < 0) {
		report.json = NULL;
		log_failure("report", &report.error);
	} else {
		report.error.code = ERR_NONE;
	}
	return report;
}

static int all_volumes(struct engine *engine, struct json_object **ret, struct error *err)
{
	return engine_report_volumes(engine, false, ret, err);
}

static const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, json_type_string))
		return "";
	return json_object_get_string(value);
}

/* The entry of `list` in a report whose member `name` is `value`; NULL when there is none. */
static struct json_object *find(struct json_object *report, const char *list, const char *name, const char *value)
{
	struct json_object *array;

	if (!json_object_object_get_ex(report, list, &array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		struct json_object *entry = json_object_array_get_idx(array, i);

		if (strcmp(text_of(entry, name), value) == 0)
			return entry;
	}
	return NULL;
}

/* What engine_verb_allowed says to each verb, after every change. */
static void ask_each_verb(struct engine *engine, struct import_verbs *import)
{
	struct verb_request request = { 0 };

	memcpy(request.import_id, import->id, sizeof(request.import_id));
	for (request.verb = 0; request.verb < VERB_COUNT; request.verb++)
		for (request.to = SIDE_SOURCE; request.to <= SIDE_DESTINATION; request.to++) {
			struct error *refusal = &import->refusals[request.verb][request.to];

			if (engine_verb_allowed(engine, &request, refusal) == 0)
				refusal->code = ERR_NONE;
		}
}

static struct import_verbs *ask_verbs(struct engine *engine, struct json_object *imports, size_t *ret_count)
{
	struct json_object *array = NULL;
	struct import_verbs *list;
	size_t count;

	*ret_count = 0;
	if (!json_object_object_get_ex(imports, "imports", &array))
		return NULL;
	count = json_object_array_length(array);
	list = calloc(count ? count : 1, sizeof(*list));
	if (!list)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		snprintf(list[i].id, sizeof(list[i].id), "%s", text_of(json_object_array_get_idx(array, i), "id"));
		ask_each_verb(engine, &list[i]);
	}
	*ret_count = count;
	return list;
}

/* Each gives whether all was told. */
static bool publish_imports(struct snapshot *snapshot, struct engine *engine)
{
	struct report imports = ask(engine_report_imports, engine);
	size_t in_progress = engine_imports_in_progress(engine), count;
	struct import_verbs *list = ask_verbs(engine, imports.json, &count);

	pthread_mutex_lock(&snapshot->mutex);
	put(&snapshot->imports, &imports);
	if (list) {
		free(snapshot->verbs);
		snapshot->verbs = list;
		snapshot->verb_count = count;
	}
	snapshot->in_progress = in_progress;
	pthread_mutex_unlock(&snapshot->mutex);
	return imports.error.code == ERR_NONE;
}

static bool publish_devices(struct snapshot *snapshot, struct engine *engine)
{
	struct report volumes = ask(all_volumes, engine);
	struct report host = ask(engine_report_host, engine);
	struct report arrays = ask(engine_report_arrays, engine);

	pthread_mutex_lock(&snapshot->mutex);
	put(&snapshot->volumes, &volumes);
	put(&snapshot->host, &host);
	put(&snapshot->arrays, &arrays);
	pthread_mutex_unlock(&snapshot->mutex);
	return volumes.error.code == ERR_NONE && host.error.code == ERR_NONE && arrays.error.code == ERR_NONE;
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

/* Under the mutex. */
static int copy(const struct report *report, struct json_object *part, struct json_object **ret, struct error *err)
{
	if (report->error.code != ERR_NONE) {
		if (err)
			*err = report->error;
		return -1;
	}
	*ret = NULL;
	if (!part || json_object_deep_copy(part, ret, NULL) < 0)
		return error_no_memory(err);
	return 0;
}

static int copy_whole(struct snapshot *snapshot, const struct report *report, struct json_object **ret,
		      struct error *err)
{
	int result;

	pthread_mutex_lock(&snapshot->mutex);
	result = copy(report, report->json, ret, err);
	pthread_mutex_unlock(&snapshot->mutex);
	return result;
}

int snapshot_host(struct snapshot *snapshot, struct json_object **ret, struct error *err)
{
	return copy_whole(snapshot, &snapshot->host, ret, err);
}

int snapshot_arrays(struct snapshot *snapshot, struct json_object **ret, struct error *err)
{
	return copy_whole(snapshot, &snapshot->arrays, ret, err);
}

int snapshot_imports(struct snapshot *snapshot, struct json_object **ret, struct error *err)
{
	return copy_whole(snapshot, &snapshot->imports, ret, err);
}

int snapshot_volumes(struct snapshot *snapshot, bool importable_only, struct json_object **ret, struct error *err)
{
	if (copy_whole(snapshot, &snapshot->volumes, ret, err) < 0)
		return -1;
	if (importable_only)
		volumes_keep_importable(*ret);
	return 0;
}

int snapshot_volume(struct snapshot *snapshot, const char *wwid, struct json_object **ret, struct error *err)
{
	struct json_object *volume;
	int result;

	pthread_mutex_lock(&snapshot->mutex);
	volume = find(snapshot->volumes.json, "volumes", "wwid", wwid);
	if (volume || snapshot->volumes.error.code != ERR_NONE)
		result = copy(&snapshot->volumes, volume, ret, err);
	else
		result = error_set(err, ERR_VOLUME_UNKNOWN, NULL, "'%.64s'", wwid);
	pthread_mutex_unlock(&snapshot->mutex);
	return result;
}

int snapshot_import(struct snapshot *snapshot, const char *id, struct json_object **ret, struct error *err)
{
	struct json_object *import;
	int result;

	pthread_mutex_lock(&snapshot->mutex);
	import = find(snapshot->imports.json, "imports", "id", id);
	if (import || snapshot->imports.error.code != ERR_NONE)
		result = copy(&snapshot->imports, import, ret, err);
	else
		result = error_set(err, ERR_IMPORT_UNKNOWN, NULL, "'%.64s'", id);
	pthread_mutex_unlock(&snapshot->mutex);
	return result;
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
	int result = error_set(err, ERR_IMPORT_UNKNOWN, NULL, "'%.64s'", request->import_id);

	pthread_mutex_lock(&snapshot->mutex);
	for (size_t i = 0; i < snapshot->verb_count; i++)
		if (strcmp(snapshot->verbs[i].id, request->import_id) == 0)
			result = verb_refusal(&snapshot->verbs[i], request, err);
	pthread_mutex_unlock(&snapshot->mutex);
	return result;
}

size_t snapshot_imports_in_progress(struct snapshot *snapshot)
{
	size_t count;

	pthread_mutex_lock(&snapshot->mutex);
	count = snapshot->in_progress;
	pthread_mutex_unlock(&snapshot->mutex);
	return count;
}
