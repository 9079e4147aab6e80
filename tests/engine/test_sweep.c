/*
 * The big sweep: for each verb, each port call that it makes, and each way in which that call can go wrong (fails
 * before or after its work, the process dies before or behind it, the power is cut), the same questions:
 *
 *   - the import's state is the first or the last one, and everything on the host agrees
 *   - the application saw no error, no stall and no stale data, no map stayed suspended
 *   - the verb, sent again, leads to the last state
 *   - or cancel, sent instead, leads back to the source
 *
 * The test cases are named after the verb and the kind of failure; a failing one tells the call.
 */
#include "engine_test.h"

static const char *const kind_names[] = { "none",	 "fails before",       "process dies before",
					  "fails after", "process dies after", "power is cut after" };

struct sweep {
	enum verb verb;
	enum failure_kind kind;
	unsigned members;
	const enum verb *way; /* the verbs that lead to the first state */
	size_t way_length;
	const char *first, *last;
	const char *middle; /* cancel goes back to the source first, which is a state of its own */
	enum side first_side, last_side;
	bool can_cancel; /* the source is still up to date */
	bool copied;	 /* the array has finished before the verb */
};

static struct host_test test;
static unsigned combinations;

/* Dying processes free nothing; that is not a leak. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void must_agree(const struct sweep *sweep, const char *when, enum side side)
{
	const char *why = host_test_disagreement(&test);

	if (why)
		fail_msg("%s, when %s %s; %s: %s\ncalls:\n%s", verb_names[sweep->verb], test.world->failed_call,
			 kind_names[sweep->kind], when, why, host_test_calls(&test));
	host_test_expect(&test, host_test_state(&test), side);
}

static bool state_is(const char *state)
{
	return strcmp(host_test_state(&test), state) == 0;
}

/* Run the verb with the failure in it. False when the process died. */
static bool run_failing(enum verb verb, int *ret)
{
	jmp_buf landing;

	test.world->death = &landing;
	if (setjmp(landing) != 0) {
		host_test_forget(&test);
		return false;
	}
	*ret = host_test_run(&test, verb);
	return true;
}

/* After a death the guardian releases what is held, or the host reboots; then the agent starts again. */
static void come_back(const struct sweep *sweep)
{
	if (sweep->kind == POWER_CUT)
		world_reboot(test.world);
	else
		world_guardian(test.world);
	test.world->failure.kind = FAIL_NONE;
	if (host_test_open(&test) < 0)
		fail_msg("%s, when %s %s: the engine does not open: [%s] %s", verb_names[sweep->verb],
			 test.world->failed_call, kind_names[sweep->kind], error_name(test.err.code), test.err.detail);
}

static void must_run(const struct sweep *sweep, enum verb verb)
{
	if (host_test_run(&test, verb) < 0)
		fail_msg("%s, when %s %s: afterwards %s fails: [%s] step %s: %s %s\n%s\ncalls:\n%s",
			 verb_names[sweep->verb], test.world->failed_call, kind_names[sweep->kind], verb_names[verb],
			 error_name(test.err.code), test.err.step, test.err.device, test.err.detail,
			 test.result ? json_object_to_json_string(test.result) : "", host_test_calls(&test));
}

static void state_must_be_first_or_last(const struct sweep *sweep, bool says_done)
{
	bool before = state_is(sweep->first) || (sweep->middle && state_is(sweep->middle));

	if (!state_is(sweep->last) && (says_done || !before))
		fail_msg("%s, when %s %s: the state is \"%s\" (%s); [%s] step %s: %s %s\ncalls:\n%s",
			 verb_names[sweep->verb], test.world->failed_call, kind_names[sweep->kind],
			 host_test_state(&test), host_test_attention(&test), error_name(test.err.code), test.err.step,
			 test.err.device, test.err.detail, host_test_calls(&test));
}

/* The verb again; then, from the same torn host, cancel instead. */
static void retry_and_cancel(const struct sweep *sweep)
{
	struct fake_world *torn;

	host_test_close(&test);
	torn = world_save(test.world);
	assert_int_equal(host_test_open(&test), 0);
	must_run(sweep, sweep->verb);
	state_must_be_first_or_last(sweep, true);
	must_agree(sweep, "the verb sent again", sweep->last_side);
	host_test_close(&test);
	world_restore(test.world, torn);
	world_free(torn);
	assert_int_equal(host_test_open(&test), 0);
	if (sweep->can_cancel && !state_is("")) {
		must_run(sweep, VERB_CANCEL);
		if (!state_is("cancelled"))
			fail_msg("cancel leads to %s", host_test_state(&test));
		must_agree(sweep, "cancelled", SIDE_SOURCE);
	}
	host_test_close(&test);
}

