/*
 * The journal's file under the engine: torn records, a full disk, damage, compaction. That the journal is whole after
 * any failing call is for the sweeps; here they run once more with records that the power cut halves, and with a
 * journal that is compacted all the time.
 */
#include "dm-import/store/journal.h"

#include "sweep.h"

#include "dm-import/core/engine.h"

static const char path[] = "/var/lib/dm-import/journal";
static struct host_test test;
static int setup(void **state)
{
	(void)state;
	host_test_begin(&test, 1, 2);
	return host_test_open(&test);
}

static int setup_to_die(void **state)
{
	host_test_deaths_begin();
	return setup(state);
}

static int teardown(void **state)
{
	(void)state;
	host_test_end(&test);
	return 0;
}

static int teardown_dead(void **state)
{
	int result = teardown(state);

	host_test_deaths_end();
	return result;
}

static char *journal_text(void)
{
	return world_file(test.world, path)->text;
}

/* The journal as it is now; the text is the world's. */
static void parse(struct journal *ret)
{
	assert_int_equal(journal_parse(journal_text(), strlen(journal_text()), ret, NULL), 0);
	assert_int_equal(ret->damage.code, ERR_NONE);
	assert_false(ret->torn);
}

/* "created intent done" of the whole journal */
static void must_tell(const char *expected)
{
	CLEANUP_JOURNAL struct journal journal = { 0 };
	char events[512] = "";

	parse(&journal);
	for (size_t i = 0; i < journal.count; i++) {
		size_t used = strlen(events);

		assert_int_equal(journal.entries[i].sequence, i + 1);
		snprintf(events + used, sizeof(events) - used, "%s%s", i ? " " : "",
			 journal_event_name(journal.entries[i].event));
	}
	assert_string_equal(events, expected);
}

static void each_transition_is_told(void **state)
{
	(void)state;
	must_tell("");
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	host_test_must(&test, VERB_HELD_SWITCH);
	host_test_must(&test, VERB_HELD_SWITCH_BACK);
	assert_int_equal(engine_import_session(test.engine, "test", "paused", 7, &test.err), 0);
	host_test_must(&test, VERB_SWITCH);
	host_test_must(&test, VERB_CANCEL);
	host_test_must(&test, VERB_DELETE);
	must_tell("created intent done intent done intent done session intent done intent done intent done forgotten");
	host_test_close(&test);
	assert_int_equal(host_test_open(&test), 0);
	assert_int_equal(test.engine->import_count, 0);
}

static void torn_end_is_cut_off(void **state)
{
	static const char *const torn[] = { "2",
					    "2 1767225600000 ",
					    "2 1767225600000 0123456789abcdef {\"import\":\"te",
					    "2 1767225600000 0123456789abcdef {}\n",
					    "\xe2\x82",
					    "\n" };

	(void)state;
	host_test_must(&test, VERB_CREATE);
	host_test_close(&test);
	for (size_t i = 0; i < ARRAY_SIZE(torn); i++) {
		char *whole = strdup(journal_text()), *text = malloc(strlen(whole) + 100);

		snprintf(text, strlen(whole) + 100, "%s%s", whole, torn[i]);
		world_write_file(test.world, path, text, 0600);
		test.options.look_only = true; /* who only looks leaves it */
		assert_int_equal(host_test_open(&test), 0);
		assert_string_equal(host_test_state(&test), "new");
		host_test_close(&test);
		assert_string_equal(journal_text(), text);
		test.options.look_only = false;
		assert_int_equal(host_test_open(&test), 0);
		assert_string_equal(host_test_state(&test), "new");
		host_test_close(&test);
		assert_string_equal(journal_text(), whole);
		free(text);
		free(whole);
	}
}

static void fill_disk(struct fake_world *world)
{
	world->free_bytes = 0;
}

/* A reservation that is none. */
static void fill_disk_all(struct fake_world *world)
{
	world->free_bytes = 0;
	world_file(world, path)->reserved = 0;
}

/* The number of the call that the running verb makes behind the first one of `name`. */
static unsigned call_behind(const char *name)
{
	const char *at = strstr(test.world->log, name);
	unsigned number = 0;

	assert_non_null(at);
	while (at > test.world->log && at[-1] != '\n')
		at--;
	assert_int_equal(sscanf(at, "%u", &number), 1);
	return number + 1;
}

