/*
 * The engine's public face (dm-import/dm_import.h) in memory, so that the real agent can be tested without devices.
 * Four volumes, imports with their state machine, and faults and waits on command: in the directory $FAKE_ENGINE,
 *   <function>.fail      an error's name: the function fails with it
 *   <function>.waits     the function waits, in each of its steps, until it is let go (fake_wait)
 *   volumes.mount        the bytes of a mount path of the first volume
 *   reservations.source  a type: every source is reserved so, by this host; prepared imports have it on both sides
 * where <function> is open, create, precheck, prepare, switch, hold, release, reservation, commit, cancel, recover,
 * delete, session, refresh, volumes, and expire: the end of a lease.
 */
#include "tests/daemon/fake_commands.h"

#include "dm-import/dm_import.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { IMPORTS_MAX = 16, VOLUMES = 4 };

struct import {
	char id[IMPORT_ID_SIZE];
	enum import_state state;
	struct member_request members[MEMBERS_MAX];
	size_t member_count;
	unsigned min_paths;
	char session[32];
	unsigned percent;
	uint64_t created_ms, updated_ms;
	unsigned pause_us;
	enum side held_to;
	uint64_t lease_end_us;
	unsigned lease_ms;
	bool lease_expired; /* the last hold ended so */
	bool lifted;	    /* the source's reservation */
};

struct engine {
	struct import imports[IMPORTS_MAX];
	size_t count;
	unsigned min_paths;
	struct import *held;
};

static const char *const wwids[VOLUMES] = {
	"36001405aaaaaaaaaaaaaaaaaaaaaaa01",
	"36001405aaaaaaaaaaaaaaaaaaaaaaa02",
	"36001405aaaaaaaaaaaaaaaaaaaaaaa03",
	"36001405aaaaaaaaaaaaaaaaaaaaaaa04",
};

void engine_options_defaults(struct engine_options *ret)
{
	*ret = (struct engine_options){ .min_paths = 2, .max_members = 16, .hold_deadline_ms = 5000 };
}

int ports_system(struct ports *ret, struct error *err)
{
	(void)err;
	*ret = (struct ports){ 0 };
	return 0;
}

void ports_system_close(struct ports *ports)
{
	(void)ports;
}

int engine_open(struct engine **ret, const struct engine_options *options, const struct ports *ports, struct error *err)
{
	struct engine *engine;

	(void)ports;
	if (fake_fault("open", err) < 0)
		return -1;
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return error_no_memory(err);
	engine->min_paths = options->min_paths;
	*ret = engine;
	return 0;
}

void engine_close(struct engine *engine)
{
	free(engine);
}

static struct import *find(struct engine *engine, const char *id, struct error *err)
{
	for (size_t i = 0; i < engine->count; i++)
		if (strcmp(engine->imports[i].id, id) == 0)
			return &engine->imports[i];
	error_set(err, ERR_IMPORT_UNKNOWN, NULL, "'%s'", id);
	return NULL;
}

static bool is_over(const struct import *import)
{
	return import->state == IMPORT_COMMITTED || import->state == IMPORT_CANCELLED;
}

static bool is_ready(const struct import *import)
{
	return import->state == IMPORT_PREPARED || import->state == IMPORT_ON_DESTINATION;
}

static const struct import *import_of(struct engine *engine, const char *wwid)
{
	for (size_t i = 0; i < engine->count; i++)
		for (size_t j = 0; j < engine->imports[i].member_count && !is_over(&engine->imports[i]); j++)
			if (strcmp(engine->imports[i].members[j].source_wwid, wwid) == 0)
				return &engine->imports[i];
	return NULL;
}

static int volume_index(const char *wwid)
{
	for (int i = 0; i < VOLUMES; i++)
		if (strcmp(wwids[i], wwid) == 0)
			return i;
	return -1;
}

static bool same_members(const struct import *import, const struct import_request *request)
{
	return import->member_count == request->member_count &&
	       memcmp(import->members, request->members, request->member_count * sizeof(request->members[0])) == 0;
}

