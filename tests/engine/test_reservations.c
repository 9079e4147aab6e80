/*
 * Reservations that move, on a fake host: what is on both LUNs behind each verb, fencing by peers and of peers, the
 * looks in between, the source's reservation lifted and put back. Peers are initiators that are no disks of this host.
 *
 * The fake host checks all the time that the application's writes are allowed, or refused once it is marked as fenced.
 */
#include "engine_test.h"

#include "dm-import/engine.h"

#define OWN_KEY UINT64_C(0xa0001)
#define NEW_KEY UINT64_C(0xa0009)
#define PEER_KEY UINT64_C(0xb0001)
#define THIRD_KEY UINT64_C(0xc0001)
#define LEAVING UINT64_C(0x6c656176696e6721)

enum { LOOK_US = 1000000, LEAVING_US = 4000000 };

static struct host_test test;
static const struct pr_nexus peer = { "fc:5001438000000001", 1 }, third = { "fc:5001438000000002", 1 };

/* How this host registers. */
struct way {
	enum pr_type type;
	bool aptpl, all_ports;
	bool key_per_initiator;
	bool one_initiator; /* all paths have the same */
};

static const struct way usual = { .type = PR_WE_RO, .aptpl = true };

static struct fake_lun *lun_of(int lun)
{
	return &test.world->luns[lun];
}

static enum error_code out(int lun, const struct pr_nexus *nexus, struct pr_request request)
{
	return world_pr_out(test.world, lun, nexus, &request);
}

static void must_out(int lun, const struct pr_nexus *nexus, struct pr_request request)
{
	enum error_code code = out(lun, nexus, request);

	if (code != ERR_NONE)
		fail_msg("service action %d on %s: %s", request.action, lun_of(lun)->wwid, error_name(code));
}

static void peer_registers(int lun, const struct pr_nexus *nexus, uint64_t key)
{
	must_out(lun, nexus,
		 (struct pr_request){ .action = PR_REGISTER_AND_IGNORE, .service_action_key = key, .aptpl = true });
}

static void peer_preempts(int lun, const struct pr_nexus *nexus, uint64_t key, uint64_t victim)
{
	must_out(lun, nexus,
		 (struct pr_request){ .action = PR_PREEMPT_AND_ABORT,
				      .type = lun_of(lun)->pr.type,
				      .key = key,
				      .service_action_key = victim });
}

static void reserve(int lun, const struct pr_nexus *nexus, uint64_t key, enum pr_type type)
{
	must_out(lun, nexus, (struct pr_request){ .action = PR_RESERVE, .type = type, .key = key });
}

static bool is_own(const struct fake_registration *registration)
{
	return strncmp(registration->initiator, "fc:21000024ff", 13) == 0;
}

static size_t own_count(int lun)
{
	size_t count = 0;

	for (size_t i = 0; i < lun_of(lun)->pr.count; i++)
		count += is_own(&lun_of(lun)->pr.registrations[i]);
	return count;
}

static bool has_key(int lun, uint64_t key)
{
	for (size_t i = 0; i < lun_of(lun)->pr.count; i++)
		if (lun_of(lun)->pr.registrations[i].key == key)
			return true;
	return false;
}

/* The n-th path of a LUN. */
static struct fake_disk *path_of(int lun, unsigned nth)
{
	for (int i = 0; i < test.world->disk_count; i++)
		if (test.world->disks[i].lun == lun && nth-- == 0)
			return &test.world->disks[i];
	return NULL;
}

static void register_path(int lun, unsigned nth, uint64_t key, const struct way *way)
{
	must_out(lun, &path_of(lun, nth)->nexus,
		 (struct pr_request){ .action = PR_REGISTER_AND_IGNORE,
				      .service_action_key = key,
				      .aptpl = way->aptpl,
				      .all_target_ports = way->all_ports });
}

/* This host's cluster registers all paths. */
static void register_host(int lun, uint64_t key, const struct way *way)
{
	for (unsigned nth = 0; path_of(lun, nth); nth++)
		register_path(lun, nth, way->key_per_initiator ? key + nth % 2 : key, way);
}

static void reserve_host(int lun, uint64_t key, const struct way *way)
{
	register_host(lun, key, way);
	reserve(lun, &path_of(lun, 0)->nexus, key, way->type);
}

static void clear(int lun)
{
	struct fake_pr *pr = &lun_of(lun)->pr;
	const struct pr_nexus mine = { .relative_port = pr->registrations[0].relative_port };
	struct pr_nexus nexus = mine;

	snprintf(nexus.initiator, sizeof(nexus.initiator), "%s", pr->registrations[0].initiator);
	must_out(lun, &nexus, (struct pr_request){ .action = PR_CLEAR, .key = pr->registrations[0].key });
}

/* A host with the import created, and no registrations yet. */
static void begin(unsigned members, unsigned paths)
{
	host_test_begin(&test, members, paths);
	assert_int_equal(host_test_open(&test), 0);
	host_test_must(&test, VERB_CREATE);
}

/* The usual host with its reservation, and a registered peer. */
static void begin_reserved(unsigned members)
{
	begin(members, 2);
	for (unsigned i = 0; i < members; i++) {
		reserve_host(world_source(i), OWN_KEY, &usual);
		peer_registers(world_source(i), &peer, PEER_KEY);
	}
}

static void begin_prepared(unsigned members)
{
	begin_reserved(members);
	host_test_must(&test, VERB_PREPARE);
	for (unsigned i = 0; i < members; i++)
		peer_registers(world_destination(i), &peer, PEER_KEY);
}

