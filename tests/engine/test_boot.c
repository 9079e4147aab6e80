/*
 * The checks at boot. First the whole matrix: what the check decides for every state of the store, of the rules and of
 * the journal. Then what comes of it on the fake host after a power cut: the live map is on its side, or down; never on
 * the other.
 */
#include "engine_test.h"

#include "dm-import/boot/files.h"
#include "dm-import/core/engine.h"

static const char store_path[] = "/etc/dm-import/identity", journal_path[] = "/var/lib/dm-import/journal";
static struct host_test test;

static int setup(void **state)
{
	(void)state;
	host_test_begin(&test, 2, 2);
	return host_test_open(&test);
}

static int teardown(void **state)
{
	(void)state;
	host_test_end(&test);
	return 0;
}

/* --- the matrix ------------------------------------------------------------------------------------------------ */

enum state { WHOLE, MISSING, OLDER, DAMAGED, TRUNCATED, EMPTY, STATES };

/* Of the rules: the same for all four files, or the last two lag behind. */
enum spread { ALL, SOME, SPREADS };

enum knowledge { JOURNAL_AGREES, JOURNAL_MISSING, JOURNAL_OLDER, JOURNAL_TORN_VERB, JOURNAL_DAMAGED, KNOWLEDGES };

static const char *const state_words[] = { "whole", "missing", "older", "damaged", "truncated", "empty" };
static const char *const spread_words[] = { "all", "some" };
static const char *const knowledge_words[] = { "agrees", "missing", "older", "in the middle of a verb", "damaged" };

struct files {
	char *store, *rules, *journal;
};

static void keep(const char *path, char **ret)
{
	const struct fake_file *file = world_file(test.world, path);

	*ret = file && file->text ? strdup(file->text) : NULL;
}

static void look(struct files *ret)
{
	keep(store_path, &ret->store);
	keep("/etc/udev/rules.d/99-zz-dm-import.rules", &ret->rules);
	keep(journal_path, &ret->journal);
}

static void forget(struct files *files)
{
	free(files->store);
	free(files->rules);
	free(files->journal);
}

/* A copy of `now` or `before`, in this state. */
static char *copy_of(const char *now, const char *before, enum state state)
{
	char *text;

	switch (state) {
	case MISSING:
		return NULL;
	case OLDER:
		return strdup(before);
	case EMPTY:
		return strdup("");
	case TRUNCATED:
		return strndup(now, strlen(now) / 2);
	default:
		text = strdup(now);
		if (state == DAMAGED)
			text[strlen(text) / 2] ^= 1;
		return text;
	}
}

static void put(const char *path, char *text)
{
	if (text)
		assert_int_equal(world_write_file(test.world, path, text, 0600), 0);
	else
		world_remove_file(test.world, path);
	free(text);
}

static void put_rules(const char *now, const char *before, enum state state, enum spread spread)
{
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++) {
		char path[128];

		snprintf(path, sizeof(path), "/etc/udev/rules.d/%s", identity_rule_files[i]);
		put(path, copy_of(now, before, spread == ALL || i >= 2 ? state : WHOLE));
	}
}

static void put_journal(const struct files *now, const struct files *before, const char *torn, enum knowledge knowledge)
{
	static const enum state states[] = { [JOURNAL_AGREES] = WHOLE,
					     [JOURNAL_MISSING] = MISSING,
					     [JOURNAL_OLDER] = OLDER,
					     [JOURNAL_DAMAGED] = DAMAGED };

	if (knowledge == JOURNAL_TORN_VERB)
		put(journal_path, strdup(torn));
	else
		put(journal_path, copy_of(now->journal, before->journal, states[knowledge]));
}

static bool readable(enum state state)
{
	return state == WHOLE || state == OLDER;
}

struct expectation {
	enum boot_verdict verdict;
	bool exchanged; /* the role that counts */
	bool well;	/* the agent may start */
	bool rules_needed;
	size_t down;
};

/* No copy is whole: what is left of them is not counted, what the journal knows is. */
static struct expectation expect_lost(enum state store, enum state rules, enum knowledge knowledge)
{
	bool known = knowledge != JOURNAL_MISSING;

	if (store == MISSING && rules == MISSING && !known)
		return (struct expectation){ .verdict = BOOT_NOTHING, .well = true };
	return (struct expectation){ .verdict = BOOT_LOST, .down = known ? 4 : 0, .rules_needed = known };
}

/* What has to come out, in other words than boot.c's. What is damaged of the journal is not its last record. */
static struct expectation expect(enum state store, enum state rules, enum spread spread, enum knowledge knowledge)
{
	enum state best = spread == SOME ? WHOLE : rules;
	bool certain = knowledge != JOURNAL_MISSING && knowledge != JOURNAL_TORN_VERB;
	struct expectation e = { .exchanged = store == WHOLE || best == WHOLE, .well = true };

