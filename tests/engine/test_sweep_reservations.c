/*
 * The sweep for a host whose LUNs are reserved, and one with a peer that is registered on both: each call of the verbs
 * that move reservations, and each way in which it can go wrong. Besides what all sweeps ask, this host's keys are
 * where they should be at each end: on both LUNs between prepare and the end, on none that it has left.
 *
 * Then the same verbs with this host fenced before each of their calls: its application writes to neither LUN from then
 * on, and its keys are on neither at the end.
 */
#include "sweep.h"

#include "dm-import/core/engine.h"

#define OWN_KEY UINT64_C(0xa0001)
#define PEER_KEY UINT64_C(0xb0001)

enum { LOOK_US = 1000000 };

static const struct pr_nexus peer = { "fc:5001438000000001", 1, 0 };
static unsigned combinations;

static void peer_does(struct fake_world *world, int lun, struct pr_request request)
{
	if (world_pr_out(world, lun, &peer, &request) != ERR_NONE)
		fail_msg("the peer's service action %d failed", request.action);
}

static void peer_registers(struct fake_world *world, int lun)
{
	peer_does(world, lun, (struct pr_request){ .action = PR_REGISTER_AND_IGNORE, .service_action_key = PEER_KEY });
}

static void reserve(struct fake_world *world)
{
	const struct pr_nexus *mine = NULL;

	for (int i = 0; i < world->disk_count; i++) {
		const struct fake_disk *disk = &world->disks[i];
		const struct pr_request request = { .action = PR_REGISTER_AND_IGNORE, .service_action_key = OWN_KEY };

		if (disk->lun != world_source(0))
			continue;
		mine = mine ? mine : &disk->nexus;
		world_pr_out(world, disk->lun, &disk->nexus, &request);
	}
	world_pr_out(world, world_source(0), mine,
		     &(struct pr_request){ .action = PR_RESERVE, .type = PR_WE_RO, .key = OWN_KEY });
	peer_registers(world, world_source(0));
	peer_registers(world, world_destination(0));
}

static size_t own_paths(const struct fake_world *world, int lun)
{
	const struct fake_pr *pr = &world->luns[lun].pr;
	size_t count = 0;

	for (size_t i = 0; i < pr->count; i++)
		count += strcmp(pr->registrations[i].initiator, peer.initiator) != 0;
	return count;
}

/* docs/RESERVATIONS.md: where this host's keys and its reservation are in each state. */
static const char *keys_disagree(struct fake_world *world, const char *state)
{
	static char why[160];
	bool both = strcmp(state, "prepared") == 0 || strcmp(state, "on_destination") == 0;
	bool source = both || strcmp(state, "committed") != 0;
	bool destination = both || strcmp(state, "committed") == 0;

	snprintf(why, sizeof(why), "%s: %zu keys, %s on the source; %zu keys, %s on the destination", state,
		 own_paths(world, world_source(0)), pr_type_name(world->luns[world_source(0)].pr.type),
		 own_paths(world, world_destination(0)), pr_type_name(world->luns[world_destination(0)].pr.type));
	if (own_paths(world, world_source(0)) != (source ? 2 : 0) ||
	    own_paths(world, world_destination(0)) != (destination ? 2 : 0))
		return why;
	if (source && world->luns[world_source(0)].pr.type != PR_WE_RO)
		return why;
	return destination && world->luns[world_destination(0)].pr.type != PR_WE_RO ? why : NULL;
}

static bool combine(const struct sweep_case *at, const struct fake_world *start, unsigned call)
{
	bool hit = sweep_try(at, start, call);

	host_test_close(&sweep_test);
	if (hit)
		sweep_ways_out(at->sweep);
	combinations += hit;
	return hit;
}

static void sweep_reserved(void **state)
{
	const struct sweep_case *at = *state;
	struct fake_world *start;

	sweep_scene = reserve;
	sweep_disagreement = keys_disagree;
	start = sweep_begin(at->sweep, 1);
	for (unsigned call = 1; combine(at, start, call); call++)
		;
	sweep_end(start);
}

/* --- fenced before each call --- */

static void preempt(struct fake_world *world, int lun)
{
	const struct pr_request request = {
		.action = PR_PREEMPT_AND_ABORT, .type = PR_WE_RO, .key = PEER_KEY, .service_action_key = OWN_KEY
	};

	world_pr_out(world, lun, &peer, &request); /* a conflict says that there is no such key */
}

/* On both LUNs at once. */
static void fence(struct fake_world *world)
{
	preempt(world, world_source(0));
	preempt(world, world_destination(0));
	world->apps[0].fenced = true;
}