static void expect_error(int rc, enum error_code code)
{
	assert_int_equal(rc, -1);
	if (test.err.code != code)
		fail_msg("[%s] %s %s instead of %s", error_name(test.err.code), test.err.device, test.err.detail,
			 error_name(code));
}

static const struct fake_registration *find(int lun, const struct fake_registration *like)
{
	for (size_t i = 0; i < lun_of(lun)->pr.count; i++) {
		const struct fake_registration *found = &lun_of(lun)->pr.registrations[i];

		if (strcmp(found->initiator, like->initiator) == 0 && found->relative_port == like->relative_port &&
		    found->all_target_ports == like->all_target_ports)
			return found;
	}
	return NULL;
}

/* Everything of `lun` is on `other`, key by key; own registrations only, or all. */
static void expect_within(int lun, int other)
{
	for (size_t i = 0; i < lun_of(lun)->pr.count; i++) {
		const struct fake_registration *one = &lun_of(lun)->pr.registrations[i];
		const struct fake_registration *found = find(other, one);

		if (!is_own(one))
			continue;
		if (!found || found->key != one->key)
			fail_msg("%s,%u has 0x%llx on %s and 0x%llx on %s", one->initiator, one->relative_port,
				 (unsigned long long)one->key, lun_of(lun)->wwid,
				 (unsigned long long)(found ? found->key : 0), lun_of(other)->wwid);
	}
}

static void expect_alike(unsigned member)
{
	int source = world_source(member), destination = world_destination(member);
	const struct fake_pr *one = &lun_of(source)->pr, *other = &lun_of(destination)->pr;

	expect_within(source, destination);
	expect_within(destination, source);
	assert_string_equal(pr_type_name(one->type), pr_type_name(other->type));
	assert_int_equal(one->aptpl, other->aptpl);
	for (size_t i = 0; i < one->count; i++)
		if (one->registrations[i].holder)
			assert_true(find(destination, &one->registrations[i])->holder);
}

/* Registered alike, and the application goes on. */
static void expect_moved(const char *state, enum side side)
{
	for (unsigned i = 0; i < test.members; i++) {
		expect_alike(i);
		assert_int_not_equal(own_count(world_source(i)), 0);
	}
	host_test_expect(&test, state, side);
}

static void expect_none_of_ours(int lun)
{
	assert_int_equal(own_count(lun), 0);
	assert_false(has_key(lun, LEAVING));
}

/* A look as the agent takes it each second. */
static bool tend(uint64_t after_us)
{
	world_pass_time(test.world, after_us);
	return engine_tend(test.engine, NULL);
}

static const struct member_pr *member_pr(unsigned member)
{
	return &engine_find(test.engine, "test")->members[member].pr;
}

static void mark_fenced(bool fenced)
{
	for (int i = 0; i < test.world->app_count; i++)
		test.world->apps[i].fenced = fenced;
}

static size_t calls_of(const char *name)
{
	size_t count = 0;

	for (const char *at = test.world->log; (at = strstr(at, name)); at++)
		count++;
	return count;
}

/* --- a call of a port, with something done before it --- */

static void (*hook)(void);
static unsigned hook_times; /* how often it will be called yet */
static struct ports real;

static void run_hook(void)
{
	if (!hook || hook_times == 0)
		return;
	hook_times--;
	hook();
}

static int hooked_load(void *ctx, const char *map, const char *table, bool read_only, struct error *err)
{
	if (strcmp(map, test.world->apps[0].map) == 0)
		run_hook();
	return real.dm.load(ctx, map, table, read_only, err);
}

/* Behind the move of the reservations and before the hold, in each of `times` tries. */
static void before_the_hold(void (*what)(void), unsigned times)
{
	real = test.ports;
	test.ports.dm.load = hooked_load;
	hook = what;
	hook_times = times;
}

/* --- the ways through --- */

