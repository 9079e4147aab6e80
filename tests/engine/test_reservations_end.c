/*
 * Commit and cancel on a fake host when some paths do not answer: the keys of those go too, through the ones that do.
 */
#include "reservations.h"

/* The ends of an import. */
static const struct end {
	const char *name;
	bool switched, commits;
} ends[] = {
	{ "cancel when prepared", false, false },
	{ "cancel on the destination", true, false },
	{ "commit", true, true },
};

static int left_lun(const struct end *end)
{
	return end->commits ? world_source(0) : world_destination(0);
}

static int kept_lun(const struct end *end)
{
	return end->commits ? world_destination(0) : world_source(0);
}

/* A prepared import of one member with this key of a peer's (0: none), where it is before its end. */
static void begin_end(const struct end *end, const struct way *way, unsigned paths, uint64_t peer_key)
{
	begin(1, paths);
	if (way->type)
		reserve_host(world_source(0), OWN_KEY, way);
	else
		register_host(world_source(0), OWN_KEY, way);
	if (peer_key)
		peer_registers(world_source(0), &peer, peer_key);
	host_test_must(&pr_test, VERB_PREPARE);
	if (peer_key)
		peer_registers(world_destination(0), &peer, peer_key);
	if (end->switched)
		host_test_must(&pr_test, VERB_SWITCH);
	if (end->commits)
		world_finish_copy(pr_test.world, world_destination(0));
}

static char warnings[2048];

static void note_warning(void *ctx, int level, const char *line)
{
	size_t used = strlen(warnings);

	(void)ctx;
	if (level == 1)
		snprintf(warnings + used, sizeof(warnings) - used, "%s\n", line);
}

static int try_to_end(const struct end *end)
{
	const struct observer observer = { .log = note_warning };
	int rc;

	warnings[0] = '\0';
	pr_test.observer = &observer;
	rc = host_test_ask(&pr_test, (struct verb_request){ .verb = end->commits ? VERB_COMMIT : VERB_CANCEL });
	pr_test.observer = NULL;
	return rc;
}

static void must_end(const struct end *end)
{
	if (try_to_end(end) < 0)
		fail_msg("%s: [%s] %s %s\ncalls:\n%s", end->name, error_name(pr_test.err.code), pr_test.err.device,
			 pr_test.err.detail, host_test_calls(&pr_test));
	host_test_expect(&pr_test, end->commits ? "committed" : "cancelled",
			 end->commits ? SIDE_DESTINATION : SIDE_SOURCE);
}

static void expect_one_warning(const char *text)
{
	const char *found = strstr(warnings, text);

	if (!found || strchr(warnings, '\n') != warnings + strlen(warnings) - 1)
		fail_msg("instead of one line with \"%s\":\n%s", text, warnings);
}

/* A commit's source is left to nobody; of a cancel's destination what this host held is handed to all registrants. */
static enum pr_type type_left(const struct end *end, enum pr_type type, bool with_peer)
{
	if (!with_peer || type == PR_NONE)
		return PR_NONE;
	if (pr_type_is_all_registrants(type))
		return type;
	if (end->commits)
		return PR_NONE;
	return type == PR_WE_RO ? PR_WE_AR : PR_EA_AR;
}

/* While this host waits for its peers to look, they must find "leaving!" and none of its other keys. */
static struct ports real;
static unsigned waits;
static int waits_on;

static void seen_sleep(void *ctx, unsigned ms)
{
	if (ms == 4000) {
		waits++;
		assert_false(has_key(waits_on, OWN_KEY));
		assert_true(has_key(waits_on, LEAVING));
	}
	real.host.sleep_ms(ctx, ms);
}

static void watch_waits(int left)
{
	real = pr_test.ports;
	pr_test.ports.host.sleep_ms = seen_sleep;
	waits = 0;
	waits_on = left;
}

