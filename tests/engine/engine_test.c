/*
 * An engine on a fake host; see engine_test.h.
 */
#include "engine_test.h"

#include "dm-import/core/engine.h"

const char *const verb_names[] = {
	[VERB_PREPARE] = "prepare",
	[VERB_SWITCH] = "switch",
	[VERB_COMMIT] = "commit",
	[VERB_CANCEL] = "cancel",
	[VERB_HOLD] = "hold",
	[VERB_RELEASE] = "release",
	[VERB_CREATE] = "create",
	[VERB_SWITCH_BACK] = "switch back",
	[VERB_DELETE] = "delete",
	[VERB_HELD_SWITCH] = "hold and release",
	[VERB_HELD_SWITCH_BACK] = "hold and release back",
	[VERB_HOLD_BACK] = "hold and go back",
};

void host_test_begin(struct host_test *test, unsigned members, unsigned paths)
{
	*test = (struct host_test){ .world = world_new(), .members = members };
	world_ports(test->world, &test->ports);
	engine_options_defaults(&test->options);
	test->options.lock_file = NULL;
	world_pairs(test->world, members, paths);
	world_begin(test->world, NULL);
}

int host_test_open(struct host_test *test)
{
	return engine_open(&test->engine, &test->options, &test->ports, &test->err);
}

void host_test_drop_result(struct host_test *test)
{
	json_object_put(test->result);
	test->result = NULL;
}

void host_test_close(struct host_test *test)
{
	engine_close(test->engine);
	test->engine = NULL;
	host_test_drop_result(test);
	if (test->world->watch_handles)
		fail_msg("%zu watches of reservations were not freed", test->world->watch_handles);
}

/* Only there in programs built with the leak sanitizer. */
extern void __lsan_disable(void) __attribute__((weak));
extern void __lsan_enable(void) __attribute__((weak));

void host_test_deaths_begin(void)
{
	if (__lsan_disable)
		__lsan_disable();
}

void host_test_deaths_end(void)
{
	if (__lsan_enable)
		__lsan_enable();
}

void host_test_forget(struct host_test *test)
{
	/* A process that died frees nothing: known, and no leak. Volatile, or the compiler drops what nobody reads. */
	static struct engine *volatile dead[16];
	static size_t count;

	dead[count++ % ARRAY_SIZE(dead)] = test->engine;
	test->engine = NULL;
	host_test_drop_result(test);
	test->world->hold_handles = test->world->watch_handles = 0;
}

void host_test_end(struct host_test *test)
{
	host_test_close(test);
	world_free(test->world);
	test->world = NULL;
}

static int create(struct host_test *test)
{
	struct member_request members[MEMBERS_MAX] = { 0 };
	struct import_request request = { .id = "test", .members = members, .member_count = test->members };
	char id[IMPORT_ID_SIZE];
	bool created;

	for (unsigned i = 0; i < test->members; i++) {
		snprintf(members[i].source_wwid, WWID_SIZE, "%s", world_source_wwid(i));
		snprintf(members[i].destination_wwid, WWID_SIZE, "%s", world_destination_wwid(i));
	}
	return engine_import_create(test->engine, &request, NULL, id, &created, &test->err);
}

static void array_maps(struct host_test *test)
{
	for (unsigned i = 0; i < test->members; i++)
		world_map_lun(test->world, world_destination(i));
}

/* The host's disks stay; it is the array that stops showing the LUN. */
static void array_unmaps(struct host_test *test)
{
	for (unsigned i = 0; i < test->members; i++)
		world_unmap_lun(test->world, world_destination(i));
}

int host_test_ask(struct host_test *test, struct verb_request request)
{
	CLEANUP(verb_result_free) struct verb_result result = { 0 };
	int rc;

	host_test_drop_result(test);
	test->err = (struct error){ 0 };
	if (!request.import_id[0])
		snprintf(request.import_id, sizeof(request.import_id), "test");
	rc = engine_run(test->engine, &request, test->observer, &result, &test->err);
	test->result = verb_result_json(&result);
	return rc;
}

static int go(struct host_test *test, enum verb verb, enum side to)
{
	return host_test_ask(test, (struct verb_request){ .verb = verb, .to = to, .lease_ms = LEASE_NOT_GIVEN });
}

/* A held switch towards `to` that is released to `end`. An import that is there already needs no hold. */
static int hold_and_release(struct host_test *test, enum side to, enum side end)
{
	const char *there = to == SIDE_DESTINATION ? "on_destination" : "prepared";

	if (strcmp(host_test_state(test), "recovering") == 0)
		go(test, VERB_RELEASE, end);
	if (strcmp(host_test_state(test), there) != 0 && go(test, VERB_HOLD, to) < 0)
		return -1;
	return go(test, VERB_RELEASE, end);
}

/* Behind a held switch the way back is a held one too, as the error says. */
static int cancel(struct host_test *test)
{
	if (go(test, VERB_CANCEL, SIDE_SOURCE) == 0)
		return 0;
	if (test->err.code != ERR_HOLD_NEEDED || hold_and_release(test, SIDE_SOURCE, SIDE_SOURCE) < 0)
		return -1;
	return go(test, VERB_CANCEL, SIDE_SOURCE);
}

