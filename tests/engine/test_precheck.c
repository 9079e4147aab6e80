/*
 * Bad input and bad hosts: each finding of the pre-check with its code, found by the pre-check, by prepare and by the
 * switch; and "nothing changes": the host is the same before and after a refused verb.
 */
#include "engine_test.h"

static struct host_test test;

/* The n-th path's disk of the pair's destination or source. */
static struct fake_disk *path_of(int lun, unsigned nth)
{
	for (int i = 0; i < test.world->disk_count; i++)
		if (test.world->disks[i].lun == lun && nth-- == 0)
			return &test.world->disks[i];
	return NULL;
}

static struct fake_lun *source(void)
{
	return &test.world->luns[world_source(0)];
}

static struct fake_lun *destination(void)
{
	return &test.world->luns[world_destination(0)];
}

static struct fake_map *live(void)
{
	return world_map(test.world, world_source_wwid(0));
}

static void smaller(void)
{
	destination()->size_bytes -= 8192;
}

static void larger(void)
{
	destination()->size_bytes += 8192;
}

static void other_sectors(void)
{
	destination()->logical_sector_size = 4096;
}

static void lower_max_io(void)
{
	destination()->limits.max_io /= 2;
}

static void lower_max_segments(void)
{
	destination()->limits.max_segments /= 2;
}

static void lower_segment_size(void)
{
	destination()->limits.max_segment_size /= 2;
}

static void coarser_alignment(void)
{
	source()->limits.dma_alignment = live()->limits.dma_alignment = 3;
	destination()->limits.dma_alignment = 511;
}

static void no_discard(void)
{
	destination()->limits.max_discard = 0;
}

static void other_protocol(void)
{
	destination()->protocol = PROTOCOL_ISCSI;
}

static void path_offline(void)
{
	path_of(world_destination(0), 1)->offline = true;
}

static void source_path_offline(void)
{
	path_of(world_source(0), 1)->offline = true;
}

static void source_closed(void)
{
	live()->open_count = 0;
}

static void source_bypassed(void)
{
	world_add_user(test.world, path_of(world_source(0), 0)->name, USER_SWAP, "swap");
}

static void use_destination(enum user_kind kind)
{
	world_add_user(test.world, path_of(world_destination(0), 0)->name, kind, "somebody");
}

static void destination_mounted(void)
{
	use_destination(USER_MOUNT);
}

static void destination_in_lvm(void)
{
	use_destination(USER_LVM);
}

static void destination_in_md(void)
{
	use_destination(USER_MD);
}

static void destination_swap(void)
{
	use_destination(USER_SWAP);
}

static void destination_under_dm(void)
{
	use_destination(USER_DM);
}

static void destination_partition(void)
{
	use_destination(USER_PARTITION);
}

/* A key of whom nobody can say. */
static void source_reserved(void)
{
	const struct pr_request request = { .action = PR_REGISTER, .service_action_key = 0xabc };

	source()->pr.no_full_status = true;
	for (uint16_t port = 1; port <= 2; port++)
		world_pr_out(test.world, world_source(0), &(struct pr_nexus){ "fc:2100000000000001", port, 0 },
			     &request);
}

static void recheck_wwid(void)
{
	test.world->settings.recheck_wwid = true;
}

static void uid_attribute(void)
{
	strcpy(test.world->settings.uid_attribute, "ID_WWN");
}

static void unit_depends(void)
{
	strcpy(test.world->dependents, "database.service");
}

static void initramfs_failed(void)
{
	world_write_file(test.world, "/run/dm-import/initramfs-failed", "no space\n", 0644);
}

static void other_product(void)
{
	world_write_file(test.world, "/sys/module/emcp/version", "7\n", 0444);
}

static void disk_full(void)
{
	test.world->free_bytes = 100000;
}

static void unknown_array(void)
{
	strcpy(destination()->vendor, "NONAME");
}

static void unaligned(void)
{
	source()->size_bytes -= 512;
	destination()->size_bytes -= 512;
	world_reboot(test.world);
}

static void multipathd_down(void)
{
	char *reply = NULL;

	test.ports.multipathd.command(test.world, "forcequeueing daemon", &reply, NULL);
	free(reply);
	multipathd_stop(test.world);
}

struct bad_host {
	void (*spoil)(void);
	const char *code, *severity;
	bool only_before_prepare; /* cannot come about afterwards, or then is another finding */
};