static int check_members(struct engine *engine, const struct import_request *request, struct error *err)
{
	for (size_t i = 0; i < request->member_count; i++) {
		const struct member_request *member = &request->members[i];

		if (!fake_wwid_form_is_right(member->source_wwid) || !fake_wwid_form_is_right(member->destination_wwid))
			return error_set(err, ERR_WWID_FORM, NULL, "member %zu", i);
		if (strcmp(member->source_wwid, member->destination_wwid) == 0)
			return error_set(err, ERR_SAME_LUN, NULL, "member %zu", i);
		for (size_t j = 0; j < i; j++)
			if (strcmp(request->members[j].source_wwid, member->source_wwid) == 0)
				return error_set(err, ERR_MEMBER_TWICE, NULL, "member %zu", i);
		if (volume_index(member->source_wwid) < 0)
			return error_set(err, ERR_VOLUME_UNKNOWN, NULL, "%s", member->source_wwid);
		if (import_of(engine, member->source_wwid))
			return error_set(err, ERR_MEMBER_IN_IMPORT, NULL, "%s", member->source_wwid);
	}
	return 0;
}

int engine_import_create(struct engine *engine, const struct import_request *request, const struct observer *observer,
			 char ret_id[static IMPORT_ID_SIZE], bool *ret_created, struct error *err)
{
	struct import *import = request->id[0] ? find(engine, request->id, NULL) : NULL;

	fake_wait("create");
	if (fake_fault("create", err) < 0)
		return -1;
	if (observer && observer->log)
		observer->log(observer->ctx, 2, "fake: create");
	if (import) {
		if (!same_members(import, request))
			return error_set(err, ERR_IMPORT_EXISTS, NULL, "%s", request->id);
		*ret_created = false;
		memcpy(ret_id, import->id, IMPORT_ID_SIZE);
		return 0;
	}
	if (check_members(engine, request, err) < 0)
		return -1;
	if (engine->count == IMPORTS_MAX)
		return error_set(err, ERR_IMPORT_LIMIT, NULL, "%d", IMPORTS_MAX);
	import = &engine->imports[engine->count++];
	*import = (struct import){ .member_count = request->member_count, .created_ms = clock_wall_ms() };
	import->updated_ms = import->created_ms;
	import->min_paths = request->min_paths ? request->min_paths : engine->min_paths;
	memcpy(import->members, request->members, request->member_count * sizeof(request->members[0]));
	snprintf(import->id, sizeof(import->id), "%s", request->id);
	if (!import->id[0])
		snprintf(import->id, sizeof(import->id), "import-%zu", engine->count);
	*ret_created = true;
	memcpy(ret_id, import->id, IMPORT_ID_SIZE);
	return 0;
}

/* A verb in the steps of a switch, and its fault. */
static int work(const char *function, const struct observer *observer, struct error *err)
{
	static const char *const steps[] = { "check", "journal", "present", "load", "hold", "verify" };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		observer->step(observer->ctx, steps[i], (unsigned)(i * 100 / ARRAY_SIZE(steps)));
		observer->log(observer->ctx, 3, steps[i]);
		fake_wait(function);
	}
	return fake_fault(function, err);
}

static int precheck(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		    struct verb_result *ret_result, struct error *err)
{
	const struct import *import = request->members ? NULL : find(engine, request->import_id, err);
	const struct member_request *first = request->members ? request->members->members : NULL;

	if (first ? check_members(engine, request->members, err) < 0 : !import)
		return -1;
	if (work("precheck", observer, err) < 0)
		return -1;
	if (import)
		first = import->members;
	fake_findings(first, false, ret_result);
	return 0;
}

static enum import_state wanted(const struct verb_request *request)
{
	enum verb verb = request->verb;

	if (verb == VERB_PREPARE)
		return IMPORT_PREPARED;
	if (verb == VERB_HOLD || verb == VERB_RESERVATION)
		return IMPORT_NEEDS_ATTENTION; /* none: a hold again may renew the lease, a reservation moves nothing */
	if (verb == VERB_SWITCH || verb == VERB_RELEASE)
		return request->to == SIDE_DESTINATION ? IMPORT_ON_DESTINATION : IMPORT_PREPARED;
	return verb == VERB_COMMIT ? IMPORT_COMMITTED : IMPORT_CANCELLED;
}

