/*
 * What the sweeps share; see sweep.h.
 */
#include "sweep.h"

struct host_test sweep_test;
void (*sweep_scene)(struct fake_world *world);
const char *(*sweep_disagreement)(struct fake_world *world, const char *state);

static const int way[] = { VERB_CREATE, VERB_PREPARE, VERB_SWITCH, VERB_CANCEL };

const struct sweep sweeps[SWEEPS] = {
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
	{ .verb = VERB_HELD_SWITCH,
	  .way_length = 2,
	  .first = "prepared",
	  .last = "on_destination",
	  .last_side = SIDE_DESTINATION,
	  .can_cancel = true },
	{ .verb = VERB_HELD_SWITCH_BACK,
	  .way_length = 3,
	  .first = "on_destination",
	  .last = "prepared",
	  .first_side = SIDE_DESTINATION,
	  .can_cancel = true },
	{ .verb = VERB_HOLD_BACK, .way_length = 2, .first = "prepared", .last = "prepared", .can_cancel = true },
};

/* What can go on failing for a while. A resume is not among them: where the kernel never resumes there is no way out.
 */
const char *const sweep_operations[SWEEP_OPERATIONS] = {
	"dm.list",	    "dm.device",	  "dm.table",		"dm.load",	   "dm.clear",
	"dm.remove",	    "dm.message",	  "dm.suspend_prepare", "dm.suspend",	   "scsi.probe",
	"device.disks",	    "device.rescan",	  "device.reidentify",	"device.settle",   "device.delete_disk",
	"device.users",	    "multipathd.running", "multipathd.command", "multipathd.stop", "multipathd.start",
	"multipathd.claim", "host.read",	  "host.read_bytes",	"host.replace",	   "host.append",
	"host.reserve",	    "host.remove",
};

struct fake_world *sweep_begin(const struct sweep *sweep, unsigned members)
{
	host_test_deaths_begin();
	host_test_begin(&sweep_test, members, 2);
	sweep_test.world->oversleep = 50;
	if (sweep_scene)
		sweep_scene(sweep_test.world);
	assert_int_equal(host_test_open(&sweep_test), 0);
	for (size_t i = 0; i < sweep->way_length; i++)
		host_test_must(&sweep_test, way[i]);
	for (unsigned i = 0; i < members && sweep->copied; i++)
		world_finish_copy(sweep_test.world, world_destination(i));
	host_test_close(&sweep_test);
	return world_save(sweep_test.world);
}

void sweep_end(struct fake_world *start)
{
	world_free(start);
	host_test_end(&sweep_test);
	host_test_deaths_end();
}

bool sweep_state_is(const char *state)
{
	return strcmp(host_test_state(&sweep_test), state) == 0;
}

bool sweep_run_verb(int verb, int *ret)
{
	jmp_buf landing;

	sweep_test.world->death = &landing;
	if (setjmp(landing) != 0) {
		host_test_forget(&sweep_test);
		return false;
	}
	*ret = host_test_run(&sweep_test, verb);
	return true;
}

bool sweep_run_open(int *ret)
{
	jmp_buf landing;

	sweep_test.world->death = &landing;
	if (setjmp(landing) != 0) {
		host_test_forget(&sweep_test);
		return false;
	}
	*ret = host_test_open(&sweep_test);
	return true;
}

int sweep_run_failing(const struct sweep_case *at, const struct fake_world *start, unsigned call)
{
	struct failure failure = { .kind = FAIL_BEFORE, .call = call, .lasting = true };
	int rc = -1;

	snprintf(failure.call_name, sizeof(failure.call_name), "%s", at->call_name);
	world_restore(sweep_test.world, start);
	world_begin(sweep_test.world, NULL);
	sweep_must_open(at->sweep);
	world_begin(sweep_test.world, &failure);
	assert_true(sweep_run_verb(at->sweep->verb, &rc));
	return rc;
}

/* Wherever the power was cut, the identities' files are in order, or can be put in order without anybody's help. */
static void check_files(struct fake_world *world)
{
	CLEANUP_FREE char *text = NULL;
	struct error err = { 0 };
	bool well = false;

	if (engine_boot_check(&sweep_test.options, &sweep_test.ports.host, &text, &well, &err) < 0 || !well)
		fail_msg("%s: the check at boot says %s%s\ncalls:\n%s", world->failures, text ? text : "", err.detail,
			 host_test_calls(&sweep_test));
}

void sweep_come_back(enum failure_kind kind)
{
	sweep_test.world->failure.kind = FAIL_NONE;
	sweep_test.world->before_udev = check_files;
	if (kind >= POWER_CUT)
		world_reboot(sweep_test.world);
	else
		world_guardian(sweep_test.world);
}

