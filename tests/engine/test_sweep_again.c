/*
 * Trouble that does not come alone. First, the recovery from a death fails or dies itself, at each of its calls.
 * Second, an operation fails from its n-th call on until the verb has given up.
 *
 * Nothing that an application feels may come of either. Once the trouble is over the engine opens, the verb sent again
 * leads to its end, and cancel leads back.
 */
#include "sweep.h"

static unsigned combinations;

/* Lead to a torn host: the verb dies behind its n-th change. False when it has fewer. */
static bool tear(const struct sweep_case *at, const struct fake_world *start, unsigned call)
{
	const struct failure failure = { .kind = at->kind, .call = call };
	int rc;

	world_restore(sweep_test.world, start);
	world_begin(sweep_test.world, NULL);
	sweep_must_open(at->sweep);
	world_begin(sweep_test.world, &failure);
	if (sweep_run_verb(at->sweep->verb, &rc)) {
		host_test_close(&sweep_test);
		return false;
	}
	sweep_come_back(at->kind);
	return true;
}

/* Recovery with a failure at its n-th call, then without. False when it has fewer calls. */
static bool recover_twice(const struct sweep_case *at, unsigned call)
{
	const struct failure failure = { .kind = at->kind_again, .call = call };
	const struct sweep *sweep = at->sweep;
	const char *before = sweep_test.world->failures;
	size_t length = strlen(before);
	bool lives;
	int rc;

	world_fail_again(sweep_test.world, &failure);
	lives = sweep_run_open(&rc);
	sweep_test.world->failure.kind = FAIL_NONE;
	if (lives && rc == 0)
		host_test_close(&sweep_test);
	if (strlen(before) == length)
		return false;
	if (!lives)
		sweep_come_back(at->kind_again);
	sweep_must_open(sweep);
	sweep_state_must_be_first_or_last(sweep, false);
	sweep_must_agree(sweep, "the end", sweep_state_is(sweep->first) ? sweep->first_side : sweep->last_side);
	host_test_close(&sweep_test);
	combinations++;
	return true;
}

/* Every other pair, like the squares of one colour: each call of the verb and each call of the recovery has its turns.
 */
static void recovery_fails(void **state)
{
	const struct sweep_case *at = *state;
	struct fake_world *start = sweep_begin(at->sweep, at->members), *torn;

	for (unsigned call = 1; tear(at, start, call); call++) {
		torn = world_save(sweep_test.world);
		for (unsigned again = 1 + call % 2; recover_twice(at, again); again += 2)
			world_restore(sweep_test.world, torn);
		world_free(torn);
	}
	sweep_end(start);
}

/* The operation fails from its n-th call on. False when the verb makes fewer. */
static bool fail_on(const struct sweep_case *at, const struct fake_world *start, unsigned call)
{
	const struct sweep *sweep = at->sweep;
	int rc = sweep_run_failing(at, start, call);

	sweep_test.world->failure.kind = FAIL_NONE;
	if (sweep_test.world->violations[0] || sweep_test.world->holds)
		fail_msg("%s, when %s and goes on: %s\ncalls:\n%s", verb_names[sweep->verb], sweep_test.world->failures,
			 sweep_test.world->violations[0] ? sweep_test.world->violations : "a map stays held",
			 host_test_calls(&sweep_test));
	if (sweep_state_is("recovering"))
		assert_string_not_equal(host_test_attention(&sweep_test), "");
	else
		sweep_state_must_be_first_or_last(sweep, rc == 0);
	host_test_close(&sweep_test);
	if (sweep_test.world->failures[0] == '\0')
		return false;
	sweep_ways_out(sweep);
	combinations++;
	return true;
}

static void operation_goes_on_failing(void **state)
{
	const struct sweep_case *at = *state;
	struct fake_world *start = sweep_begin(at->sweep, at->members);

	for (unsigned call = 1; fail_on(at, start, call); call++)
		;
	sweep_end(start);
}

static struct sweep_case cases[SWEEPS * (2 * 3 + SWEEP_OPERATIONS)];
static struct CMUnitTest tests[ARRAY_SIZE(cases)];
static char names[ARRAY_SIZE(cases)][128];
static size_t count;

static void add(CMUnitTestFunction run, struct sweep_case at, const char *trouble)
{
	cases[count] = at;
	snprintf(names[count], sizeof(names[0]), "%s from \"%s\": %s", verb_names[at.sweep->verb], at.sweep->first,
		 trouble);
	tests[count] = (struct CMUnitTest){ names[count], run, NULL, NULL, &cases[count] };
	count++;
}

int main(void)
{
	static const enum failure_kind again[] = { FAIL_BEFORE, DIE_AFTER, POWER_CUT };
	char trouble[96];
	int failed;

	for (size_t i = 0; i < SWEEPS; i++) {
		for (enum failure_kind kind = DIE_AFTER; kind <= POWER_CUT; kind++)
			for (size_t k = 0; k < ARRAY_SIZE(again); k++) {
				snprintf(trouble, sizeof(trouble), "%s, in recovery a call %s",
					 failure_kind_names[kind], failure_kind_names[again[k]]);
				add(recovery_fails,
				    (struct sweep_case){ .sweep = &sweeps[i],
							 .kind = kind,
							 .kind_again = again[k],
							 .members = again[k] == FAIL_BEFORE ? 1 : 2 },
				    trouble);
			}
		for (size_t k = 0; k < SWEEP_OPERATIONS; k++) {
			snprintf(trouble, sizeof(trouble), "%s fails for good", sweep_operations[k]);
			add(operation_goes_on_failing,
			    (struct sweep_case){ .sweep = &sweeps[i], .members = 2, .call_name = sweep_operations[k] },
			    trouble);
		}
	}
	failed = _cmocka_run_group_tests("sweep_again", tests, count, NULL, NULL);
	printf("# %u combinations\n", combinations);
	return failed;
}