static void full_disk_refuses_the_verb(void **state)
{
	static const int verbs[] = { VERB_PREPARE, VERB_SWITCH, VERB_HOLD, VERB_SWITCH_BACK, VERB_CANCEL, VERB_COMMIT };
	static const int way[] = { VERB_PREPARE, VERB_SWITCH };
	static const size_t way_length[] = { 0, 1, 1, 2, 2, 2 };

	(void)state;
	host_test_must(&test, VERB_CREATE);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		struct fake_world *fresh;
		char *journal, before[32];

		host_test_close(&test);
		fresh = world_save(test.world);
		assert_int_equal(host_test_open(&test), 0);
		for (size_t k = 0; k < way_length[i]; k++)
			host_test_must(&test, way[k]);
		if (verbs[i] == VERB_COMMIT)
			world_finish_copy(test.world, world_destination(0));
		world_file(test.world, path)->reserved = 0;
		test.world->free_bytes = 4096;
		journal = strdup(journal_text());
		snprintf(before, sizeof(before), "%s", host_test_state(&test));
		assert_int_equal(host_test_run(&test, verbs[i]), -1);
		/* the pre-check of some verbs is there first */
		assert_true(test.err.code == ERR_NO_SPACE || test.err.code == ERR_PRECHECK_FAILED);
		host_test_expect(&test, before, way_length[i] == 2 ? SIDE_DESTINATION : SIDE_SOURCE);
		assert_string_equal(journal_text(), journal);
		test.world->free_bytes = 1 << 30;
		host_test_must(&test, verbs[i]);
		free(journal);
		host_test_close(&test);
		world_restore(test.world, fresh);
		world_free(fresh);
		assert_int_equal(host_test_open(&test), 0);
	}
}

/* The disk gets full behind the reservation: the records of the verb have their place, also that it is taken back. */
static void full_disk_behind_the_reservation(void **state)
{
	static const struct {
		int verb;
		const char *ends;
	} rows[] = { { VERB_CANCEL, "cancelled" },
		     { VERB_PREPARE, "new" } /* the pre-check in it finds the full disk */ };
	struct fake_world *fresh;
	unsigned call;

	(void)state;
	host_test_must(&test, VERB_CREATE);
	host_test_close(&test);
	fresh = world_save(test.world);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		world_restore(test.world, fresh);
		assert_int_equal(host_test_open(&test), 0);
		world_begin(test.world, NULL);
		host_test_must(&test, rows[i].verb);
		call = call_behind("host.reserve");
		host_test_close(&test);
		for (int reserved = 0; reserved <= 1; reserved++) {
			world_restore(test.world, fresh);
			assert_int_equal(host_test_open(&test), 0);
			world_begin(test.world, NULL);
			test.world->event_call = call + 1; /* behind the intent */
			test.world->event = reserved ? fill_disk : fill_disk_all;
			host_test_run(&test, rows[i].verb);
			assert_string_equal(host_test_state(&test), reserved ? rows[i].ends : "recovering");
			host_test_close(&test);
		}
	}
	world_free(fresh);
}

/* Die with the maps held; the guardian is dead, too. */
static void die_while_held(void)
{
	const struct failure failure = { .kind = DIE_AFTER, .call = 2, .call_name = "dm.suspend" };
	jmp_buf landing;

	world_begin(test.world, &failure);
	test.world->death = &landing;
	if (setjmp(landing) == 0) {
		host_test_run(&test, VERB_SWITCH);
		fail();
	}
	host_test_forget(&test);
	world_begin(test.world, NULL);
	assert_true(world_map(test.world, test.world->apps[0].map)->suspended);
	test.world->holds = 0; /* the dead process's; the kernel's are the maps themselves */
}

static void damaged_journal_is_not_guessed_at(void **state)
{
	char *before;

	(void)state;
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	die_while_held();
	journal_text()[strlen(journal_header) + 40] ^= 1;
	before = strdup(journal_text());
	assert_int_equal(host_test_open(&test), -1);
	assert_int_equal(test.err.code, ERR_STORE_DAMAGED);
	assert_string_equal(test.err.device, path);
	assert_non_null(strstr(test.err.detail, "line 2 "));
	assert_string_equal(journal_text(), before);
	/* the intent stands behind the damage: that the application waits for these maps is certain */
	assert_false(world_map(test.world, test.world->apps[0].map)->suspended);
	assert_string_equal(test.world->violations, "");
	free(before);
}

static void what_is_not_certain_is_left_alone(void **state)
{
	char *before, *end;

	(void)state;
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	die_while_held();
	end = journal_text() + strlen(journal_text());
	before = malloc(strlen(journal_text()) + 100);
	snprintf(before, strlen(journal_text()) + 100, "%s%s", journal_text(), "9 damage\n9 and more\n");
	assert_int_equal(*end, '\0');
	world_write_file(test.world, path, before, 0600);
	world_begin(test.world, NULL);
	assert_int_equal(host_test_open(&test), -1);
	assert_int_equal(test.err.code, ERR_STORE_DAMAGED);
	assert_true(world_map(test.world, test.world->apps[0].map)->suspended);
	assert_string_equal(journal_text(), before);
	free(before);
}

static void sessions(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(engine_import_session(test.engine, "test", "paused", i % 101, &test.err), 0);
}

static void compacted_when_opened(void **state)
{
	CLEANUP_JOURNAL struct journal journal = { 0 };

	(void)state;
	test.options.journal_keep = 5;
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	for (int i = 0; i < 3; i++) {
		host_test_must(&test, VERB_SWITCH);
		host_test_must(&test, VERB_SWITCH_BACK);
	}
	sessions(20);
	host_test_close(&test);
	assert_int_equal(host_test_open(&test), 0);
	sessions(1);
	parse(&journal);
	assert_int_equal(journal.count, 6);
	assert_int_equal(journal.entries[0].sequence, 12);
	assert_int_equal(journal.entries[3].sequence, 15);
	assert_int_equal(journal.entries[4].sequence, 35); /* of the sessions the newest alone */
	assert_int_equal(journal_last_sequence(&journal), 36);
}