int engine_verb_allowed(struct engine *engine, const struct verb_request *request, struct error *err)
{
	const struct import *import = find(engine, request->import_id, err);
	enum verb verb = request->verb;
	bool allowed = false;

	if (!import)
		return -1;
	if (import->state == wanted(request))
		return 0;
	if (engine->held && engine->held != import)
		return error_set(err, ERR_IMPORT_HELD, NULL, "%s", engine->held->id);
	if (verb == VERB_RELEASE && import->lease_expired && request->to == import->held_to)
		return error_set(err, ERR_LEASE_EXPIRED, NULL, "%s", import->id);
	if (verb == VERB_HOLD)
		allowed =
			import->state == (request->to == SIDE_DESTINATION ? IMPORT_PREPARED : IMPORT_ON_DESTINATION) ||
			(import->state == IMPORT_HELD && request->to == import->held_to);
	else if (verb == VERB_RELEASE)
		allowed = import->state == IMPORT_HELD;
	else if (verb == VERB_PREPARE)
		allowed = import->state == IMPORT_NEW;
	else if (verb == VERB_SWITCH || verb == VERB_RESERVATION)
		allowed = is_ready(import);
	else if (verb == VERB_COMMIT)
		allowed = import->state == IMPORT_ON_DESTINATION;
	else
		allowed = import->state != IMPORT_COMMITTED;
	if (!allowed)
		return error_set(err, ERR_STATE_WRONG, NULL, "%s is %s", import->id, import_state_name(import->state));
	return 0;
}

/* prepare, switch, release, commit, cancel */
static int move(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		struct verb_result *ret_result, struct error *err)
{
	struct import *import = find(engine, request->import_id, err);

	if (!import || engine_verb_allowed(engine, request, err) < 0)
		return -1;
	if (import->state == wanted(request)) {
		ret_result->kind = RESULT_UNCHANGED;
		return 0;
	}
	if (work(verb_name(request->verb), observer, err) < 0) {
		if (err->code == ERR_PRECHECK_FAILED)
			fake_findings(&import->members[0], true, ret_result);
		return -1;
	}
	import->state = wanted(request);
	import->updated_ms = clock_wall_ms();
	if (is_over(import))
		*ret_result = (struct verb_result){ .kind = RESULT_STATE, .state = import->state };
	if (request->verb == VERB_SWITCH) {
		import->pause_us = 12345;
		import->lifted &= request->to == SIDE_DESTINATION;
		*ret_result = (struct verb_result){ .kind = RESULT_SWITCHED, .to = request->to, .pause_count = 1 };
		ret_result->pauses = calloc(1, sizeof(*ret_result->pauses));
		ret_result->pauses[0] = (struct pause_report){ .map = "mpatha",
							       .pause_us = import->pause_us,
							       .held_at_ms = 1769854272123 };
	}
	if (request->verb == VERB_RELEASE) {
		engine->held = NULL;
		*ret_result = (struct verb_result){ .kind = RESULT_TAKEN_BACK, .to = request->to, .held_ms = 1 };
	}
	return 0;
}

static int hold(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		struct verb_result *ret_result, struct error *err)
{
	struct import *import = find(engine, request->import_id, err);
	bool again = import && import->state == IMPORT_HELD, leased = request->lease_ms != LEASE_NOT_GIVEN;

	if (!import || engine_verb_allowed(engine, request, err) < 0 || work("hold", observer, err) < 0)
		return -1;
	if (again && !leased) {
		ret_result->kind = RESULT_UNCHANGED;
		return 0;
	}
	import->state = IMPORT_HELD;
	import->held_to = request->to;
	import->lease_ms = leased ? request->lease_ms : LEASE_DEFAULT_MS;
	import->lease_end_us = clock_mono_us() + UINT64_C(1000) * import->lease_ms;
	import->lease_expired = false;
	engine->held = import;
	*ret_result = (struct verb_result){
		.kind = RESULT_HELD, .to = request->to, .lease_ms = import->lease_ms, .renewed = again
	};
	return 0;
}

bool engine_holds(const struct engine *engine)
{
	return engine->held;
}

bool engine_poll(struct engine *engine, const struct observer *observer)
{
	struct import *import = engine->held;

	(void)observer;
	if (!import || clock_mono_us() < import->lease_end_us)
		return false;
	fake_wait("expire");
	import->state = import->held_to == SIDE_DESTINATION ? IMPORT_PREPARED : IMPORT_ON_DESTINATION;
	import->lease_expired = true;
	engine->held = NULL;
	return true;
}

void engine_paths_changed(struct engine *engine)
{
	(void)engine;
}

unsigned engine_poll_every_ms(const struct engine *engine)
{
	return engine->held ? 20 : 0;
}

static int lift_reservation(struct engine *engine, const struct verb_request *request, const struct observer *observer,
			    struct verb_result *ret_result, struct error *err)
{
	struct import *import = find(engine, request->import_id, err);
	bool unchanged;