static void go_all_the_way(const struct way *way, unsigned paths, bool with_peer)
{
	host_test_begin(&test, 1, paths);
	for (int i = 0; way->one_initiator && i < test.world->disk_count; i++)
		test.world->disks[i].nexus.initiator[strlen(test.world->disks[i].nexus.initiator) - 1] = '0';
	test.options.min_paths = 1;
	assert_int_equal(host_test_open(&test), 0);
	host_test_must(&test, VERB_CREATE);
	reserve_host(world_source(0), OWN_KEY, way);
	if (with_peer)
		peer_registers(world_source(0), &peer, PEER_KEY);
	host_test_must(&test, VERB_PREPARE);
	expect_moved("prepared", SIDE_SOURCE);
	if (with_peer)
		peer_registers(world_destination(0), &peer, PEER_KEY);
	for (unsigned i = 0; i < lun_of(world_destination(0))->pr.count; i++)
		if (is_own(&lun_of(world_destination(0))->pr.registrations[i]))
			assert_int_equal(lun_of(world_destination(0))->pr.registrations[i].all_target_ports,
					 way->all_ports);
	host_test_must(&test, VERB_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	assert_int_equal(lun_of(world_destination(0))->pr.type, way->type);
	host_test_must(&test, VERB_SWITCH_BACK);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_must(&test, VERB_HELD_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	world_finish_copy(test.world, world_destination(0));
	host_test_must(&test, VERB_COMMIT);
	host_test_expect(&test, "committed", SIDE_DESTINATION);
	expect_none_of_ours(world_source(0));
	assert_int_not_equal(own_count(world_destination(0)), 0);
	assert_int_equal(lun_of(world_destination(0))->pr.type, way->type);
	assert_int_equal(has_key(world_source(0), PEER_KEY), with_peer);
	host_test_end(&test);
}

/* Where only the holder's nexus writes, all paths have to be one for the array. */
static void every_type_every_way(void **state)
{
	static const enum pr_type types[] = { PR_WE, PR_EA, PR_WE_RO, PR_EA_RO, PR_WE_AR, PR_EA_AR };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		for (unsigned bits = 0; bits < 16; bits++) {
			bool exclusive = types[i] == PR_WE || types[i] == PR_EA;
			const struct way way = { .type = types[i],
						 .aptpl = bits & 1,
						 .all_ports = bits & 2,
						 .key_per_initiator = !exclusive && (bits & 4),
						 .one_initiator = exclusive };

			if (exclusive && (bits & 4))
				continue;
			go_all_the_way(&way, exclusive && !way.all_ports ? 1 : 3, bits & 8);
		}
}

/* The peer's key is ours: all nodes use the same. */
static void one_key_for_all_nodes(void **state)
{
	(void)state;
	begin(1, 2);
	reserve_host(world_source(0), OWN_KEY, &usual);
	peer_registers(world_source(0), &peer, OWN_KEY);
	host_test_must(&test, VERB_PREPARE);
	peer_registers(world_destination(0), &peer, OWN_KEY);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_must(&test, VERB_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_must(&test, VERB_CANCEL);
	host_test_expect(&test, "cancelled", SIDE_SOURCE);
	expect_none_of_ours(world_destination(0));
	assert_true(has_key(world_destination(0), OWN_KEY));
	assert_int_equal(own_count(world_source(0)), 2);
	host_test_end(&test);
}

static void registered_without_reservation(void **state)
{
	(void)state;
	begin(1, 2);
	register_host(world_source(0), OWN_KEY, &usual);
	host_test_must(&test, VERB_PREPARE);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_must(&test, VERB_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_must(&test, VERB_CANCEL);
	expect_none_of_ours(world_destination(0));
	host_test_end(&test);
}

static void without_registrations_nothing_is_sent(void **state)
{
	(void)state;
	for (int unsupported = 0; unsupported < 2; unsupported++) {
		begin(1, 2);
		lun_of(world_source(0))->pr.unsupported = lun_of(world_destination(0))->pr.unsupported = unsupported;
		host_test_must(&test, VERB_PREPARE);
		host_test_must(&test, VERB_SWITCH);
		assert_int_equal(engine_tend_every_ms(test.engine), 0);
		assert_false(tend(LOOK_US));
		host_test_must(&test, VERB_SWITCH_BACK);
		host_test_must(&test, VERB_CANCEL);
		host_test_expect(&test, "cancelled", SIDE_SOURCE);
		assert_int_equal(calls_of("scsi.pr_out"), 0);
		host_test_end(&test);
	}
}

static void group_of_four(void **state)
{
	(void)state;
	begin_prepared(4);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_must(&test, VERB_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_must(&test, VERB_HELD_SWITCH_BACK);
	host_test_must(&test, VERB_SWITCH);
	for (unsigned i = 0; i < 4; i++)
		world_finish_copy(test.world, world_destination(i));
	host_test_must(&test, VERB_COMMIT);
	host_test_expect(&test, "committed", SIDE_DESTINATION);
	for (unsigned i = 0; i < 4; i++)
		expect_none_of_ours(world_source(i));
	host_test_end(&test);
}

static void cancel_from_prepared(void **state)
{
	(void)state;
	begin_prepared(2);
	host_test_must(&test, VERB_CANCEL);
	host_test_expect(&test, "cancelled", SIDE_SOURCE);
	for (unsigned i = 0; i < 2; i++) {
		expect_none_of_ours(world_destination(i));
		assert_true(has_key(world_destination(i), PEER_KEY));
		assert_int_equal(own_count(world_source(i)), 2);
		assert_int_equal(lun_of(world_source(i))->pr.type, PR_WE_RO);
	}
	host_test_end(&test);
}

/* The source gets what the destination has now. */
static void cancel_from_the_destination(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_must(&test, VERB_SWITCH);
	register_host(world_destination(0), NEW_KEY, &usual);
	peer_registers(world_destination(0), &third, THIRD_KEY);
	host_test_must(&test, VERB_CANCEL);
	host_test_expect(&test, "cancelled", SIDE_SOURCE);
	expect_none_of_ours(world_destination(0));
	assert_int_equal(own_count(world_source(0)), 2);
	assert_true(has_key(world_source(0), NEW_KEY));
	assert_false(has_key(world_source(0), OWN_KEY));
	assert_int_equal(lun_of(world_source(0))->pr.type, PR_WE_RO);
	host_test_end(&test);
}

static void another_type_on_the_destination(void **state)
{
	const struct way other = { .type = PR_EA_RO, .aptpl = true };

	(void)state;
	begin_prepared(1);
	host_test_must(&test, VERB_SWITCH);
	must_out(world_destination(0), &path_of(world_destination(0), 0)->nexus,
		 (struct pr_request){ .action = PR_RELEASE, .type = PR_WE_RO, .key = OWN_KEY });
	reserve_host(world_destination(0), OWN_KEY, &other);
	host_test_must(&test, VERB_SWITCH_BACK);
	assert_int_equal(lun_of(world_source(0))->pr.type, PR_EA_RO);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&test);
}

/* --- with peers --- */

static void the_holder_is_a_peer(void **state)
{
	(void)state;
	begin(1, 2);
	register_host(world_source(0), OWN_KEY, &usual);
	peer_registers(world_source(0), &peer, PEER_KEY);
	reserve(world_source(0), &peer, PEER_KEY, PR_WE_RO);
	host_test_must(&test, VERB_PREPARE);
	assert_int_equal(own_count(world_destination(0)), 2);
	assert_int_equal(lun_of(world_destination(0))->pr.type, PR_NONE);
	expect_error(host_test_run(&test, VERB_SWITCH), ERR_PR_NOT_RESERVED);
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	expect_error(host_test_run(&test, VERB_HELD_SWITCH), ERR_PR_NOT_RESERVED);
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	peer_registers(world_destination(0), &peer, PEER_KEY);
	reserve(world_destination(0), &peer, PEER_KEY, PR_EA_RO);
	expect_error(host_test_run(&test, VERB_SWITCH), ERR_PR_NOT_RESERVED);
	must_out(world_destination(0), &peer,
		 (struct pr_request){ .action = PR_RELEASE, .type = PR_EA_RO, .key = PEER_KEY });
	reserve(world_destination(0), &peer, PEER_KEY, PR_WE_RO);
	host_test_must(&test, VERB_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_must(&test, VERB_CANCEL);
	expect_none_of_ours(world_destination(0));
	assert_int_equal(lun_of(world_destination(0))->pr.type, PR_WE_RO);
	assert_true(has_key(world_destination(0), PEER_KEY));
	host_test_end(&test);
}

static void stranger_on_the_destination(void **state)
{
	(void)state;
	begin_reserved(1);
	peer_registers(world_destination(0), &third, THIRD_KEY);
	expect_error(host_test_run(&test, VERB_PREPARE), ERR_DESTINATION_RESERVED);
	host_test_expect(&test, "new", SIDE_SOURCE);
	expect_none_of_ours(world_destination(0));
	assert_true(has_key(world_destination(0), THIRD_KEY));
	clear(world_destination(0));
	host_test_must(&test, VERB_PREPARE);
	peer_registers(world_destination(0), &third, THIRD_KEY);
	expect_error(host_test_run(&test, VERB_SWITCH), ERR_DESTINATION_RESERVED);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&test);
}

static void whose_key_is_it(void **state)
{
	(void)state;
	for (int with_peer = 0; with_peer < 2; with_peer++) {
		begin(1, 2);
		reserve_host(world_source(0), OWN_KEY, &usual);
		if (with_peer)
			peer_registers(world_source(0), &peer, PEER_KEY);
		lun_of(world_source(0))->pr.no_full_status = lun_of(world_destination(0))->pr.no_full_status = true;
		expect_error(host_test_run(&test, VERB_PREPARE), ERR_PRECHECK_FAILED);
		assert_non_null(strstr(json_object_to_json_string(test.result), "pr_key_unknown"));
		assert_int_equal(calls_of("scsi.pr_out"), 0);
		test.world->settings.reservation_key = OWN_KEY;
		host_test_must(&test, VERB_PREPARE);
		expect_moved("prepared", SIDE_SOURCE);
		if (with_peer)
			peer_registers(world_destination(0), &peer, PEER_KEY);
		host_test_must(&test, VERB_SWITCH);
		expect_moved("on_destination", SIDE_DESTINATION);
		host_test_must(&test, VERB_SWITCH_BACK);
		expect_moved("prepared", SIDE_SOURCE);
		host_test_must(&test, VERB_CANCEL);
		expect_none_of_ours(world_destination(0));
		assert_int_equal(own_count(world_source(0)), 2);
		assert_int_equal(has_key(world_destination(0), PEER_KEY), with_peer);
		host_test_end(&test);
	}
}

/* --- changes behind the move --- */

static void source_gets_another_key(void)
{
	register_host(world_source(0), NEW_KEY + hook_times, &usual);
}

static void source_gets_a_peer(void)
{
	peer_registers(world_source(0), &third, THIRD_KEY);
	peer_registers(world_destination(0), &third, THIRD_KEY);
}

static void source_is_cleared(void)
{
	clear(world_source(0));
	peer_registers(world_source(0), &peer, PEER_KEY);
}

static void peer_is_preempted(void)
{
	peer_preempts(world_source(0), &path_of(world_source(0), 0)->nexus, OWN_KEY, PEER_KEY);
}

static void this_host_is_preempted(void)
{
	peer_preempts(world_source(0), &peer, PEER_KEY, OWN_KEY);
	mark_fenced(true);
}

static void changes_just_before_the_hold(void **state)
{
	static void (*const changes[])(void) = { source_gets_another_key, source_gets_a_peer, source_is_cleared,
						 peer_is_preempted };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		begin_prepared(1);
		before_the_hold(changes[i], 1);
		host_test_must(&test, VERB_SWITCH);
		assert_int_equal(hook_times, 0);
		assert_int_equal(calls_of("multipathd.stop"), 2); /* taken back, and once more */
		expect_alike(0);
		host_test_expect(&test, "on_destination", SIDE_DESTINATION);
		assert_int_equal(own_count(world_destination(0)), changes[i] == source_is_cleared ? 0 : 2);
		assert_int_equal(has_key(world_destination(0), THIRD_KEY), changes[i] == source_gets_a_peer);
		assert_int_equal(has_key(world_destination(0), PEER_KEY), changes[i] != peer_is_preempted);
		host_test_end(&test);
	}
}

static void changes_without_an_end(void **state)
{
	(void)state;
	begin_prepared(1);
	before_the_hold(source_gets_another_key, 99);
	expect_error(host_test_run(&test, VERB_SWITCH), ERR_PR_CHANGED);
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	assert_int_equal(calls_of("multipathd.stop"), 3);
	expect_error(host_test_run(&test, VERB_HELD_SWITCH), ERR_PR_CHANGED);
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	hook_times = 0;
	host_test_must(&test, VERB_HELD_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

/* Changes on either LUN between the verbs, which a switch finds. */
static void changes_between_the_verbs(void **state)
{
	(void)state;
	begin_prepared(1);
	register_host(world_source(0), NEW_KEY, &usual);
	host_test_must(&test, VERB_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	assert_true(has_key(world_destination(0), NEW_KEY));
	host_test_must(&test, VERB_SWITCH_BACK);
	source_is_cleared();
	host_test_must(&test, VERB_SWITCH);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	expect_none_of_ours(world_destination(0));
	assert_int_equal(lun_of(world_destination(0))->pr.type, PR_NONE);
	reserve_host(world_destination(0), OWN_KEY, &usual);
	host_test_must(&test, VERB_SWITCH_BACK);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&test);
}

static void held_while_the_reservations_change(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_must(&test, VERB_HOLD);
	source_gets_another_key();
	expect_error(host_test_run(&test, VERB_RELEASE), ERR_PR_CHANGED);
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	host_test_must(&test, VERB_HOLD);
	host_test_must(&test, VERB_RELEASE);
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

/* --- fencing --- */

static void expect_fenced(void)
{
	const char *why = host_test_disagreement(&test);

	if (why)
		fail_msg("%s\ncalls:\n%s", why, host_test_calls(&test));
	for (unsigned i = 0; i < test.members; i++) {
		expect_none_of_ours(world_source(i));
		expect_none_of_ours(world_destination(i));
		assert_true(member_pr(i)->fenced);
	}
}

/* What the agent of the peer that fenced this host does, there. */
static void peer_reserves(int lun)
{
	if (lun_of(lun)->pr.type)
		must_out(lun, &peer,
			 (struct pr_request){ .action = PR_RELEASE, .type = lun_of(lun)->pr.type, .key = PEER_KEY });
	reserve(lun, &peer, PEER_KEY, PR_WE_RO);
}

/* The cluster registers the host again on the LUN that its application is on. */
static void unfence(int lun)
{
	for (unsigned i = 0; i < test.members; i++)
		register_host(lun + 2 * (int)i, OWN_KEY, &usual);
	mark_fenced(false);
}

static void fenced_before_the_switch(void **state)
{
	(void)state;
	for (int looks = 0; looks < 2; looks++) {
		begin_prepared(1);
		this_host_is_preempted();
		if (looks)
			assert_true(tend(LOOK_US));
		expect_error(host_test_run(&test, VERB_SWITCH), ERR_PR_FENCED);
		expect_fenced();
		expect_error(host_test_run(&test, VERB_HELD_SWITCH), ERR_PR_FENCED);
		expect_fenced();
		assert_string_equal(host_test_state(&test), "prepared");
		peer_reserves(world_destination(0));
		unfence(world_source(0));
		if (looks)
			tend(LOOK_US);
		host_test_must(&test, VERB_SWITCH);
		assert_false(member_pr(0)->fenced);
		expect_moved("on_destination", SIDE_DESTINATION);
		host_test_end(&test);
	}
}

static void fenced_just_before_the_hold(void **state)
{
	(void)state;
	begin_prepared(1);
	before_the_hold(this_host_is_preempted, 1);
	expect_error(host_test_run(&test, VERB_SWITCH), ERR_PR_FENCED);
	assert_string_equal(host_test_state(&test), "prepared");
	expect_fenced();
	host_test_end(&test);
}

static void fenced_while_held(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_must(&test, VERB_HOLD);
	this_host_is_preempted();
	expect_error(host_test_run(&test, VERB_RELEASE), ERR_PR_CHANGED);
	assert_string_equal(host_test_state(&test), "prepared");
	assert_true(tend(LOOK_US));
	expect_fenced();
	expect_error(host_test_run(&test, VERB_HOLD), ERR_PR_FENCED);
	host_test_must(&test, VERB_CANCEL);
	expect_none_of_ours(world_source(0));
	expect_none_of_ours(world_destination(0));
	host_test_end(&test);
}

/* Whoever was fenced on the destination may go back, and cancel: it writes on neither side. */
static void fenced_behind_the_switch(void **state)
{
	(void)state;
	for (int looks = 0; looks < 2; looks++)
		for (int held = 0; held < 2; held++) {
			begin_prepared(1);
			host_test_must(&test, VERB_SWITCH);
			peer_preempts(world_destination(0), &peer, PEER_KEY, OWN_KEY);
			mark_fenced(true);
			if (looks) {
				assert_true(tend(LOOK_US));
				expect_fenced();
			}
			host_test_must(&test, held ? VERB_HELD_SWITCH_BACK : VERB_SWITCH_BACK);
			expect_fenced();
			assert_string_equal(host_test_state(&test), "prepared");
			expect_error(host_test_run(&test, VERB_SWITCH), ERR_PR_FENCED);
			unfence(world_source(0));
			peer_reserves(world_source(0));
			host_test_must(&test, VERB_SWITCH);
			expect_moved("on_destination", SIDE_DESTINATION);
			host_test_end(&test);
		}
}

static void cancel_when_fenced(void **state)
{
	(void)state;
	begin_prepared(2);
	host_test_must(&test, VERB_SWITCH);
	for (unsigned i = 0; i < 2; i++)
		peer_preempts(world_destination(i), &peer, PEER_KEY, OWN_KEY);
	mark_fenced(true);
	host_test_must(&test, VERB_CANCEL);
	assert_string_equal(host_test_state(&test), "cancelled");
	for (unsigned i = 0; i < 2; i++) {
		expect_none_of_ours(world_source(i));
		expect_none_of_ours(world_destination(i));
		assert_int_equal(lun_of(world_source(i))->pr.type, PR_WE_AR);
		assert_true(has_key(world_source(i), PEER_KEY));
	}
	host_test_end(&test);
}

/* A peer fences this host where that peer is: on the LUN that is the other one here. */
static void fenced_on_the_other_lun(void **state)
{
	(void)state;
	begin_prepared(1);
	tend(LOOK_US);
	peer_preempts(world_destination(0), &peer, PEER_KEY, OWN_KEY);
	assert_true(tend(LOOK_US));
	assert_int_equal(lun_of(world_source(0))->pr.type, PR_WE_AR);
	mark_fenced(true);
	assert_int_equal(own_count(world_source(0)), 0);
	assert_int_equal(own_count(world_destination(0)), 0);
	assert_true(member_pr(0)->fenced);
	host_test_end(&test);
}

/* Fenced, unfenced on the live LUN, and all that while the agent did not look: the reboot of a node. */
static void unfenced_before_the_agent_looks(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_close(&test);
	peer_preempts(world_source(0), &peer, PEER_KEY, OWN_KEY);
	peer_preempts(world_destination(0), &peer, PEER_KEY, OWN_KEY);
	unfence(world_source(0));
	assert_int_equal(host_test_open(&test), 0);
	tend(LOOK_US);
	assert_int_equal(own_count(world_source(0)), 2);
	assert_int_equal(own_count(world_destination(0)), 2);
	host_test_must(&test, VERB_SWITCH);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

static void agent_restarts(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_close(&test);
	assert_int_equal(host_test_open(&test), 0);
	assert_true(member_pr(0)->registered);
	assert_int_not_equal(engine_tend_every_ms(test.engine), 0);
	host_test_close(&test);
	this_host_is_preempted();
	assert_int_equal(host_test_open(&test), 0);
	assert_true(tend(LOOK_US));
	expect_fenced();
	host_test_close(&test);
	assert_int_equal(host_test_open(&test), 0);
	assert_true(member_pr(0)->fenced);
	tend(LOOK_US);
	expect_fenced();
	expect_error(host_test_run(&test, VERB_SWITCH), ERR_PR_FENCED);
	peer_reserves(world_destination(0));
	unfence(world_source(0));
	host_test_close(&test);
	assert_int_equal(host_test_open(&test), 0);
	tend(LOOK_US);
	assert_false(member_pr(0)->fenced);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&test);
}

/* Looks are cheap, and a look that finds nothing new says so: the agent would look again at once. */
static void looks_are_quiet(void **state)
{
	(void)state;
	begin_prepared(1);
	tend(LOOK_US);
	world_begin(test.world, NULL);
	for (int i = 0; i < 8; i++)
		assert_false(tend(LOOK_US));
	assert_int_equal(calls_of("scsi.pr_read"), 0);
	assert_int_equal(calls_of("scsi.pr_watch_read"), 16);
	for (int i = 0; i < 30; i++)
		assert_false(tend(LOOK_US));
	assert_in_range(calls_of("scsi.pr_read"), 4, 12);
	this_host_is_preempted();
	assert_true(tend(LOOK_US));
	assert_false(tend(LOOK_US));
	assert_false(tend(LOOK_US));
	expect_fenced();
	host_test_end(&test);
}

/* --- looking after peers --- */

static void peers_fencing_is_finished(void **state)
{
	(void)state;
	for (int switched = 0; switched < 2; switched++) {
		int live, other;

		begin_prepared(1);
		if (switched)
			host_test_must(&test, VERB_SWITCH);
		live = switched ? world_destination(0) : world_source(0);
		other = switched ? world_source(0) : world_destination(0);
		peer_registers(live, &third, THIRD_KEY);
		peer_registers(other, &third, THIRD_KEY);
		tend(LOOK_US);
		peer_preempts(live, &peer, PEER_KEY, THIRD_KEY);
		assert_true(has_key(other, THIRD_KEY));
		assert_true(tend(LOOK_US));
		assert_false(has_key(other, THIRD_KEY));
		assert_true(has_key(other, PEER_KEY));
		expect_moved(switched ? "on_destination" : "prepared", switched ? SIDE_DESTINATION : SIDE_SOURCE);
		host_test_end(&test);
	}
}

/* Unregister, as an agent of a peer does at its commit or cancel. */
static void peer_leaves(int lun, uint64_t key)
{
	must_out(lun, &third,
		 (struct pr_request){ .action = PR_REGISTER_AND_IGNORE, .service_action_key = key, .aptpl = true });
}

static void peers_that_leave_are_left_alone(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_must(&test, VERB_SWITCH);
	peer_registers(world_source(0), &third, THIRD_KEY);
	peer_registers(world_destination(0), &third, THIRD_KEY);
	tend(LOOK_US);
	peer_leaves(world_destination(0), LEAVING); /* it cancels: the source stays */
	for (int i = 0; i < 4; i++)
		tend(LOOK_US);
	peer_leaves(world_destination(0), 0);
	for (int i = 0; i < 12; i++)
		tend(LOOK_US);
	assert_true(has_key(world_source(0), THIRD_KEY));
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

static void what_was_not_seen_is_not_acted_upon(void **state)
{
	(void)state;
	begin_prepared(1);
	peer_registers(world_source(0), &third, THIRD_KEY);
	peer_registers(world_destination(0), &third, THIRD_KEY);
	tend(LOOK_US);
	peer_preempts(world_source(0), &peer, PEER_KEY, THIRD_KEY);
	tend(LOOK_US * 7 / 2);
	assert_true(has_key(world_destination(0), THIRD_KEY));
	tend(LOOK_US);
	assert_true(has_key(world_destination(0), THIRD_KEY));
	host_test_end(&test);
}

/* A node that takes another key is not one that was fenced. */
static void peers_that_change_their_key_are_left_alone(void **state)
{
	(void)state;
	begin_prepared(1);
	tend(LOOK_US);
	peer_registers(world_source(0), &peer, THIRD_KEY);
	tend(LOOK_US);
	tend(LOOK_US);
	assert_true(has_key(world_destination(0), PEER_KEY));
	peer_registers(world_destination(0), &peer, THIRD_KEY);
	tend(LOOK_US);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&test);
}

/* This host's own new key goes over with the next look. */
static void new_keys_follow(void **state)
{
	(void)state;
	for (int switched = 0; switched < 2; switched++) {
		begin_prepared(1);
		if (switched)
			host_test_must(&test, VERB_SWITCH);
		tend(LOOK_US);
		register_host(switched ? world_destination(0) : world_source(0), NEW_KEY, &usual);
		assert_true(tend(LOOK_US));
		assert_true(has_key(switched ? world_source(0) : world_destination(0), NEW_KEY));
		expect_moved(switched ? "on_destination" : "prepared", switched ? SIDE_DESTINATION : SIDE_SOURCE);
		host_test_end(&test);
	}
}

static void hot_add_path(int lun)
{
	world_paths(test.world, lun, 1);
	world_map_lun(test.world, lun);
	test.world->disks[test.world->disk_count - 1].nexus.relative_port = 9;
}

/* The new path is in the live map before the agent sees it; that conflicts meanwhile is what the ten seconds are for.
 */
static void later_paths_are_registered(void **state)
{
	(void)state;
	for (int no_status = 0; no_status < 2; no_status++)
		for (int side = 0; side < 2; side++) {
			int lun = side == SIDE_SOURCE ? world_source(0) : world_destination(0);

			begin(1, 2);
			reserve_host(world_source(0), OWN_KEY, &usual);
			test.world->settings.reservation_key = OWN_KEY;
			lun_of(world_source(0))->pr.no_full_status = no_status;
			lun_of(world_destination(0))->pr.no_full_status = no_status;
			host_test_must(&test, VERB_PREPARE);
			host_test_must(&test, VERB_SWITCH);
			tend(LOOK_US);
			hot_add_path(lun);
			world_scan(test.world);
			for (int i = 0; i < 11 && own_count(lun) < 3; i++)
				tend(LOOK_US);
			assert_int_equal(own_count(lun), 3);
			world_begin(test.world, NULL);
			for (int i = 0; i < 30; i++)
				tend(LOOK_US);
			assert_int_equal(own_count(lun), 3);
			assert_int_equal(calls_of("scsi.pr_out"), 0);
			host_test_expect(&test, "on_destination", SIDE_DESTINATION);
			host_test_must(&test, VERB_CANCEL);
			host_test_expect(&test, "cancelled", SIDE_SOURCE);
			expect_none_of_ours(world_destination(0));
			host_test_end(&test);
		}
}

/* --- the source's reservation lifted and put back --- */

static int lift(bool lifted)
{
	json_object_put(test.result);
	test.result = NULL;
	test.err = (struct error){ 0 };
	return engine_lift_reservation(test.engine, "test", lifted, NULL, &test.result, &test.err);
}

static void expect_lifted(void)
{
	for (int i = 0; i < 12; i++)
		tend(LOOK_US);
	assert_int_equal(lun_of(world_source(0))->pr.type, PR_NONE);
	assert_int_equal(own_count(world_source(0)), 2);
	assert_int_equal(lun_of(world_destination(0))->pr.type, PR_WE_RO);
}

static void lifted_and_put_back(void **state)
{
	(void)state;
	begin_prepared(1);
	assert_int_equal(lift(true), 0);
	expect_lifted();
	assert_int_equal(lift(true), 0);
	host_test_must(&test, VERB_SWITCH);
	expect_lifted();
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	assert_int_equal(lift(false), 0);
	assert_int_equal(lift(false), 0);
	expect_moved("on_destination", SIDE_DESTINATION);
	assert_int_equal(lift(true), 0);
	host_test_close(&test);
	assert_int_equal(host_test_open(&test), 0);
	expect_lifted();
	host_test_must(&test, VERB_SWITCH_BACK);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&test);
}

static void cancel_puts_back_what_was_lifted(void **state)
{
	(void)state;
	for (int switched = 0; switched < 2; switched++) {
		begin_prepared(1);
		if (switched)
			host_test_must(&test, VERB_SWITCH);
		assert_int_equal(lift(true), 0);
		host_test_must(&test, VERB_CANCEL);
		host_test_expect(&test, "cancelled", SIDE_SOURCE);
		assert_int_equal(lun_of(world_source(0))->pr.type, PR_WE_RO);
		assert_int_equal(own_count(world_source(0)), 2);
		expect_none_of_ours(world_destination(0));
		host_test_end(&test);
	}
}

/* Only the host whose reservation it is lifts it; the others switch meanwhile. */
static void lifted_by_a_peer(void **state)
{
	(void)state;
	begin(1, 2);
	register_host(world_source(0), OWN_KEY, &usual);
	peer_registers(world_source(0), &peer, PEER_KEY);
	reserve(world_source(0), &peer, PEER_KEY, PR_WE_RO);
	host_test_must(&test, VERB_PREPARE);
	peer_registers(world_destination(0), &peer, PEER_KEY);
	reserve(world_destination(0), &peer, PEER_KEY, PR_WE_RO);
	expect_error(lift(true), ERR_PR_NOT_HOLDER);
	must_out(world_source(0), &peer,
		 (struct pr_request){ .action = PR_RELEASE, .type = PR_WE_RO, .key = PEER_KEY });
	tend(LOOK_US);
	host_test_must(&test, VERB_SWITCH);
	expect_lifted();
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

/* All registrants are holders: the peer's lifting is not undone, the destination stays reserved, and all switch. */
static void all_registrants_lifted_by_a_peer(void **state)
{
	const struct way all = { .type = PR_WE_AR, .aptpl = true };

	(void)state;
	for (int switched = 0; switched < 2; switched++) {
		begin(1, 2);
		reserve_host(world_source(0), OWN_KEY, &all);
		peer_registers(world_source(0), &peer, PEER_KEY);
		host_test_must(&test, VERB_PREPARE);
		peer_registers(world_destination(0), &peer, PEER_KEY);
		if (switched)
			host_test_must(&test, VERB_SWITCH);
		must_out(world_source(0), &peer,
			 (struct pr_request){ .action = PR_RELEASE, .type = PR_WE_AR, .key = PEER_KEY });
		for (int i = 0; i < 12; i++)
			tend(LOOK_US);
		assert_int_equal(lun_of(world_source(0))->pr.type, PR_NONE);
		assert_int_equal(lun_of(world_destination(0))->pr.type, PR_WE_AR);
		if (!switched)
			host_test_must(&test, VERB_SWITCH);
		host_test_expect(&test, "on_destination", SIDE_DESTINATION);
		host_test_must(&test, VERB_SWITCH_BACK);
		assert_int_equal(lun_of(world_source(0))->pr.type, PR_WE_AR);
		expect_moved("prepared", SIDE_SOURCE);
		host_test_end(&test);
	}
}

/* --- the checks check --- */

static int deaf_pr_out(void *ctx, const char *disk, const struct pr_request *request, struct error *err)
{
	(void)ctx, (void)disk, (void)request, (void)err;
	return 0;
}

static int empty_pr_read(void *ctx, const char *disk, struct pr_state *ret, struct error *err)
{
	(void)ctx, (void)disk, (void)err;
	*ret = (struct pr_state){ 0 };
	return 0;
}

/* A LUN that takes commands and does nothing is found out before the switch. */
static void control_commands_without_effect(void **state)
{
	(void)state;
	begin_reserved(1);
	test.ports.scsi.pr_out = deaf_pr_out;
	expect_error(host_test_run(&test, VERB_PREPARE), ERR_PR_FAILED);
	host_test_expect(&test, "new", SIDE_SOURCE);
	host_test_end(&test);
}

/* A switch that knows nothing of reservations, to a LUN that is reserved: the fake host notices. */
static void control_switch_without_registration(void **state)
{
	(void)state;
	begin_reserved(1);
	peer_registers(world_destination(0), &peer, PEER_KEY);
	reserve(world_destination(0), &peer, PEER_KEY, PR_WE_RO);
	test.ports.scsi.pr_read = empty_pr_read;
	host_test_must(&test, VERB_PREPARE);
	assert_string_equal(test.world->violations, "");
	host_test_must(&test, VERB_SWITCH);
	assert_non_null(strstr(test.world->violations, "reservation conflict"));
	host_test_end(&test);
}

/* A fenced host whose keys stay on the other LUN writes again behind a switch: the fake host notices. */
static void control_switch_of_a_fenced_host(void **state)
{
	(void)state;
	begin_prepared(1);
	test.ports.scsi.pr_out = deaf_pr_out;
	this_host_is_preempted();
	test.ports.scsi.pr_read = empty_pr_read;
	host_test_must(&test, VERB_SWITCH);
	assert_non_null(strstr(test.world->violations, "the fenced host writes"));
	host_test_end(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_every_way),
		cmocka_unit_test(one_key_for_all_nodes),
		cmocka_unit_test(registered_without_reservation),
		cmocka_unit_test(without_registrations_nothing_is_sent),
		cmocka_unit_test(group_of_four),
		cmocka_unit_test(cancel_from_prepared),
		cmocka_unit_test(cancel_from_the_destination),
		cmocka_unit_test(another_type_on_the_destination),
		cmocka_unit_test(the_holder_is_a_peer),
		cmocka_unit_test(stranger_on_the_destination),
		cmocka_unit_test(whose_key_is_it),
		cmocka_unit_test(changes_just_before_the_hold),
		cmocka_unit_test(changes_without_an_end),
		cmocka_unit_test(changes_between_the_verbs),
		cmocka_unit_test(held_while_the_reservations_change),
		cmocka_unit_test(fenced_before_the_switch),
		cmocka_unit_test(fenced_just_before_the_hold),
		cmocka_unit_test(fenced_while_held),
		cmocka_unit_test(fenced_behind_the_switch),
		cmocka_unit_test(cancel_when_fenced),
		cmocka_unit_test(fenced_on_the_other_lun),
		cmocka_unit_test(unfenced_before_the_agent_looks),
		cmocka_unit_test(agent_restarts),
		cmocka_unit_test(looks_are_quiet),
		cmocka_unit_test(peers_fencing_is_finished),
		cmocka_unit_test(peers_that_leave_are_left_alone),
		cmocka_unit_test(what_was_not_seen_is_not_acted_upon),
		cmocka_unit_test(peers_that_change_their_key_are_left_alone),
		cmocka_unit_test(new_keys_follow),
		cmocka_unit_test(later_paths_are_registered),
		cmocka_unit_test(lifted_and_put_back),
		cmocka_unit_test(cancel_puts_back_what_was_lifted),
		cmocka_unit_test(lifted_by_a_peer),
		cmocka_unit_test(all_registrants_lifted_by_a_peer),
		cmocka_unit_test(control_commands_without_effect),
		cmocka_unit_test(control_switch_without_registration),
		cmocka_unit_test(control_switch_of_a_fenced_host),
	};

	return cmocka_run_group_tests_name("reservations", tests, NULL, NULL);
}