	if (!readable(store) && !readable(best))
		return expect_lost(store, rules, knowledge);
	if (store == best && best == rules)
		e.verdict = BOOT_IN_FORCE;
	else if (store == WHOLE || (store == OLDER && !readable(best)))
		e.verdict = BOOT_RULES_BEHIND;
	else
		e.verdict = BOOT_STORE_BEHIND;
	if (e.verdict == BOOT_STORE_BEHIND)
		e.well = false;
	if (certain && e.exchanged != (knowledge != JOURNAL_OLDER)) {
		e.well = false;
		e.down = 4;
	}
	e.rules_needed = e.down || e.verdict == BOOT_RULES_BEHIND || (e.verdict == BOOT_STORE_BEHIND && best != rules);
	return e;
}

static bool as_expected(const struct boot_finding *finding, const struct expectation *should)
{
	const struct identity_record *record = identity_find(&finding->store, world_source_wwid(0));
	bool counts = should->verdict != BOOT_NOTHING && should->verdict != BOOT_LOST;

	if (finding->verdict != should->verdict || (finding->why.code == ERR_NONE) != should->well)
		return false;
	if (finding->verdict == BOOT_LOST && !should->down) /* as many as can be read yet */
		return finding->rules_needed == (finding->down.count > 0);
	/* what is damaged may name LUNs that there are not */
	if (finding->verdict == BOOT_LOST ? finding->down.count < should->down : finding->down.count != should->down)
		return false;
	if (finding->rules_needed != should->rules_needed)
		return false;
	return counts == (record != NULL) && (!counts || (record->role == IDENTITY_EXCHANGED) == should->exchanged);
}

static void judge_one(enum state store, enum state rules, enum spread spread, enum knowledge knowledge)
{
	CLEANUP_BOOT_FINDING struct boot_finding finding = { 0 };
	struct expectation should = expect(store, rules, spread, knowledge);
	struct error err = { 0 };

	assert_int_equal(boot_inspect(&test.options, &test.ports.host, NULL, &finding, &err), 0);
	if (as_expected(&finding, &should))
		return;
	fail_msg("store %s, rules %s (%s), journal %s: verdict %d, not %d; %zu down, not %zu; %s: %s",
		 state_words[store], state_words[rules], spread_words[spread], knowledge_words[knowledge],
		 finding.verdict, should.verdict, finding.down.count, should.down,
		 finding.rules_needed ? "rules needed" : "no rules needed", finding.why.detail);
}

/* The journal as it is within a switch: between its intent and its end. */
static char *journal_within_a_switch(const struct files *now)
{
	const char *last = now->journal, *next;

	while ((next = strchr(last, '\n')) && next[1])
		last = next + 1;
	return strndup(now->journal, (size_t)(last - now->journal));
}

static void the_whole_matrix(void **state)
{
	struct files before = { 0 }, now = { 0 };
	CLEANUP_FREE char *torn = NULL;

	(void)state;
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	look(&before);
	host_test_must(&test, VERB_SWITCH);
	look(&now);
	torn = journal_within_a_switch(&now);
	for (int store = 0; store < STATES; store++)
		for (int rules = 0; rules < STATES; rules++)
			for (int spread = 0; spread < SPREADS; spread++)
				for (int knowledge = 0; knowledge < KNOWLEDGES; knowledge++) {
					put(store_path, copy_of(now.store, before.store, (enum state)store));
					put_rules(now.rules, before.rules, (enum state)rules, (enum spread)spread);
					put_journal(&now, &before, torn, (enum knowledge)knowledge);
					judge_one((enum state)store, (enum state)rules, (enum spread)spread,
						  (enum knowledge)knowledge);
				}
	put(store_path, strdup(now.store));
	put_rules(now.rules, NULL, WHOLE, ALL);
	put(journal_path, strdup(now.journal));
	forget(&before);
	forget(&now);
}

/* --- on the host ----------------------------------------------------------------------------------------------- */

/* As at boot: the files are checked before udev starts, the maps before multipathd does. */
static void check_files(struct fake_world *world)
{
	CLEANUP_FREE char *text = NULL;
	struct error err = { 0 };
	bool well;

	(void)world;
	assert_int_equal(engine_boot_check(&test.options, &test.ports.host, &text, &well, &err), 0);
}

static void power_cut(void)
{
	host_test_forget(&test);
	test.world->before_udev = check_files;
	world_reboot(test.world);
	world_begin(test.world, NULL);
}

static void on_destination(void)
{
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	host_test_must(&test, VERB_SWITCH);
}

