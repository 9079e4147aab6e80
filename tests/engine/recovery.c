/*
 * Recovering on a fake host; see recovery.h.
 */
#include "recovery.h"

#include "dm-import/core/engine.h"

struct host_test recovery_test;

const struct recovery_scene recovery_scenes[RECOVERY_SCENES] = {
	{ "new", SIDE_SOURCE, { VERB_CREATE }, 1 },
	{ "prepared", SIDE_SOURCE, { VERB_CREATE, VERB_PREPARE }, 2 },
	{ "on_destination", SIDE_DESTINATION, { VERB_CREATE, VERB_PREPARE, VERB_SWITCH }, 3 },
	{ "committed", SIDE_DESTINATION, { VERB_CREATE, VERB_PREPARE, VERB_SWITCH, VERB_COMMIT }, 4 },
};

/* Where the identities are; what stood there then. */
enum { COPIES = 5 };
static const char *const copies[COPIES] = {
	"/etc/dm-import/identity",
	"/etc/udev/rules.d/11-dm-import.rules",
	"/etc/udev/rules.d/55-z-dm-import.rules",
	"/etc/udev/rules.d/61-dm-import.rules",
	"/etc/udev/rules.d/99-zz-dm-import.rules",
};
static char *older[COPIES], *older_journal;

static void keep(const char *path, char **ret)
{
	const struct fake_file *file = world_file(recovery_test.world, path);

	free(*ret);
	*ret = file ? strdup(file->text) : NULL;
}

void recovery_keep_files(void)
{
	for (size_t i = 0; i < COPIES; i++)
		keep(copies[i], &older[i]);
	keep("/var/lib/dm-import/journal", &older_journal);
}

void recovery_older_identities(void)
{
	for (size_t i = 0; i < COPIES; i++)
		world_write_file(recovery_test.world, copies[i], older[i], 0600);
}

void recovery_older_journal(void)
{
	world_write_file(recovery_test.world, "/var/lib/dm-import/journal", older_journal, 0600);
}

void recovery_lead_to(size_t scene)
{
	host_test_begin(&recovery_test, RECOVERY_MEMBERS, 2);
	assert_int_equal(host_test_open(&recovery_test), 0);
	for (size_t i = 0; i < recovery_scenes[scene].length; i++) {
		if (recovery_scenes[scene].way[i] == VERB_COMMIT)
			for (unsigned m = 0; m < RECOVERY_MEMBERS; m++)
				world_finish_copy(recovery_test.world, world_destination(m));
		if (i + 1 == recovery_scenes[scene].length)
			recovery_keep_files();
		host_test_must(&recovery_test, recovery_scenes[scene].way[i]);
	}
	host_test_expect(&recovery_test, recovery_scenes[scene].state, recovery_scenes[scene].side);
}

struct fake_map *recovery_live_map(unsigned member)
{
	return world_map(recovery_test.world, recovery_test.world->apps[member].map);
}

struct fake_map *recovery_idle_map(unsigned member)
{
	char uuid[UUID_SIZE];

	snprintf(uuid, sizeof(uuid), "mpath-%s", world_destination_wwid(member));
	return world_map_by_uuid(recovery_test.world, uuid);
}

int recovery_run(const char *wwid, bool dry_run)
{
	struct verb_request request = { .verb = VERB_RECOVER, .dry_run = dry_run };

	snprintf(request.wwid, sizeof(request.wwid), "%s", wwid);
	return host_test_ask(&recovery_test, request);
}

void recovery_must(void)
{
	char text[1024];

	if (recovery_run(world_source_wwid(0), false) == 0)
		return;
	error_format(&recovery_test.err, text, sizeof(text));
	fail_msg("[%s] step %s: %s\n%s\ncalls:\n%s", error_name(recovery_test.err.code), recovery_test.err.step, text,
		 json_object_to_json_string(recovery_test.result), host_test_calls(&recovery_test));
}

/* "map_suspended identity_wrong": of the last run. */
const char *recovery_codes(void)
{
	struct json_object *findings = json_object_object_get(recovery_test.result, "findings");
	static char text[512];

	text[0] = '\0';
	for (size_t i = 0; i < json_object_array_length(findings); i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
			 json_object_get_string(
				 json_object_object_get(json_object_array_get_idx(findings, i), "code")));
	}
	return text;
}

size_t recovery_actions(bool done)
{
	struct json_object *rows = json_object_object_get(recovery_test.result, "actions");
	size_t count = 0;

	for (size_t i = 0; i < json_object_array_length(rows); i++)
		count += json_object_get_boolean(json_object_object_get(json_object_array_get_idx(rows, i), "done")) ==
			 done;
	return count;
}

/* A state that breaks an invariant by itself does so at each call until it is repaired. Forget the violations that say
 * `part`. */
void recovery_forgive(const char *part)
{
	char *line = recovery_test.world->violations;

	while (part && *line) {
		char *next = strchr(line, '\n') + 1;
		const char *at = strstr(line, part);

		if (at && at < next)
			memmove(line, next, strlen(next) + 1);
		else
			line = next;
	}
}

