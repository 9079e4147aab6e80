/*
 * What the tests of reservations share; see reservations.h.
 */
#include "reservations.h"

struct host_test pr_test;
const struct pr_nexus peer = { "fc:5001438000000001", 1, 0 }, third = { "fc:5001438000000002", 1, 0 };

const struct way usual = { .type = PR_WE_RO, .aptpl = true };

struct fake_lun *lun_of(int lun)
{
	return &pr_test.world->luns[lun];
}

enum error_code out(int lun, const struct pr_nexus *nexus, struct pr_request request)
{
	return world_pr_out(pr_test.world, lun, nexus, &request);
}

void must_out(int lun, const struct pr_nexus *nexus, struct pr_request request)
{
	enum error_code code = out(lun, nexus, request);

	if (code != ERR_NONE)
		fail_msg("service action %d on %s: %s", request.action, lun_of(lun)->wwid, error_name(code));
}

void peer_registers(int lun, const struct pr_nexus *nexus, uint64_t key)
{
	must_out(lun, nexus,
		 (struct pr_request){ .action = PR_REGISTER_AND_IGNORE, .service_action_key = key, .aptpl = true });
}

void peer_preempts(int lun, const struct pr_nexus *nexus, uint64_t key, uint64_t victim)
{
	must_out(lun, nexus,
		 (struct pr_request){ .action = PR_PREEMPT_AND_ABORT,
				      .type = lun_of(lun)->pr.type,
				      .key = key,
				      .service_action_key = victim });
}

void reserve(int lun, const struct pr_nexus *nexus, uint64_t key, enum pr_type type)
{
	must_out(lun, nexus, (struct pr_request){ .action = PR_RESERVE, .type = type, .key = key });
}

void peer_holds(int lun)
{
	peer_registers(lun, &peer, PEER_KEY);
	reserve(lun, &peer, PEER_KEY, PR_WE_RO);
}

bool is_own(const struct fake_registration *registration)
{
	return strncmp(registration->initiator, "fc:21000024ff", 13) == 0;
}

size_t own_count(int lun)
{
	size_t count = 0;

	for (size_t i = 0; i < lun_of(lun)->pr.count; i++)
		count += is_own(&lun_of(lun)->pr.registrations[i]);
	return count;
}

bool has_key(int lun, uint64_t key)
{
	for (size_t i = 0; i < lun_of(lun)->pr.count; i++)
		if (lun_of(lun)->pr.registrations[i].key == key)
			return true;
	return false;
}

/* The n-th path of a LUN. */
struct fake_disk *path_of(int lun, unsigned nth)
{
	for (int i = 0; i < pr_test.world->disk_count; i++)
		if (pr_test.world->disks[i].lun == lun && nth-- == 0)
			return &pr_test.world->disks[i];
	return NULL;
}

void register_path(int lun, unsigned nth, uint64_t key, const struct way *way)
{
	must_out(lun, &path_of(lun, nth)->nexus,
		 (struct pr_request){ .action = PR_REGISTER_AND_IGNORE,
				      .service_action_key = key,
				      .aptpl = way->aptpl,
				      .all_target_ports = way->all_ports });
}

/* This host's cluster registers all paths. */
void register_host(int lun, uint64_t key, const struct way *way)
{
	for (unsigned nth = 0; path_of(lun, nth); nth++)
		register_path(lun, nth, way->key_per_initiator ? key + nth % 2 : key, way);
}

void reserve_host(int lun, uint64_t key, const struct way *way)
{
	register_host(lun, key, way);
	reserve(lun, &path_of(lun, 0)->nexus, key, way->type);
}

void clear(int lun)
{
	struct fake_pr *pr = &lun_of(lun)->pr;
	const struct pr_nexus mine = { .relative_port = pr->registrations[0].relative_port };
	struct pr_nexus nexus = mine;

	snprintf(nexus.initiator, sizeof(nexus.initiator), "%s", pr->registrations[0].initiator);
	must_out(lun, &nexus, (struct pr_request){ .action = PR_CLEAR, .key = pr->registrations[0].key });
}