	if (!import || engine_verb_allowed(engine, request, err) < 0 || work("reservation", observer, err) < 0)
		return -1;
	unchanged = import->lifted == request->lifted;
	import->lifted = request->lifted;
	*ret_result =
		(struct verb_result){ .kind = unchanged ? RESULT_UNCHANGED : RESULT_STATE, .state = import->state };
	return 0;
}

/* Every device of an import was suspended by somebody. A fault is that one finding needs a person. */
static int recover(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		   struct verb_result *ret_result, struct error *err)
{
	const char *wwid = request->wwid;
	bool failed;

	if (!fake_wwid_form_is_right(wwid))
		return error_set(err, ERR_WWID_FORM, NULL, "%s", wwid);
	if (engine->held)
		return error_set(err, ERR_IMPORT_HELD, NULL, "%s", engine->held->id);
	if (!import_of(engine, wwid))
		return error_set(err, ERR_NOT_IMPORTED, wwid, "%s", "");
	failed = work("recover", observer, err) < 0;
	fake_recovered(request->dry_run, failed ? err->code : ERR_NONE, ret_result);
	return failed && !request->dry_run ? -1 : 0;
}

int engine_run(struct engine *engine, const struct verb_request *request, const struct observer *observer,
	       struct verb_result *ret_result, struct error *err)
{
	switch (request->verb) {
	case VERB_REFRESH:
		fake_wait("refresh");
		return fake_fault("refresh", err);
	case VERB_PRECHECK:
		return precheck(engine, request, observer, ret_result, err);
	case VERB_HOLD:
		return hold(engine, request, observer, ret_result, err);
	case VERB_RESERVATION:
		return lift_reservation(engine, request, observer, ret_result, err);
	case VERB_RECOVER:
		return recover(engine, request, observer, ret_result, err);
	case VERB_PREPARE:
	case VERB_SWITCH:
	case VERB_RELEASE:
	case VERB_COMMIT:
	case VERB_CANCEL:
	case VERB_COUNT:
		break;
	}
	return move(engine, request, observer, ret_result, err);
}

int engine_import_delete(struct engine *engine, const char *id, struct error *err)
{
	struct import *import = find(engine, id, err);

	if (fake_fault("delete", err) < 0 || !import)
		return -1;
	if (!is_over(import))
		return error_set(err, ERR_STATE_WRONG, NULL, "%s is %s", id, import_state_name(import->state));
	*import = engine->imports[--engine->count];
	return 0;
}

int engine_import_session(struct engine *engine, const char *id, const char *state, unsigned percent, struct error *err)
{
	struct import *import = find(engine, id, err);

	if (fake_fault("session", err) < 0 || !import)
		return -1;
	snprintf(import->session, sizeof(import->session), "%s", state);
	import->percent = percent;
	return 0;
}

size_t engine_imports_in_progress(struct engine *engine)
{
	size_t count = 0;

	for (size_t i = 0; i < engine->count; i++)
		count += !is_over(&engine->imports[i]) && engine->imports[i].state != IMPORT_NEW;
	return count;
}

static void fill_path(int i, struct path_report *ret)
{
	*ret = (struct path_report){ .alua = ALUA_OPTIMIZED, .checker_state = "ready" };
	snprintf(ret->device, sizeof(ret->device), "sd%c", 'a' + i);
	snprintf(ret->hctl, sizeof(ret->hctl), "1:0:0:%d", i);
	snprintf(ret->true_wwid, sizeof(ret->true_wwid), "%s", wwids[i]);
}

static void fill_users(int i, struct volume_report *ret)
{
	char mount[256];

	ret->users = calloc(2, sizeof(*ret->users));
	ret->users[ret->user_count++] = (struct user){ .kind = USER_MOUNT, .name = "/srv", .detail = "ext4" };
	if (i == 0 && fake_command("volumes", "mount", mount, sizeof(mount))) {
		ret->users[1].kind = USER_MOUNT;
		memcpy(ret->users[ret->user_count++].name, mount, sizeof(mount));
	}
}