/* One combination. False when the verb ended before its n-th call: the sweep is done. */
static bool combine(const struct sweep *sweep, const struct fake_world *start, unsigned call)
{
	const struct failure failure = { .kind = sweep->kind, .call = call };
	bool lives, hit;
	int rc = -1;

	world_restore(test.world, start);
	world_begin(test.world, NULL);
	assert_int_equal(host_test_open(&test), 0);
	world_begin(test.world, &failure);
	lives = run_failing(sweep->verb, &rc);
	hit = test.world->failed_call[0] != '\0';
	if (!lives)
		come_back(sweep);
	test.world->failure.kind = FAIL_NONE;
	state_must_be_first_or_last(sweep, lives && rc == 0);
	must_agree(sweep, "the end", state_is(sweep->first) ? sweep->first_side : sweep->last_side);
	if (hit)
		retry_and_cancel(sweep);
	else
		host_test_close(&test);
	combinations += hit;
	return hit;
}

static struct fake_world *first_state(const struct sweep *sweep)
{
	struct fake_world *start;

	host_test_begin(&test, sweep->members, 2);
	assert_int_equal(host_test_open(&test), 0);
	for (size_t i = 0; i < sweep->way_length; i++)
		host_test_must(&test, sweep->way[i]);
	for (unsigned i = 0; i < sweep->members && sweep->copied; i++)
		world_finish_copy(test.world, world_destination(i));
	host_test_close(&test);
	start = world_save(test.world);
	return start;
}

static void sweep_verb(void **state)
{
	const struct sweep *sweep = *state;
	struct fake_world *start = first_state(sweep);

	for (unsigned call = 1; combine(sweep, start, call); call++)
		;
	world_free(start);
	host_test_end(&test);
}

static const enum verb way[] = { VERB_CREATE, VERB_PREPARE, VERB_SWITCH, VERB_CANCEL };

static const struct sweep sweeps[] = {
	{ .verb = VERB_CREATE, .way_length = 0, .first = "", .last = "new", .can_cancel = true },
	{ .verb = VERB_PREPARE, .way_length = 1, .first = "new", .last = "prepared", .can_cancel = true },
	{ .verb = VERB_SWITCH,
	  .way_length = 2,
	  .first = "prepared",
	  .last = "on_destination",
	  .last_side = SIDE_DESTINATION,
	  .can_cancel = true },
	{ .verb = VERB_SWITCH_BACK,
	  .way_length = 3,
	  .first = "on_destination",
	  .last = "prepared",
	  .first_side = SIDE_DESTINATION,
	  .can_cancel = true },
	{ .verb = VERB_COMMIT,
	  .way_length = 3,
	  .first = "on_destination",
	  .last = "committed",
	  .first_side = SIDE_DESTINATION,
	  .last_side = SIDE_DESTINATION,
	  .copied = true },
	{ .verb = VERB_CANCEL, .way_length = 1, .first = "new", .last = "cancelled", .can_cancel = true },
	{ .verb = VERB_CANCEL, .way_length = 2, .first = "prepared", .last = "cancelled", .can_cancel = true },
	{ .verb = VERB_DELETE, .way_length = 4, .first = "cancelled", .last = "" },
	{ .verb = VERB_CANCEL,
	  .way_length = 3,
	  .first = "on_destination",
	  .last = "cancelled",
	  .middle = "prepared",
	  .first_side = SIDE_DESTINATION,
	  .can_cancel = true },
};

/* Each sweep with each kind of failure and with 1 and 3 members. */
int main(void)
{
	static struct sweep all[ARRAY_SIZE(sweeps) * 4 * 2];
	static struct CMUnitTest tests[ARRAY_SIZE(all)];
	static char names[ARRAY_SIZE(all)][96];
	size_t count = 0;
	int failed;

	for (size_t i = 0; i < ARRAY_SIZE(sweeps); i++)
		for (unsigned members = 1; members <= 3; members += 2)
			for (enum failure_kind kind = FAIL_BEFORE; kind <= POWER_CUT; kind++) {
				if (kind == DIE_BEFORE) /* the same as behind the call before */
					continue;
				all[count] = sweeps[i];
				all[count].kind = kind;
				all[count].members = members;
				all[count].way = way;
				snprintf(names[count], sizeof(names[0]), "%s of %u member%s from \"%s\": call %s",
					 verb_names[sweeps[i].verb], members, members == 1 ? "" : "s", sweeps[i].first,
					 kind_names[kind]);
				tests[count] = (struct CMUnitTest){ names[count], sweep_verb, NULL, NULL, &all[count] };
				count++;
			}
	failed = cmocka_run_group_tests_name("sweep", tests, NULL, NULL);
	printf("# %u combinations\n", combinations);
	return failed;
}