static const struct bad_host bad_hosts[] = {
	{ smaller, "size_smaller", "error", false },
	{ larger, "size_larger", "error", false },
	{ other_sectors, "sector_size_differs", "error", false },
	{ lower_max_io, "queue_limit_lower", "error", false },
	{ lower_max_segments, "queue_limit_lower", "error", false },
	{ lower_segment_size, "queue_limit_lower", "error", false },
	{ coarser_alignment, "queue_limit_lower", "error", false },
	{ no_discard, "discard_differs", "warning", false },
	{ other_protocol, "protocol_differs", "error", false },
	{ path_offline, "destination_paths_failed", "error", false },
	{ source_path_offline, "source_paths_failed", "warning", false },
	{ source_closed, "source_not_open", "error", false },
	{ source_bypassed, "source_bypassed", "error", false },
	{ destination_mounted, "destination_in_use", "error", false },
	{ destination_in_lvm, "destination_in_use", "error", false },
	{ destination_in_md, "destination_in_use", "error", false },
	{ destination_swap, "destination_in_use", "error", false },
	{ destination_under_dm, "destination_in_use", "error", false },
	{ destination_partition, "destination_in_use", "error", false },
	{ source_reserved, "pr_key_unknown", "error", false },
	{ recheck_wwid, "recheck_wwid", "error", false },
	{ uid_attribute, "uid_attribute", "error", false },
	{ unit_depends, "multipathd_dependents", "error", false },
	{ other_product, "product_conflict", "error", false },
	{ initramfs_failed, "initramfs_old", "warning", false },
	{ disk_full, "no_space", "error", false },
	{ unknown_array, "array_unknown", "warning", false },
	{ unaligned, "size_unaligned", "error", true },
	{ multipathd_down, "multipathd_not_running", "error", false },
};

/* True when the last result has a finding of this code and severity. */
static bool found(const char *code, const char *severity)
{
	struct json_object *findings = NULL, *value;

	if (!test.result || !json_object_object_get_ex(test.result, "findings", &findings))
		return false;
	for (size_t i = 0; i < json_object_array_length(findings); i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);

		value = json_object_object_get(finding, "code");
		if (strcmp(json_object_get_string(value), code) != 0)
			continue;
		value = json_object_object_get(finding, "severity");
		return strcmp(json_object_get_string(value), severity) == 0 &&
		       json_object_get_string_len(json_object_object_get(finding, "remedy")) > 0;
	}
	return false;
}

static void must_find(const struct bad_host *bad)
{
	if (!found(bad->code, bad->severity))
		fail_msg("expected %s \"%s\", got [%s] %s: %s", bad->severity, bad->code, error_name(test.err.code),
			 test.err.detail, test.result ? json_object_to_json_string(test.result) : "nothing");
}

/* Of the journal, the part of the newest record that says how the import stands. */
static void keep_newest_record(char *text)
{
	char *journal = strstr(text, "dm-import-journal 1\n"), *end = strstr(journal, "\n\n"), *at = end;

	while (strncmp(at, "\"record\":", 9) != 0)
		at--;
	memmove(journal, at, strlen(at) + 1);
}

/*
 * The host as text, without what a refused verb may leave: the journal's history, the time of the last change in the
 * import's record, and what multipath remembers about WWIDs.
 */
static char *comparable_dump(void)
{
	char *text = world_dump(test.world), *at;
	size_t length;

	keep_newest_record(text);
	while ((at = strstr(text, "\"updated_ms\":"))) {
		length = strcspn(at, ",");
		memmove(at, at + length, strlen(at + length) + 1);
	}
	at = strstr(text, "file /etc/multipath/wwids");
	if (at) {
		length = (size_t)(strstr(at, "\n\n") - at);
		memmove(at, at + length, strlen(at + length) + 1);
	}
	return text;
}

/* Fails with the first line that differs. */
static void must_be_unchanged(const char *before, const char *what)
{
	char *text = comparable_dump();
	const char *after = text;

	while (*before && strcspn(before, "\n") == strcspn(after, "\n") &&
	       strncmp(before, after, strcspn(before, "\n") + 1) == 0) {
		before += strcspn(before, "\n") + 1;
		after += strcspn(after, "\n") + 1;
	}
	if (*before || *after)
		fail_msg("%s changed the host:\n- %.300s\n+ %.300s", what, before, after);
	free(text);
}

static int precheck(void)
{
	return host_test_ask(&test, (struct verb_request){ .verb = VERB_PRECHECK });
}

static void begin(size_t verbs)
{
	static const int way[] = { VERB_CREATE, VERB_PREPARE, VERB_SWITCH, VERB_COMMIT };

	host_test_begin(&test, 1, 2);
	assert_int_equal(host_test_open(&test), 0);
	for (size_t i = 0; i < verbs; i++)
		host_test_must(&test, way[i]);
}