/*
 * On one LUN first; on the other a second later, by a peer's agent. Until then the application, which may write or not,
 * does nothing.
 */
static int first_lun;
static uint64_t fenced_us;

static void fence_one_by_one(struct fake_world *world)
{
	if (!fenced_us) {
		preempt(world, first_lun);
		fenced_us = world->now_us;
		world->apps[0].silent = true;
	}
	world->event_call = world->calls + 1;
	if (world->now_us - fenced_us < LOOK_US)
		return;
	preempt(world, first_lun == world_source(0) ? world_destination(0) : world_source(0));
	world->apps[0].silent = false;
	world->apps[0].fenced = true;
	world->event_call = 0;
}

static void must_be_fenced(const struct sweep *sweep, unsigned call)
{
	const char *why;

	for (int i = 0; i < 3; i++) {
		world_pass_time(sweep_test.world, LOOK_US);
		engine_poll(sweep_test.engine, NULL);
	}
	why = host_test_disagreement(&sweep_test);
	if (why || own_paths(sweep_test.world, world_source(0)) || own_paths(sweep_test.world, world_destination(0)))
		fail_msg("%s, fenced before call %u: %s\ncalls:\n%s", verb_names[sweep->verb], call,
			 why ? why : keys_disagree(sweep_test.world, host_test_state(&sweep_test)),
			 host_test_calls(&sweep_test));
}

static bool fence_at(const struct sweep *sweep, const struct fake_world *start, void (*how)(struct fake_world *world),
		     unsigned call)
{
	bool hit;

	world_restore(sweep_test.world, start);
	world_begin(sweep_test.world, NULL);
	sweep_must_open(sweep);
	fenced_us = 0;
	sweep_test.world->event = how;
	sweep_test.world->event_call = sweep_test.world->calls + call;
	host_test_run(&sweep_test, sweep->verb);
	hit = fenced_us || sweep_test.world->apps[0].fenced;
	if (!hit)
		goto out;
	world_pass_time(sweep_test.world, LOOK_US);
	if (!sweep_test.world->apps[0].fenced)
		fence_one_by_one(sweep_test.world);
	must_be_fenced(sweep, call);
	sweep_must_run(sweep, VERB_CANCEL);
	must_be_fenced(sweep, call);
	combinations++;
out:
	host_test_close(&sweep_test);
	return hit;
}

static void sweep_fence(void **state)
{
	const struct sweep_case *at = *state;
	struct fake_world *start;

	sweep_scene = reserve;
	start = sweep_begin(at->sweep, 1);
	for (unsigned call = 1; fence_at(at->sweep, start, fence, call); call++)
		;
	for (first_lun = world_source(0); first_lun <= world_destination(0); first_lun++)
		for (unsigned call = 1; fence_at(at->sweep, start, fence_one_by_one, call); call++)
			;
	sweep_end(start);
}

static bool moves_reservations(const struct sweep *sweep)
{
	return sweep->verb != VERB_CREATE && sweep->verb != VERB_DELETE && sweep->verb != VERB_HOLD_BACK &&
	       (sweep->verb != VERB_CANCEL || sweep->way_length > 1);
}

int main(void)
{
	static struct sweep_case cases[SWEEPS * 5];
	static struct CMUnitTest tests[ARRAY_SIZE(cases)];
	static char names[ARRAY_SIZE(cases)][96];
	size_t count = 0;
	int failed;

	for (size_t i = 0; i < SWEEPS; i++)
		for (enum failure_kind kind = FAIL_NONE; kind <= POWER_CUT; kind++) {
			if (!moves_reservations(&sweeps[i]) || kind == DIE_BEFORE ||
			    (kind == FAIL_NONE && sweeps[i].verb == VERB_COMMIT))
				continue;
			cases[count] = (struct sweep_case){ .sweep = &sweeps[i], .kind = kind };
			snprintf(names[count], sizeof(names[0]), "%s from \"%s\": %s%s", verb_names[sweeps[i].verb],
				 sweeps[i].first, kind ? "call " : "this host is fenced",
				 kind ? failure_kind_names[kind] : "");
			tests[count] = (struct CMUnitTest){ names[count], kind ? sweep_reserved : sweep_fence, NULL,
							    NULL, &cases[count] };
			count++;
		}
	failed = _cmocka_run_group_tests("sweep_reservations", tests, count, NULL, NULL);
	printf("# %u combinations\n", combinations);
	return failed;
}