/* Path 0 is the one that holds, 2 is of the same initiator, 1 of another one. */
static void go_offline(const struct end *end, enum pr_type type, unsigned path, bool with_peer)
{
	const struct way way = { .type = type, .aptpl = true };
	int left = left_lun(end), kept = kept_lun(end);

	begin_end(end, &way, 3, with_peer ? PEER_KEY : 0);
	path_of(left, path)->offline = true;
	watch_waits(left);
	must_end(end);
	assert_int_equal(waits, with_peer);
	expect_none_of_ours(left);
	assert_int_equal(has_key(left, PEER_KEY), with_peer);
	assert_string_equal(pr_type_name(lun_of(left)->pr.type), pr_type_name(type_left(end, type, with_peer)));
	assert_int_equal(own_count(kept), 3);
	assert_string_equal(pr_type_name(lun_of(kept)->pr.type), pr_type_name(type));
	assert_string_equal(warnings, "");
	host_test_end(&pr_test);
}

static void offline_before_the_end(void **state)
{
	static const enum pr_type types[] = { PR_NONE, PR_WE_RO, PR_EA_RO, PR_WE_AR, PR_EA_AR };

	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(ends); e++)
		for (size_t t = 0; t < ARRAY_SIZE(types); t++)
			for (unsigned path = 0; path < 3; path++)
				for (int with_peer = 0; with_peer < 2; with_peer++)
					go_offline(&ends[e], types[t], path, with_peer);
}

/* The peer holds: nothing of its is touched. */
static void offline_and_a_peer_holds(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(ends); e++) {
		int left = left_lun(&ends[e]);

		begin_with_holding_peer();
		peer_holds(world_destination(0));
		if (ends[e].switched)
			host_test_must(&pr_test, VERB_SWITCH);
		if (ends[e].commits)
			world_finish_copy(pr_test.world, world_destination(0));
		path_of(left, 0)->offline = true;
		must_end(&ends[e]);
		expect_none_of_ours(left);
		assert_int_equal(lun_of(left)->pr.type, PR_WE_RO);
		assert_true(lun_of(left)->pr.registrations[0].holder);
		assert_true(has_key(left, PEER_KEY));
		host_test_end(&pr_test);
	}
}

static void number_sessions(int lun, unsigned first)
{
	for (unsigned i = 0; i < 2; i++) {
		struct pr_nexus *nexus = &path_of(lun, (int)i)->nexus;

		snprintf(nexus->initiator, sizeof(nexus->initiator), "iscsi:iqn.2004-10.example:a,i,0x00023d%06x",
			 first + i);
	}
}

/*
 * A reboot gives each session another ISID, and the array keeps what is registered for those before. The host is not
 * fenced by that; registered again, it goes on; and at the end nothing is left of either boot.
 */
static void other_sessions_after_a_reboot(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(ends); e++) {
		begin(1, 2);
		number_sessions(world_source(0), 1);
		number_sessions(world_destination(0), 3);
		reserve_host(world_source(0), OWN_KEY, &usual);
		peer_registers(world_source(0), &peer, PEER_KEY);
		host_test_must(&pr_test, VERB_PREPARE);
		peer_registers(world_destination(0), &peer, PEER_KEY);
		tend(LOOK_US);
		host_test_forget(&pr_test);
		world_reboot(pr_test.world);
		number_sessions(world_source(0), 3);
		number_sessions(world_destination(0), 1);
		assert_int_equal(host_test_open(&pr_test), 0);
		for (int i = 0; i < 5; i++)
			tend(LOOK_US);
		assert_false(member_pr(0)->fenced);
		assert_false(member_pr(0)->registered);
		register_host(world_source(0), OWN_KEY, &usual);
		for (int i = 0; i < 25 && !member_pr(0)->registered; i++)
			tend(LOOK_US);
		assert_true(member_pr(0)->registered);
		world_begin(pr_test.world, NULL);
		for (int i = 0; i < 5; i++)
			tend(LOOK_US);
		assert_int_equal(calls_of("scsi.pr_out"), 0);
		if (ends[e].switched)
			host_test_must(&pr_test, VERB_SWITCH);
		if (ends[e].commits)
			world_finish_copy(pr_test.world, world_destination(0));
		must_end(&ends[e]);
		assert_int_equal(lun_of(left_lun(&ends[e]))->pr.count, 1); /* the peer */
		assert_true(has_key(left_lun(&ends[e]), PEER_KEY));
		host_test_end(&pr_test);
	}
}

