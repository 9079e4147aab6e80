/*
 * An import that is stuck: an operation went on failing behind the point of no return. The verb, or cancel, is then
 * sent again to the same engine and fails at one of its calls; sent once more it must lead to its end, and nothing that
 * the application feels may come of it.
 */
#include "sweep.h"

/* One stuck import by each operation is as good as many: what follows is the same. */
enum { CALLS_MAX = 24, STUCK_ENOUGH = 2 };

static unsigned combinations;

/*
 * An operation goes on failing until the import is stuck; the verb (or cancel) is sent again to the same engine and
 * fails at its n-th call; then it is sent once more. 0: it was not stuck, or the second try makes fewer calls.
 */
static bool fail_when_stuck(const struct sweep_case *at, const struct fake_world *start, unsigned call, int verb,
			    unsigned again)
{
	const struct failure second = { .kind = FAIL_BEFORE, .call = again };
	const struct sweep *sweep = at->sweep;
	bool stuck, hit = false;
	size_t length;
	int rc;

	sweep_run_failing(at, start, call);
	stuck = sweep_state_is("recovering");
	if (stuck) {
		length = strlen(sweep_test.world->failures);
		world_fail_again(sweep_test.world, &second);
		assert_true(sweep_run_verb(verb, &rc));
		hit = sweep_test.world->failures[length] != '\0';
		sweep_test.world->failure.kind = FAIL_NONE;
		sweep_must_run(sweep, verb);
		sweep_must_agree(sweep, verb_names[verb], verb == VERB_CANCEL ? SIDE_SOURCE : sweep->last_side);
	}
	host_test_close(&sweep_test);
	combinations += hit;
	return hit;
}

static void verb_fails_when_stuck(void **state)
{
	const struct sweep_case *at = *state;
	struct fake_world *start = sweep_begin(at->sweep, at->members);
	const int verbs[] = { at->sweep->verb, VERB_CANCEL };
	unsigned again = 1, stuck = 0;

	for (unsigned call = 1; call <= CALLS_MAX && stuck < STUCK_ENOUGH; call++) {
		for (size_t i = 0; i < (at->sweep->can_cancel ? 2u : 1u); i++)
			for (again = 1; fail_when_stuck(at, start, call, verbs[i], again); again++)
				;
		stuck += again > 1;
	}
	sweep_end(start);
}

int main(void)
{
	static struct sweep_case cases[SWEEPS * SWEEP_OPERATIONS];
	static struct CMUnitTest tests[ARRAY_SIZE(cases)];
	static char names[ARRAY_SIZE(cases)][128];
	size_t count = 0;
	int failed;

	for (size_t i = 0; i < SWEEPS; i++)
		for (size_t k = 0; k < SWEEP_OPERATIONS; k++, count++) {
			cases[count] = (struct sweep_case){ .sweep = &sweeps[i],
							    .members = 1,
							    .call_name = sweep_operations[k] };
			snprintf(names[count], sizeof(names[0]), "%s from \"%s\": stuck by %s, then any call fails",
				 verb_names[sweeps[i].verb], sweeps[i].first, sweep_operations[k]);
			tests[count] =
				(struct CMUnitTest){ names[count], verb_fails_when_stuck, NULL, NULL, &cases[count] };
		}
	failed = cmocka_run_group_tests_name("sweep_stuck", tests, NULL, NULL);
	printf("# %u combinations\n", combinations);
	return failed;
}
