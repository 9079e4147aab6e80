/*
 * The big sweep: for each verb, each port call that it makes, and each way in which that call can go wrong (fails
 * before or after its work, the process dies before or after it, the power is cut), the same checks:
 *
 *   - the import's state is the first or the last one, and everything on the host agrees
 *   - the application saw no error, no stall and no stale data, no map stayed suspended
 *   - the verb, sent again, leads to the last state
 *   - or cancel, sent instead, leads back to the source
 *
 * The test cases are named after the verb and the kind of failure; a failing case reports the call.
 */
#include "sweep.h"

/* Each sweep with each kind of failure and with 1 and 3 members. */
int main(void)
{
	static struct sweep_case cases[SWEEPS * 4 * 2];
	static struct CMUnitTest tests[ARRAY_SIZE(cases)];
	static char names[ARRAY_SIZE(cases)][96];
	size_t count = 0;
	int failed;

	for (size_t i = 0; i < SWEEPS; i++)
		for (unsigned members = 1; members <= 3; members += 2)
			for (enum failure_kind kind = FAIL_BEFORE; kind <= POWER_CUT; kind++) {
				if (kind == DIE_BEFORE) /* the same as after the previous call */
					continue;
				cases[count] =
					(struct sweep_case){ .sweep = &sweeps[i], .kind = kind, .members = members };
				snprintf(names[count], sizeof(names[0]), "%s of %u member%s from \"%s\": call %s",
					 verb_names[sweeps[i].verb], members, members == 1 ? "" : "s", sweeps[i].first,
					 failure_kind_names[kind]);
				tests[count] =
					(struct CMUnitTest){ names[count], sweep_verb, NULL, NULL, &cases[count] };
				count++;
			}
	failed = _cmocka_run_group_tests("sweep", tests, count, NULL, NULL);
	printf("# %u combinations\n", sweep_combinations);
	return failed;
}