/* It is there for the kernel, and does not answer. */
static void dead_before_the_end(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(ends); e++) {
		begin_end(&ends[e], &usual, 3, PEER_KEY);
		path_of(left_lun(&ends[e]), 0)->probe_fails = true;
		must_end(&ends[e]);
		expect_none_of_ours(left_lun(&ends[e]));
		assert_true(has_key(left_lun(&ends[e]), PEER_KEY));
		host_test_end(&pr_test);
	}
}

/* To preempt the key would fence the peer. */
static void offline_with_a_key_that_a_peer_uses(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(ends); e++) {
		int left = left_lun(&ends[e]), kept = kept_lun(&ends[e]);

		begin_end(&ends[e], &usual, 3, OWN_KEY);
		path_of(left, 1)->offline = true;
		must_end(&ends[e]);
		expect_one_warning("0xa0001");
		expect_one_warning("a peer uses the same key");
		assert_int_equal(own_count(left), 1);
		assert_int_equal(lun_of(left)->pr.count, 2);
		assert_false(has_key(left, LEAVING));
		assert_int_equal(own_count(kept), 3);
		assert_int_equal(lun_of(kept)->pr.count, 4);
		host_test_end(&pr_test);
	}
}

/* Peers can tell that the key's host leaves by another path of its initiator port; see the next test. */
static void offline_with_a_key_per_initiator(void **state)
{
	const struct way way = { .type = PR_WE_RO, .aptpl = true, .key_per_initiator = true };

	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(ends); e += 2) /* a way back gives the source one key for all */
		for (unsigned path = 0; path < 3; path++)
			for (int with_peer = 0; with_peer < 2; with_peer++) {
				int left = left_lun(&ends[e]);
				bool stays = with_peer && path == 1;

				begin_end(&ends[e], &way, 3, with_peer ? PEER_KEY : 0);
				path_of(left, path)->offline = true;
				must_end(&ends[e]);
				assert_int_equal(own_count(left), stays);
				assert_int_equal(has_key(left, PEER_KEY), with_peer);
				assert_int_equal(own_count(kept_lun(&ends[e])), 3);
				if (stays)
					expect_one_warning("would take its removal for a fencing");
				else
					assert_string_equal(warnings, "");
				host_test_end(&pr_test);
			}
}

/* The other end of it: a peer with two paths leaves the LUN that this host is on, one of its paths being offline. */
static void a_peer_leaves_with_a_path_offline(void **state)
{
	static const struct pr_nexus same = { "fc:5001438000000002", 2, 0 }, another = { "fc:5001438000000003", 2, 0 };

	(void)state;
	for (int by_another = 0; by_another < 2; by_another++) {
		const struct pr_nexus *offline = by_another ? &another : &same;
		int live = world_destination(0), other = world_source(0);
		uint64_t key = by_another ? THIRD_KEY + 1 : THIRD_KEY;

		begin_prepared(1);
		host_test_must(&pr_test, VERB_SWITCH);
		for (int lun = 0; lun < 2; lun++) {
			peer_registers(lun ? live : other, &third, THIRD_KEY);
			peer_registers(lun ? live : other, offline, key);
		}
		tend(LOOK_US);
		peer_registers(live, &third, LEAVING);
		must_out(live, &third,
			 (struct pr_request){
				 .action = PR_PREEMPT, .type = PR_WE_RO, .key = LEAVING, .service_action_key = key });
		for (int i = 0; i < 4; i++)
			tend(LOOK_US);
		peer_registers(live, &third, 0);
		for (int i = 0; i < 12; i++)
			tend(LOOK_US);
		assert_true(has_key(other, THIRD_KEY));
		assert_int_equal(has_key(other, key), !by_another);
		expect_moved("on_destination", SIDE_DESTINATION);
		host_test_end(&pr_test);
	}
}

/* Nothing tells whose the registrations are: they stay, as the peer's does. */
static void offline_without_initiators(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(ends); e++) {
		int left = left_lun(&ends[e]);

		begin_end(&ends[e], &usual, 3, PEER_KEY);
		pr_test.world->settings.reservation_key = OWN_KEY;
		lun_of(world_source(0))->pr.no_full_status = lun_of(world_destination(0))->pr.no_full_status = true;
		path_of(left, 1)->offline = true;
		must_end(&ends[e]);
		assert_int_equal(own_count(left), 1);
		assert_true(has_key(left, PEER_KEY));
		host_test_end(&pr_test);
	}
}