/* Looking finds exactly this, and touches nothing. */
void recovery_dry_run_must_tell(const char *expected)
{
	char *before = world_dump(recovery_test.world), *after;

	world_begin(recovery_test.world, NULL);
	assert_int_equal(recovery_run(world_destination_wwid(1), true), 0);
	assert_string_equal(recovery_codes(), expected);
	assert_int_equal(recovery_test.world->changing_calls, 0);
	assert_int_equal(recovery_actions(true), 0);
	after = world_dump(recovery_test.world);
	assert_string_equal(after, before);
	free(before);
	free(after);
	world_begin(recovery_test.world, NULL); /* what the person broke is not held against the engine */
}

void recovery_nothing_is_left(void)
{
	char *before = world_dump(recovery_test.world), *after;

	recovery_must();
	assert_string_equal(recovery_codes(), "");
	assert_int_equal(recovery_actions(true) + recovery_actions(false), 0);
	after = world_dump(recovery_test.world);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

void recovery_must_leave_it_alone(const char *findings, enum error_code code, const char *state)
{
	struct fake_world *before;
	char *here, *there;

	recovery_dry_run_must_tell(findings);
	assert_non_null(json_object_object_get(
		json_object_array_get_idx(json_object_object_get(recovery_test.result, "findings"), 0), "remedy"));
	before = world_save(recovery_test.world);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(recovery_run(world_source_wwid(0), false), -1);
		assert_int_equal(recovery_test.err.code, code);
		assert_int_equal(recovery_actions(true) + recovery_actions(false), 0);
		assert_string_equal(host_test_state(&recovery_test), state);
	}
	world_remove_file(before, "/var/lib/dm-import/journal");
	here = world_dump(before);
	world_free(before);
	before = world_save(recovery_test.world);
	world_remove_file(before, "/var/lib/dm-import/journal");
	there = world_dump(before);
	world_free(before);
	assert_string_equal(here, there);
	free(here);
	free(there);
}

void recovery_check_at_boot(struct fake_world *world)
{
	CLEANUP_FREE char *text = NULL;
	struct error err = { 0 };
	bool well = false;

	if (engine_boot_check(&recovery_test.options, &recovery_test.ports.host, &text, &well, &err) < 0 || !well)
		fail_msg("%s: the check at boot says %s%s\ncalls:\n%s", world->failures, text ? text : "", err.detail,
			 host_test_calls(&recovery_test));
}

void recovery_two_imports(bool both)
{
	struct member_request member = { 0 };
	struct import_request request = { .id = "other", .members = &member, .member_count = 1 };
	struct verb_request other = { .verb = VERB_PREPARE, .import_id = "other", .to = SIDE_DESTINATION };
	char id[IMPORT_ID_SIZE];
	bool created;

	host_test_begin(&recovery_test, 2, 2);
	recovery_test.members = 1;
	assert_int_equal(host_test_open(&recovery_test), 0);
	host_test_must(&recovery_test, VERB_CREATE);
	host_test_must(&recovery_test, VERB_PREPARE);
	host_test_must(&recovery_test, VERB_SWITCH);
	snprintf(member.source_wwid, WWID_SIZE, "%s", world_source_wwid(1));
	snprintf(member.destination_wwid, WWID_SIZE, "%s", world_destination_wwid(1));
	assert_int_equal(engine_import_create(recovery_test.engine, &request, NULL, id, &created, &recovery_test.err),
			 0);
	if (!both)
		return;
	world_map_lun(recovery_test.world, world_destination(1));
	assert_int_equal(host_test_ask(&recovery_test, other), 0);
	recovery_keep_files();
	other.verb = VERB_SWITCH;
	assert_int_equal(host_test_ask(&recovery_test, other), 0);
}

/* How importcli does it when no agent runs. */
void recovery_open_torn(void)
{
	recovery_test.options.leave_torn = true;
	assert_int_equal(host_test_open(&recovery_test), 0);
}

void recovery_remove_rules(void)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (recovery_test.world->files[i].text && strstr(recovery_test.world->files[i].path, "rules.d"))
			world_remove_file(recovery_test.world, recovery_test.world->files[i].path);
}

/* udev looks again, without our rules. multipathd did not see it, or all would be lost. */
void recovery_remove_rules_and_trigger(void)
{
	multipathd_stop(recovery_test.world);
	recovery_remove_rules();
	udev_reload(recovery_test.world);
	for (int i = 0; i < recovery_test.world->disk_count; i++)
		if (recovery_test.world->disks[i].place == DISK_PRESENT)
			udev_disk_event(recovery_test.world, &recovery_test.world->disks[i], "change");
}

void recovery_damage(const char *path)
{
	struct fake_file *file = world_file(recovery_test.world, path);

	assert_non_null(file);
	file->text[strlen(file->text) - 2] ^= 1;
}

void recovery_damage_all(void)
{
	for (size_t i = 0; i < COPIES; i++)
		recovery_damage(copies[i]);
}

void recovery_remove_journal(void)
{
	world_remove_file(recovery_test.world, "/var/lib/dm-import/journal");
}

void recovery_scan_again(void)
{
	world_scan(recovery_test.world);
}