static void fill_volume(struct engine *engine, int i, struct volume_report *ret)
{
	const struct import *import = import_of(engine, wwids[i]);

	*ret = (struct volume_report){ .dm_minor = (unsigned)i,
				       .size_bytes = 1 << 30,
				       .protocols = { PROTOCOL_FC },
				       .protocol_count = 1,
				       .paths = { .list = calloc(1, sizeof(*ret->paths.list)), .count = 1 },
				       .array = "UNITY",
				       .vendor = "DGC",
				       .product = "VRAID",
				       .logical_sector_size = 512,
				       .physical_sector_size = 512,
				       .online = true,
				       .imported = import,
				       .importable = !import && i != VOLUMES - 1 };
	snprintf(ret->name, sizeof(ret->name), "mpath%c", 'a' + i);
	snprintf(ret->wwid, sizeof(ret->wwid), "%s", wwids[i]);
	fill_path(i, ret->paths.list);
	if (import) {
		ret->active = import->state == IMPORT_ON_DESTINATION ? ACTIVE_DESTINATION : ACTIVE_SOURCE;
		ret->import_state = import->state;
		memcpy(ret->import_id, import->id, sizeof(ret->import_id));
	} else if (!ret->importable) {
		ret->reason.code = ERR_SOURCE_NOT_OPEN;
	}
	fill_users(i, ret);
}

int engine_report_volumes(struct engine *engine, struct volume_reports *ret, struct error *err)
{
	fake_wait("volumes");
	if (fake_fault("volumes", err) < 0)
		return -1;
	*ret = (struct volume_reports){ .list = calloc(VOLUMES, sizeof(*ret->list)), .count = VOLUMES };
	for (int i = 0; i < VOLUMES; i++)
		fill_volume(engine, i, &ret->list[i]);
	return 0;
}

static void fill_member(const struct import *import, size_t i, enum side side, struct member_report *ret)
{
	int index = volume_index(import->members[i].source_wwid);
	struct disk_names *paths = &ret->paths[SIDE_SOURCE];

	*ret = (struct member_report){ .mapped = true,
				       .dm_minor = (unsigned)index,
				       .size_bytes = 1 << 30,
				       .active = side == SIDE_SOURCE ? ACTIVE_SOURCE : ACTIVE_DESTINATION,
				       .pause_us = import->pause_us };
	memcpy(ret->source_wwid, import->members[i].source_wwid, WWID_SIZE);
	memcpy(ret->destination_wwid, import->members[i].destination_wwid, WWID_SIZE);
	snprintf(ret->name, sizeof(ret->name), "mpath%c", 'a' + index);
	*paths = (struct disk_names){ .list = calloc(1, sizeof(*paths->list)), .count = 1 };
	snprintf(paths->list[0], sizeof(paths->list[0]), "sd%c", 'a' + index);
	fake_reservations(is_ready(import), import->lifted, ret);
}

static void fill_import(const struct import *import, struct import_report *ret)
{
	*ret = (struct import_report){ .state = import->state,
				       .created_ms = import->created_ms,
				       .updated_ms = import->updated_ms,
				       .min_paths = import->min_paths,
				       .session_percent = import->percent,
				       .members = calloc(import->member_count, sizeof(*ret->members)),
				       .member_count = import->member_count };
	if (import->state == IMPORT_ON_DESTINATION || import->state == IMPORT_COMMITTED)
		ret->side = SIDE_DESTINATION;
	if (import->state == IMPORT_HELD || import->lease_expired)
		ret->hold = (struct hold_note){ .outcome = HOLD_LEASE_EXPIRED,
						.to = import->held_to,
						.lease_ms = import->lease_ms,
						.since_ms = import->updated_ms,
						.held_ms = import->lease_ms };
	memcpy(ret->id, import->id, sizeof(ret->id));
	memcpy(ret->session_state, import->session, sizeof(ret->session_state));
	for (size_t i = 0; i < import->member_count; i++)
		fill_member(import, i, ret->side, &ret->members[i]);
}

int engine_report_imports(struct engine *engine, struct import_reports *ret, struct error *err)
{
	(void)err;
	*ret = (struct import_reports){ .list = calloc(IMPORTS_MAX, sizeof(*ret->list)), .count = engine->count };
	for (size_t i = 0; i < engine->count; i++)
		fill_import(&engine->imports[i], &ret->list[i]);
	return 0;
}

int engine_report_host(struct engine *engine, struct host_report *ret, struct error *err)
{
	(void)engine;
	(void)err;
	fake_host(ret);
	return 0;
}

int engine_report_arrays(struct engine *engine, struct array_reports *ret, struct error *err)
{
	(void)engine;
	(void)err;
	fake_arrays(ret);
	return 0;
}