static void offline_without_another_path(void **state)
{
	(void)state;
	begin_end(&ends[2], &usual, 2, PEER_KEY);
	path_of(world_source(0), 0)->offline = path_of(world_source(0), 1)->offline = true;
	must_end(&ends[2]);
	assert_int_equal(own_count(world_source(0)), 2);
	host_test_end(&pr_test);
	begin_end(&ends[2], &usual, 2, PEER_KEY);
	register_path(world_source(0), 1, 0, &usual);
	path_of(world_source(0), 0)->offline = true;
	must_end(&ends[2]);
	expect_one_warning("no path that is registered answers");
	assert_int_equal(own_count(world_source(0)), 1);
	host_test_end(&pr_test);
}

/* One command fails, or does its work and says it failed; what is not done then is done when asked again. */
static bool end_with_a_failure(const struct end *end, const char *call, unsigned nth, enum failure_kind kind)
{
	bool hit;

	begin_end(end, &usual, 3, PEER_KEY);
	path_of(left_lun(end), 0)->offline = true;
	world_begin(pr_test.world, &(struct failure){ .kind = kind, .call = nth, .sys_errno = EIO });
	snprintf(pr_test.world->failure.call_name, sizeof(pr_test.world->failure.call_name), "%s", call);
	if (try_to_end(end) < 0)
		must_end(end);
	hit = pr_test.world->failures[0];
	expect_none_of_ours(left_lun(end));
	assert_true(has_key(left_lun(end), PEER_KEY));
	assert_int_equal(own_count(kept_lun(end)), 3);
	host_test_end(&pr_test);
	return hit;
}

static void offline_and_a_command_fails(void **state)
{
	static const char *const calls[] = { "scsi.pr_read", "scsi.pr_out" };

	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(ends); e++)
		for (size_t c = 0; c < ARRAY_SIZE(calls); c++) {
			for (unsigned nth = 1; end_with_a_failure(&ends[e], calls[c], nth, FAIL_BEFORE); nth++)
				;
			for (unsigned nth = 1; c == 1 && end_with_a_failure(&ends[e], calls[c], nth, FAIL_AFTER); nth++)
				;
		}
}

/* A LUN that is told to preempt the sender's own key takes that away too; the holder's stays. */
static void control_preempt_of_the_own_key(void **state)
{
	(void)state;
	for (int holds = 0; holds < 2; holds++) {
		begin(1, 2);
		register_host(world_source(0), OWN_KEY, &usual);
		peer_registers(world_source(0), &peer, PEER_KEY);
		if (holds)
			reserve(world_source(0), &path_of(world_source(0), 0)->nexus, OWN_KEY, PR_WE_RO);
		else
			reserve(world_source(0), &peer, PEER_KEY, PR_WE_RO);
		must_out(world_source(0), &path_of(world_source(0), 1)->nexus,
			 (struct pr_request){ .action = PR_PREEMPT,
					      .type = PR_WE_RO,
					      .key = OWN_KEY,
					      .service_action_key = OWN_KEY });
		assert_int_equal(own_count(world_source(0)), holds);
		assert_int_equal(lun_of(world_source(0))->pr.type, PR_WE_RO);
		host_test_end(&pr_test);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offline_before_the_end),
		cmocka_unit_test(offline_and_a_peer_holds),
		cmocka_unit_test(other_sessions_after_a_reboot),
		cmocka_unit_test(dead_before_the_end),
		cmocka_unit_test(offline_with_a_key_that_a_peer_uses),
		cmocka_unit_test(offline_with_a_key_per_initiator),
		cmocka_unit_test(a_peer_leaves_with_a_path_offline),
		cmocka_unit_test(offline_without_initiators),
		cmocka_unit_test(offline_without_another_path),
		cmocka_unit_test(offline_and_a_command_fails),
		cmocka_unit_test(control_preempt_of_the_own_key),
	};

	return cmocka_run_group_tests_name("reservations_end", tests, NULL, NULL);
}