/* "switch, when dm.load #41 fails before" */
static const char *story(const struct sweep *sweep)
{
	static char text[512];

	snprintf(text, sizeof(text), "%s, when %s", verb_names[sweep->verb], sweep_test.world->failures);
	return text;
}

void sweep_must_open(const struct sweep *sweep)
{
	if (host_test_open(&sweep_test) < 0)
		fail_msg("%s: the engine does not open: [%s] %s", story(sweep), error_name(sweep_test.err.code),
			 sweep_test.err.detail);
}

void sweep_must_run(const struct sweep *sweep, int verb)
{
	if (host_test_run(&sweep_test, verb) < 0)
		fail_msg("%s: afterwards %s fails: [%s] step %s: %s %s\n%s\ncalls:\n%s", story(sweep), verb_names[verb],
			 error_name(sweep_test.err.code), sweep_test.err.step, sweep_test.err.device,
			 sweep_test.err.detail, sweep_test.result ? json_object_to_json_string(sweep_test.result) : "",
			 host_test_calls(&sweep_test));
}

void sweep_must_agree(const struct sweep *sweep, const char *when, enum side side)
{
	const char *why = host_test_disagreement(&sweep_test);

	if (!why && sweep_disagreement)
		why = sweep_disagreement(sweep_test.world, host_test_state(&sweep_test));
	if (why)
		fail_msg("%s; %s: %s\ncalls:\n%s", story(sweep), when, why, host_test_calls(&sweep_test));
	host_test_expect(&sweep_test, host_test_state(&sweep_test), side);
}

void sweep_state_must_be_first_or_last(const struct sweep *sweep, bool says_done)
{
	bool before = sweep_state_is(sweep->first) || (sweep->middle && sweep_state_is(sweep->middle));

	if (!sweep_state_is(sweep->last) && (says_done || !before))
		fail_msg("%s: the state is \"%s\" (%s); [%s] step %s: %s %s\ncalls:\n%s", story(sweep),
			 host_test_state(&sweep_test), host_test_attention(&sweep_test),
			 error_name(sweep_test.err.code), sweep_test.err.step, sweep_test.err.device,
			 sweep_test.err.detail, host_test_calls(&sweep_test));
}

void sweep_ways_out(const struct sweep *sweep)
{
	struct fake_world *torn = world_save(sweep_test.world);

	sweep_must_open(sweep);
	sweep_must_run(sweep, sweep->verb);
	sweep_state_must_be_first_or_last(sweep, true);
	sweep_must_agree(sweep, "the verb sent again", sweep->last_side);
	host_test_close(&sweep_test);
	world_restore(sweep_test.world, torn);
	world_free(torn);
	sweep_must_open(sweep);
	if (sweep->can_cancel && !sweep_state_is("")) {
		sweep_must_run(sweep, VERB_CANCEL);
		if (!sweep_state_is("cancelled"))
			fail_msg("%s: cancel leads to %s", story(sweep), host_test_state(&sweep_test));
		sweep_must_agree(sweep, "cancelled", SIDE_SOURCE);
	}
	host_test_close(&sweep_test);
}

bool sweep_try(const struct sweep_case *at, const struct fake_world *start, unsigned call)
{
	struct failure failure = { .kind = at->kind, .call = call };
	const struct sweep *sweep = at->sweep;
	bool lives, hit;
	int rc = -1;

	snprintf(failure.call_name, sizeof(failure.call_name), "%s", at->call_name ? at->call_name : "");
	world_restore(sweep_test.world, start);
	world_begin(sweep_test.world, NULL);
	sweep_must_open(sweep);
	world_begin(sweep_test.world, &failure);
	lives = sweep_run_verb(sweep->verb, &rc);
	hit = sweep_test.world->failures[0] != '\0';
	if (!lives) {
		sweep_come_back(at->kind);
		sweep_must_open(sweep);
	}
	sweep_test.world->failure.kind = FAIL_NONE;
	sweep_state_must_be_first_or_last(sweep, lives && rc == 0);
	return hit;
}

unsigned sweep_combinations;

/* One combination. False when the verb ended before its n-th call: the sweep is done. */
static bool combine(const struct sweep_case *at, const struct fake_world *start, unsigned call)
{
	const struct sweep *sweep = at->sweep;
	bool hit = sweep_try(at, start, call);

	sweep_must_agree(sweep, "the end", sweep_state_is(sweep->first) ? sweep->first_side : sweep->last_side);
	host_test_close(&sweep_test);
	if (hit)
		sweep_ways_out(sweep);
	sweep_combinations += hit;
	return hit;
}

void sweep_verb(void **state)
{
	const struct sweep_case *at = *state;
	struct fake_world *start = sweep_begin(at->sweep, at->members);

	for (unsigned call = 1; combine(at, start, call); call++)
		;
	sweep_end(start);
}