static void flip(const char *path)
{
	struct fake_file *file = world_file(test.world, path);

	assert_non_null(file);
	file->text[strlen(file->text) / 2] ^= 1;
}

static void each_rule_file(void (*what)(const char *path))
{
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++) {
		char path[128];

		snprintf(path, sizeof(path), "/etc/udev/rules.d/%s", identity_rule_files[i]);
		what(path);
	}
}

static void lose(const char *path)
{
	world_remove_file(test.world, path);
}

static void must_be_free_of_boot_rules(void)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (test.world->files[i].text)
			assert_null(strstr(test.world->files[i].path, "_boot"));
}

static void lost_rules_are_made_again(void **state)
{
	(void)state;
	on_destination();
	each_rule_file(lose);
	power_cut();
	host_test_expect_side(&test, SIDE_DESTINATION);
	assert_int_equal(host_test_open(&test), 0);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	must_be_free_of_boot_rules();
	host_test_must(&test, VERB_CANCEL);
	host_test_expect(&test, "cancelled", SIDE_SOURCE);
}

static void rules_stand_in_for_a_damaged_store(void **state)
{
	(void)state;
	on_destination();
	flip(store_path);
	power_cut();
	host_test_expect_side(&test, SIDE_DESTINATION);
	assert_int_equal(host_test_open(&test), -1);
	assert_int_equal(test.err.code, ERR_STORE_DAMAGED);
	assert_non_null(strstr(test.err.detail, "rules are intact"));
	assert_int_equal(engine_boot_restore(&test.options, &test.ports.host, NULL, &test.err), 0);
	assert_int_equal(host_test_open(&test), 0);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	host_test_must(&test, VERB_CANCEL);
	host_test_expect(&test, "cancelled", SIDE_SOURCE);
}

/* No map of the pairs is there, under whatever name; another LUN's is. */
static void must_be_down(void)
{
	for (unsigned member = 0; member < 2; member++) {
		char uuid[UUID_SIZE];

		snprintf(uuid, sizeof(uuid), "mpath-%s", world_source_wwid(member));
		assert_null(world_map_by_uuid(test.world, uuid));
		snprintf(uuid, sizeof(uuid), "mpath-%s", world_destination_wwid(member));
		assert_null(world_map_by_uuid(test.world, uuid));
	}
	for (size_t i = 0; i < MAPS_MAX; i++)
		if (test.world->maps[i].exists)
			assert_null(strstr(test.world->maps[i].uuid, "down-"));
}

static void what_nothing_tells_of_stays_down(void **state)
{
	static const char other[] = "36001405333333333000000000000000f";
	char records[512] = "", uuid[UUID_SIZE], source[WWID_SIZE];
	int lun;

	(void)state;
	on_destination();
	snprintf(test.world->settings.find_multipaths, sizeof(test.world->settings.find_multipaths), "no");
	lun = world_lun(test.world, other, "DGC", "VRAID", 1 << 20);
	world_paths(test.world, lun, 2);
	world_map_lun(test.world, lun);
	flip(store_path);
	each_rule_file(flip);
	lose(journal_path);
	power_cut();
	must_be_down();
	snprintf(uuid, sizeof(uuid), "mpath-%s", other);
	assert_non_null(world_map_by_uuid(test.world, uuid));
	assert_int_equal(host_test_open(&test), -1);
	assert_int_equal(test.err.code, ERR_STORE_DAMAGED);
	assert_int_equal(engine_boot_restore(&test.options, &test.ports.host, NULL, &test.err), -1);

	for (unsigned member = 0; member < 2; member++) {
		size_t used = strlen(records);

		snprintf(source, sizeof(source), "%s", world_source_wwid(member));
		snprintf(records + used, sizeof(records) - used, "pair test %s %s exchanged 1\n", source,
			 world_destination_wwid(member));
	}
	if (engine_boot_restore(&test.options, &test.ports.host, records, &test.err) < 0)
		fail_msg("%s %s", test.err.device, test.err.detail);
	world_reboot(test.world);
	world_begin(test.world, NULL);
	host_test_expect_side(&test, SIDE_DESTINATION);
	if (host_test_open(&test) < 0)
		fail_msg("%s", test.err.detail);
	must_be_free_of_boot_rules();
}

/* The whole of /etc is put back from before the switch: only the journal knows better. */
static void an_old_copy_of_etc_stays_down(void **state)
{
	struct files before = { 0 };

	(void)state;
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	look(&before);
	host_test_must(&test, VERB_SWITCH);
	put(store_path, strdup(before.store));
	put_rules(before.rules, NULL, WHOLE, ALL);
	power_cut();
	must_be_down();
	assert_int_equal(host_test_open(&test), -1);
	assert_non_null(strstr(test.err.detail, "on_destination"));
	forget(&before);
}