int host_test_run(struct host_test *test, int verb)
{
	host_test_drop_result(test);
	test->err = (struct error){ 0 };
	switch (verb) {
	case VERB_CREATE:
		return create(test);
	case VERB_PREPARE:
		array_maps(test);
		break;
	case VERB_SWITCH_BACK:
		return go(test, VERB_SWITCH, SIDE_SOURCE);
	case VERB_CANCEL:
		return cancel(test);
	case VERB_DELETE:
		if (strcmp(host_test_state(test), "cancelled") == 0)
			array_unmaps(test);
		return engine_import_delete(test->engine, "test", &test->err);
	case VERB_HELD_SWITCH:
		return hold_and_release(test, SIDE_DESTINATION, SIDE_DESTINATION);
	case VERB_HELD_SWITCH_BACK:
		return hold_and_release(test, SIDE_SOURCE, SIDE_SOURCE);
	case VERB_HOLD_BACK:
		return hold_and_release(test, SIDE_DESTINATION, SIDE_SOURCE);
	}
	return go(test, (enum verb)verb, SIDE_DESTINATION);
}

void host_test_must(struct host_test *test, int verb)
{
	char text[1024];

	if (host_test_run(test, verb) == 0)
		return;
	error_format(&test->err, text, sizeof(text));
	fail_msg("%s: [%s] step %s: %s\n%s\ncalls:\n%s", verb_names[verb], error_name(test->err.code), test->err.step,
		 text, test->result ? json_object_to_json_string(test->result) : "", host_test_calls(test));
}

const char *host_test_state(struct host_test *test)
{
	const struct import *import = engine_find(test->engine, "test");

	return import ? import_state_name(import->state) : "";
}

struct json_object *host_test_report(struct host_test *test)
{
	CLEANUP(import_reports_free) struct import_reports imports = { 0 };

	assert_int_equal(engine_report_imports(test->engine, &imports, &test->err), 0);
	for (size_t i = 0; i < imports.count; i++)
		if (strcmp(imports.list[i].id, "test") == 0)
			return import_json(&imports.list[i]);
	fail_msg("there is no import \"test\" to report");
	return NULL;
}

const char *host_test_attention(struct host_test *test)
{
	const struct import *import = engine_find(test->engine, "test");

	return import ? import->attention.detail : "";
}

const char *host_test_calls(const struct host_test *test)
{
	enum { TAIL = 500 };
	size_t length = test->world->log_length;

	return test->world->log + (length > TAIL ? length - TAIL : 0);
}

static const char *disks_disagree(struct fake_world *world)
{
	struct fake_world *fresh = world_save(world);
	static char why[256];

	why[0] = '\0';
	udev_reload(fresh);
	for (int i = 0; i < fresh->disk_count && !why[0]; i++) {
		struct fake_disk *disk = &fresh->disks[i];
		char now[WWID_SIZE], then[WWID_SIZE];

		if (disk->place != DISK_PRESENT)
			continue;
		property_get(disk->properties, "ID_SERIAL", now, sizeof(now));
		udev_disk_event(fresh, disk, "change");
		property_get(disk->properties, "ID_SERIAL", then, sizeof(then));
		if (strcmp(now, then) != 0)
			snprintf(why, sizeof(why), "udev has %s as %s, the rules on disk say %s", disk->name, now,
				 then);
	}
	world_free(fresh);
	return why[0] ? why : NULL;
}

static const char *map_disagrees(struct fake_world *world, const struct fake_map *map)
{
	struct fake_disk *disks[DISKS_MAX];
	size_t count = world_table_disks(world, map->active, disks);
	static char why[256];

	if (map->inactive[0] || map->suspended) {
		snprintf(why, sizeof(why), "%s %s", map->name, map->suspended ? "is suspended" : "has a loaded table");
		return why;
	}
	for (size_t i = 0; i < count; i++) {
		char presented[WWID_SIZE];

		property_get(disks[i] ? disks[i]->properties : "", "ID_SERIAL", presented, sizeof(presented));
		if (strcmp(presented, map->uuid + strlen("mpath-")) == 0)
			continue;
		snprintf(why, sizeof(why), "%s has path %s, which presents %s", map->name,
			 disks[i] ? disks[i]->name : "(gone)", presented);
		return why;
	}
	return NULL;
}

const char *host_test_disagreement(struct host_test *test)
{
	struct fake_world *world = test->world;
	const char *why;

	udev_settle(world);
	world_check(world);
	if (world->violations[0])
		return world->violations;
	if (!world->multipathd_running)
		return "multipathd does not run";
	if (world->holds || world->hold_handles)
		return "a hold was not released or freed";
	for (size_t i = 0; i < MAPS_MAX; i++) {
		if (!world->maps[i].exists || strncmp(world->maps[i].uuid, "mpath-", 6) != 0)
			continue;
		why = map_disagrees(world, &world->maps[i]);
		if (why)
			return why;
	}
	return disks_disagree(world);
}

void host_test_expect_side(struct host_test *test, enum side side)
{
	for (unsigned i = 0; i < test->members; i++) {
		struct fake_disk *disks[DISKS_MAX];
		const struct fake_map *map = world_map(test->world, test->world->apps[i].map);
		size_t count = world_table_disks(test->world, map->active, disks);

		assert_int_not_equal(count, 0);
		for (size_t k = 0; k < count; k++)
			assert_int_equal(disks[k]->lun, side == SIDE_SOURCE ? world_source(i) : world_destination(i));
	}
}

void host_test_expect(struct host_test *test, const char *state, enum side side)
{
	const char *why = host_test_disagreement(test);

	if (why)
		fail_msg("%s\ncalls:\n%s", why, host_test_calls(test));
	assert_string_equal(host_test_state(test), state);
	if (strcmp(state, "recovering") != 0 && strcmp(state, "needs_attention") != 0)
		assert_string_equal(host_test_attention(test), "");
	host_test_expect_side(test, side);
}