/* It has to grow to twice what was left before it is done again. */
static void compacted_above_the_limit(void **state)
{
	size_t largest = 0, smaller = 0, length, before = 0;

	(void)state;
	test.options.journal_keep = 5;
	test.options.journal_limit = 8000;
	host_test_close(&test);
	assert_int_equal(host_test_open(&test), 0);
	host_test_must(&test, VERB_CREATE);
	for (unsigned i = 0; i < 100; i++, before = length) {
		sessions(1);
		length = strlen(journal_text());
		largest = length > largest ? length : largest;
		smaller += length < before;
	}
	assert_in_range(largest, 7000, 8999);
	assert_in_range(smaller, 5, 20);
	host_test_close(&test);
	assert_int_equal(host_test_open(&test), 0);
	assert_string_equal(host_test_state(&test), "new");
}

/* A stuck import keeps its reservation, and the file does not grow for ever. */
static void compacted_when_stuck(void **state)
{
	const struct failure failure = {
		.kind = FAIL_BEFORE, .call = 1, .call_name = "multipathd.start", .lasting = true
	};
	size_t length = 0, before = 0, smaller = 0;

	(void)state;
	test.options.journal_limit = 1000;
	host_test_close(&test);
	assert_int_equal(host_test_open(&test), 0);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	world_begin(test.world, &failure);
	assert_int_equal(host_test_run(&test, VERB_SWITCH), -1);
	assert_string_equal(host_test_state(&test), "recovering");
	test.world->failure.kind = FAIL_NONE;
	for (unsigned i = 0; i < 100; i++, before = length) {
		sessions(1);
		length = strlen(journal_text());
		assert_in_range(length, 1000, 8999);
		smaller += length < before;
	}
	assert_in_range(smaller, 3, 20);
	assert_true(world_file(test.world, path)->reserved > 100000);
	host_test_must(&test, VERB_SWITCH);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
}

/* --- sweeps --- */

static void compact_always(struct fake_world *world)
{
	(void)world;
	sweep_test.options.journal_limit = 1;
	sweep_test.options.journal_keep = 1;
}

static int with_compaction(void **state)
{
	(void)state;
	sweep_scene = compact_always;
	return 0;
}

static int without_compaction(void **state)
{
	(void)state;
	sweep_scene = NULL;
	return 0;
}

static int run_sweeps(void)
{
	static const enum failure_kind kinds[] = { FAIL_BEFORE, FAIL_AFTER, DIE_AFTER, POWER_CUT };
	static const char *const calls[] = { "host.append", "host.replace", "host.read_bytes" };
	static struct sweep_case cases[SWEEPS * (1 + 4 * 3)];
	static struct CMUnitTest tests[ARRAY_SIZE(cases)];
	static char names[ARRAY_SIZE(cases)][128];
	size_t count = 0;

	for (size_t i = 0; i < SWEEPS; i++) {
		for (size_t k = 0; k < 1 + ARRAY_SIZE(kinds) * ARRAY_SIZE(calls); k++) {
			const char *call = k == 0 ? "host.append" : calls[(k - 1) % ARRAY_SIZE(calls)];
			enum failure_kind kind = k == 0 ? POWER_CUT_WITHIN : kinds[(k - 1) / ARRAY_SIZE(calls)];

			cases[count] = (struct sweep_case){
				.sweep = &sweeps[i], .kind = kind, .members = 1, .call_name = call
			};
			snprintf(names[count], sizeof(names[0]), "%s from \"%s\": %s %s%s", verb_names[sweeps[i].verb],
				 sweeps[i].first, call, failure_kind_names[kind], k ? ", compacting" : "");
			tests[count] = (struct CMUnitTest){ names[count], sweep_verb, k ? with_compaction : NULL,
							    without_compaction, &cases[count] };
			count++;
		}
	}
	return _cmocka_run_group_tests("journal_sweep", tests, count, NULL, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_WORLD(each_transition_is_told),
		WITH_WORLD(torn_end_is_cut_off),
		WITH_WORLD(full_disk_refuses_the_verb),
		WITH_WORLD(full_disk_behind_the_reservation),
		WITH_WORLD(compacted_when_opened),
		WITH_WORLD(compacted_above_the_limit),
		WITH_WORLD(compacted_when_stuck),
		cmocka_unit_test_setup_teardown(damaged_journal_is_not_guessed_at, setup_to_die, teardown_dead),
		cmocka_unit_test_setup_teardown(what_is_not_certain_is_left_alone, setup_to_die, teardown_dead),
	};
	int failed = cmocka_run_group_tests_name("journal", tests, NULL, NULL) + run_sweeps();

	printf("# %u combinations\n", sweep_combinations);
	return failed;
}