/* An initramfs that knows nothing of the pairs has assembled each map of the LUN of its name. */
static void assembled_without_rules(void)
{
	struct files now = { 0 };

	look(&now);
	lose(store_path);
	each_rule_file(lose);
	host_test_forget(&test);
	world_reboot(test.world);
	multipathd_stop(test.world);
	put(store_path, strdup(now.store));
	put_rules(now.rules, NULL, WHOLE, ALL);
	forget(&now);
	test.world->user_count = 0; /* nothing is mounted yet */
	for (size_t i = 0; i < MAPS_MAX; i++)
		test.world->maps[i].open_count = 0;
	udev_reload(test.world);
	world_begin(test.world, NULL);
}

/* At once, from what udev's database says: udev looks at all disks again, but when it comes to that. */
static void multipathd_assembles(void)
{
	multipathd_start(test.world);
	world_begin(test.world, NULL);
}

static struct fake_map *live_map(unsigned member)
{
	char uuid[UUID_SIZE];

	snprintf(uuid, sizeof(uuid), "mpath-%s", world_source_wwid(member));
	return world_map_by_uuid(test.world, uuid);
}

static void maps_of_the_wrong_lun_are_made_anew(void **state)
{
	CLEANUP_FREE char *text = NULL;
	bool well;

	(void)state;
	on_destination();
	assembled_without_rules();
	host_test_expect_side(&test, SIDE_SOURCE);
	assert_int_equal(engine_boot_maps(&test.options, &test.ports, &text, &well, &test.err), 0);
	if (!well)
		fail_msg("%s", text);
	assert_non_null(strstr(text, "builds it again"));
	must_be_down();
	multipathd_assembles();
	host_test_expect_side(&test, SIDE_DESTINATION);
	assert_int_equal(host_test_open(&test), 0);
}

static void a_wrong_map_in_use_is_hidden(void **state)
{
	CLEANUP_FREE char *text = NULL;
	char value[16];
	bool well;

	(void)state;
	on_destination();
	assembled_without_rules();
	live_map(0)->open_count = 1;
	assert_int_equal(engine_boot_maps(&test.options, &test.ports, &text, &well, &test.err), 0);
	assert_false(well);
	assert_non_null(strstr(text, "cannot be removed"));
	assert_null(live_map(1));
	udev_map_event(test.world, live_map(0), false);
	assert_string_equal(property_get(live_map(0)->properties, "SYSTEMD_READY", value, sizeof(value)), "0");
	multipathd_assembles();
	assert_non_null(live_map(1));
}

static void right_maps_are_left_alone(void **state)
{
	char *text = NULL;
	bool well;

	(void)state;
	on_destination();
	assert_int_equal(engine_boot_maps(&test.options, &test.ports, &text, &well, &test.err), 0);
	assert_true(well);
	assert_null(text);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
}

static const char *initramfs_rules;

static void put_in_initramfs(struct fake_world *world)
{
	(void)world;
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++) {
		char path[128];

		snprintf(path, sizeof(path), "/run/udev/rules.d/%s", identity_down_files[i]);
		put(path, strdup(initramfs_rules));
	}
}

/* An initramfs with our rules leaves the pairs alone, whatever side is live. */
static void an_initramfs_assembles_no_pair(void **state)
{
	CLEANUP_FREE char *rules = NULL;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *again = NULL;

	(void)state;
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	assert_int_equal(engine_boot_initramfs(&test.options, &test.ports.host, NULL, &rules, &text, &test.err), 0);
	assert_null(text);
	host_test_must(&test, VERB_SWITCH);
	assert_int_equal(engine_boot_initramfs(&test.options, &test.ports.host, NULL, &again, &text, &test.err), 0);
	assert_string_equal(rules, again);

	host_test_forget(&test);
	lose(store_path);
	each_rule_file(lose);
	test.world->before_udev = put_in_initramfs;
	initramfs_rules = rules;
	world_reboot(test.world);
	world_begin(test.world, NULL);
	must_be_down();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_WORLD(the_whole_matrix),
		WITH_WORLD(lost_rules_are_made_again),
		WITH_WORLD(rules_stand_in_for_a_damaged_store),
		WITH_WORLD(what_nothing_tells_of_stays_down),
		WITH_WORLD(an_old_copy_of_etc_stays_down),
		WITH_WORLD(maps_of_the_wrong_lun_are_made_anew),
		WITH_WORLD(a_wrong_map_in_use_is_hidden),
		WITH_WORLD(right_maps_are_left_alone),
		WITH_WORLD(an_initramfs_assembles_no_pair),
	};

	return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