/* Spoiled before prepare: prepare refuses, nothing is left of what it began. */
static void prepare_finds(void **state)
{
	const struct bad_host *bad = *state;
	bool error = strcmp(bad->severity, "error") == 0;
	char *before;

	begin(1);
	bad->spoil();
	world_begin(test.world, NULL);
	before = comparable_dump();
	if (error) {
		assert_int_equal(host_test_run(&test, VERB_PREPARE), -1);
		assert_int_equal(test.err.code, ERR_PRECHECK_FAILED);
		must_find(bad);
		must_be_unchanged(before, "the refused prepare");
		assert_string_equal(host_test_state(&test), "new");
	} else {
		host_test_must(&test, VERB_PREPARE);
		assert_int_equal(precheck(), 0);
		must_find(bad);
	}
	assert_string_equal(test.world->violations, "");
	free(before);
	host_test_end(&test);
}

/* Spoiled behind prepare: the pre-check finds it and changes nothing; the switch refuses and changes nothing. */
static void switch_finds(void **state)
{
	const struct bad_host *bad = *state;
	bool error = strcmp(bad->severity, "error") == 0;
	char *before, *after;

	begin(2);
	bad->spoil();
	world_begin(test.world, NULL);
	before = world_dump(test.world);
	assert_int_equal(precheck(), 0);
	must_find(bad);
	after = world_dump(test.world);
	assert_string_equal(before, after);
	free(before);
	free(after);
	before = comparable_dump();
	if (error) {
		assert_int_equal(host_test_run(&test, VERB_SWITCH), -1);
		assert_int_equal(test.err.code, ERR_PRECHECK_FAILED);
		must_find(bad);
		must_be_unchanged(before, "the refused switch");
		assert_string_equal(host_test_state(&test), "prepared");
	} else {
		host_test_must(&test, VERB_SWITCH);
	}
	assert_string_equal(test.world->violations, "");
	free(before);
	host_test_end(&test);
}

static void good_host_passes(void **state)
{
	struct json_object *passed = NULL;

	(void)state;
	begin(2);
	assert_int_equal(precheck(), 0);
	assert_true(json_object_object_get_ex(test.result, "passed", &passed));
	assert_true(json_object_get_boolean(passed));
	assert_int_equal(json_object_array_length(json_object_object_get(test.result, "findings")), 0);
	host_test_end(&test);
}

static void destination_that_is_not_mapped(void **state)
{
	const struct bad_host absent = { NULL, "destination_absent", "info", false };
	char *before;

	(void)state;
	begin(1);
	assert_int_equal(precheck(), 0);
	must_find(&absent);
	before = comparable_dump();
	assert_int_equal(host_test_ask(&test, (struct verb_request){ .verb = VERB_PREPARE }), -1);
	assert_int_equal(test.err.code, ERR_DESTINATION_ABSENT);
	must_be_unchanged(before, "prepare without a destination");
	free(before);
	host_test_end(&test);
}

static void destination_with_too_few_paths(void **state)
{
	char *before;

	(void)state;
	begin(1);
	path_of(world_destination(0), 1)->place = DISK_NONE;
	before = comparable_dump();
	assert_int_equal(host_test_run(&test, VERB_PREPARE), -1);
	assert_int_equal(test.err.code, ERR_PATHS_TOO_FEW);
	must_be_unchanged(before, "prepare with one path");
	free(before);
	host_test_end(&test);
}

static void destination_that_multipathd_ignores(void **state)
{
	char *before;

	(void)state;
	begin(1);
	strcpy(test.world->settings.blacklisted, world_destination_wwid(0));
	before = comparable_dump();
	assert_int_equal(host_test_run(&test, VERB_PREPARE), -1);
	assert_true(test.err.code == ERR_DESTINATION_NO_MAP || test.err.code == ERR_MULTIPATHD_FAILED);
	must_be_unchanged(before, "prepare without a map");
	free(before);
	host_test_end(&test);
}

static void destination_that_does_not_answer(void **state)
{
	char *before;

	(void)state;
	begin(2);
	destination()->unanswering = true;
	before = comparable_dump();
	assert_int_equal(host_test_run(&test, VERB_SWITCH), -1);
	assert_int_equal(test.err.code, ERR_PATH_PROBE_FAILED);
	assert_string_equal(test.err.step, "probe");
	must_be_unchanged(before, "the switch to a dead LUN");
	free(before);
	host_test_end(&test);
}