/* A host with the import created, and no registrations yet. */
void begin(unsigned members, unsigned paths)
{
	host_test_begin(&pr_test, members, paths);
	assert_int_equal(host_test_open(&pr_test), 0);
	host_test_must(&pr_test, VERB_CREATE);
}

/* The usual host with its reservation, and a registered peer. */
void begin_reserved(unsigned members)
{
	begin(members, 2);
	for (unsigned i = 0; i < members; i++) {
		reserve_host(world_source(i), OWN_KEY, &usual);
		peer_registers(world_source(i), &peer, PEER_KEY);
	}
}

void begin_prepared(unsigned members)
{
	begin_reserved(members);
	host_test_must(&pr_test, VERB_PREPARE);
	for (unsigned i = 0; i < members; i++)
		peer_registers(world_destination(i), &peer, PEER_KEY);
}

void begin_with_holding_peer(void)
{
	begin(1, 2);
	register_host(world_source(0), OWN_KEY, &usual);
	peer_holds(world_source(0));
	host_test_must(&pr_test, VERB_PREPARE);
}

void expect_error(int rc, enum error_code code)
{
	assert_int_equal(rc, -1);
	if (pr_test.err.code != code)
		fail_msg("[%s] %s %s instead of %s", error_name(pr_test.err.code), pr_test.err.device,
			 pr_test.err.detail, error_name(code));
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

void expect_alike(unsigned member)
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
void expect_moved(const char *state, enum side side)
{
	for (unsigned i = 0; i < pr_test.members; i++) {
		expect_alike(i);
		assert_int_not_equal(own_count(world_source(i)), 0);
	}
	host_test_expect(&pr_test, state, side);
}

void expect_none_of_ours(int lun)
{
	assert_int_equal(own_count(lun), 0);
	assert_false(has_key(lun, LEAVING));
}

void hot_add_path(int lun)
{
	world_paths(pr_test.world, lun, 1);
	world_map_lun(pr_test.world, lun);
	pr_test.world->disks[pr_test.world->disk_count - 1].nexus.relative_port = 9;
}

/* A look as the agent takes it each second. */
bool tend(uint64_t after_us)
{
	world_pass_time(pr_test.world, after_us);
	return engine_poll(pr_test.engine, NULL);
}

const struct member_pr *member_pr(unsigned member)
{
	return &engine_find(pr_test.engine, "test")->members[member].pr;
}

void mark_fenced(bool fenced)
{
	for (int i = 0; i < pr_test.world->app_count; i++)
		pr_test.world->apps[i].fenced = fenced;
}

size_t calls_of(const char *name)
{
	size_t count = 0;

	for (const char *at = pr_test.world->log; (at = strstr(at, name)); at++)
		count++;
	return count;
}

/* --- a call of a port, with something done before it --- */

static void (*hook)(void);
unsigned hook_times;
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
	if (strcmp(map, pr_test.world->apps[0].map) == 0)
		run_hook();
	return real.dm.load(ctx, map, table, read_only, err);
}

/* Behind the move of the reservations and before the hold, in each of `times` tries. */
void before_the_hold(void (*what)(void), unsigned times)
{
	real = pr_test.ports;
	pr_test.ports.dm.load = hooked_load;
	hook = what;
	hook_times = times;
}

static int hooked_pr_out(void *ctx, const char *disk, const struct pr_request *request, struct error *err)
{
	if (request->action == PR_REGISTER_AND_IGNORE)
		run_hook();
	return real.scsi.pr_out(ctx, disk, request, err);
}

void before_a_registration(void (*what)(void))
{
	real = pr_test.ports;
	pr_test.ports.scsi.pr_out = hooked_pr_out;
	hook = what;
	hook_times = 1;
}

void this_host_is_preempted(void)
{
	peer_preempts(world_source(0), &peer, PEER_KEY, OWN_KEY);
	mark_fenced(true);
}