static void source_that_does_not_answer_keeps_the_import_on_the_destination(void **state)
{
	(void)state;
	begin(3);
	source()->unanswering = true;
	assert_int_equal(host_test_run(&test, VERB_SWITCH_BACK), -1);
	assert_int_equal(test.err.code, ERR_PATH_PROBE_FAILED);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

static void map_that_cannot_be_held_in_time(void **state)
{
	const struct failure hung = { .kind = FAIL_BEFORE, .call = 2, .call_name = "dm.suspend", .sys_errno = EINTR };

	(void)state;
	begin(2);
	world_begin(test.world, &hung);
	assert_int_equal(host_test_run(&test, VERB_SWITCH), -1);
	assert_int_equal(test.err.code, ERR_HOLD_TIMEOUT);
	test.world->failure.kind = FAIL_NONE;
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	host_test_end(&test);
}

/* Which verb is possible in which state: 1 yes or already so, 0 STATE_WRONG. */
static void verbs_in_wrong_states(void **state)
{
	static const int verbs[] = {
		VERB_PREPARE, VERB_SWITCH, VERB_SWITCH_BACK, VERB_COMMIT, VERB_CANCEL, VERB_DELETE
	};
	static const bool possible[][ARRAY_SIZE(verbs)] = {
		[IMPORT_NEW] = { 1, 0, 0, 0, 1, 0 },
		[IMPORT_PREPARED] = { 1, 1, 1, 0, 1, 0 },
		[IMPORT_ON_DESTINATION] = { 1, 1, 1, 1, 1, 0 },
		[IMPORT_COMMITTED] = { 0, 0, 0, 1, 0, 1 },
		[IMPORT_CANCELLED] = { 0, 0, 0, 0, 1, 1 },
	};

	(void)state;
	for (size_t import_state = 0; import_state < ARRAY_SIZE(possible); import_state++)
		for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
			char *before;

			begin(import_state == IMPORT_CANCELLED ? 1 : import_state + 1);
			if (import_state == IMPORT_CANCELLED)
				host_test_must(&test, VERB_CANCEL);
			before = world_dump(test.world);
			if (possible[import_state][i]) {
				host_test_must(&test, verbs[i]);
			} else {
				char *after;

				assert_int_equal(host_test_run(&test, verbs[i]), -1);
				assert_int_equal(test.err.code, ERR_STATE_WRONG);
				if (verbs[i] != VERB_DELETE) {
					after = world_dump(test.world);
					assert_string_equal(before, after);
					free(after);
				}
			}
			free(before);
			host_test_end(&test);
		}
}

static void verbs_on_an_unknown_import(void **state)
{
	(void)state;
	begin(0);
	for (int verb = VERB_PRECHECK; verb <= VERB_RESERVATION + 1; verb++) {
		assert_int_equal(host_test_run(&test, verb <= VERB_RESERVATION ? verb : VERB_SWITCH_BACK), -1);
		assert_int_equal(test.err.code, ERR_IMPORT_UNKNOWN);
	}
	assert_int_equal(host_test_run(&test, VERB_DELETE), 0);
	host_test_end(&test);
}

int main(void)
{
	static struct CMUnitTest tests[2 * ARRAY_SIZE(bad_hosts) + 16];
	static char names[2 * ARRAY_SIZE(bad_hosts)][64];
	const struct CMUnitTest others[] = {
		cmocka_unit_test(good_host_passes),
		cmocka_unit_test(destination_that_is_not_mapped),
		cmocka_unit_test(destination_with_too_few_paths),
		cmocka_unit_test(destination_that_multipathd_ignores),
		cmocka_unit_test(destination_that_does_not_answer),
		cmocka_unit_test(source_that_does_not_answer_keeps_the_import_on_the_destination),
		cmocka_unit_test(map_that_cannot_be_held_in_time),
		cmocka_unit_test(verbs_in_wrong_states),
		cmocka_unit_test(verbs_on_an_unknown_import),
	};
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad_hosts); i++)
		for (int late = 0; late < (bad_hosts[i].only_before_prepare ? 1 : 2); late++, count++) {
			snprintf(names[count], sizeof(names[0]), "%s finds %s #%zu", late ? "switch" : "prepare",
				 bad_hosts[i].code, i);
			tests[count] = (struct CMUnitTest){ names[count], late ? switch_finds : prepare_finds, NULL,
							    NULL, (void *)&bad_hosts[i] };
		}
	memcpy(tests + count, others, sizeof(others));
	count += ARRAY_SIZE(others);
	return _cmocka_run_group_tests("precheck", tests, count, NULL, NULL);
}
