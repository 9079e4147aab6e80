/*
 * What the tests of recover_device share: the states that a person finds a device in, what persons do to it, and
 * running VERB_RECOVER with the questions that each run has to answer.
 */
#ifndef RECOVERY_H
#define RECOVERY_H

#include "engine_test.h"

enum { RECOVERY_SCENES = 4, RECOVERY_MEMBERS = 2 };

/* An import in some state, and how it came there. */
struct recovery_scene {
	const char *state;
	enum side side;
	int way[5];
	size_t length;
};

extern const struct recovery_scene recovery_scenes[RECOVERY_SCENES];

/* The host of all this. */
extern struct host_test recovery_test;

/* Make the host, and an import in the scene's state; the engine is open. */
void recovery_lead_to(size_t scene);

/* "test" is on the destination; "other", of the second pair, as well, or only created. One member each. */
void recovery_two_imports(bool both);

/* How importcli opens the engine when no agent runs: nothing is repaired. */
void recovery_open_torn(void);

struct fake_map *recovery_live_map(unsigned member);
struct fake_map *recovery_idle_map(unsigned member);

/* --- what persons do --- */
void recovery_remove_rules(void);
/* udev looks again, without our rules. multipathd did not see it, or all would be lost. */
void recovery_remove_rules_and_trigger(void);
void recovery_remove_journal(void);
/* The file is there, and not whole; each WWID in it can still be read. all: of the identities, the store and the rules.
 */
void recovery_damage(const char *path);
void recovery_damage_all(void);
/* What was there at recovery_keep_files is put back: before the last verb that led to the scene, unless it was called
 * since. */
void recovery_keep_files(void);
void recovery_older_identities(void);
void recovery_older_journal(void);
void recovery_scan_again(void);

/* VERB_RECOVER; recovery_test has result and error. must: it has to succeed, for the first source. */
int recovery_run(const char *wwid, bool dry_run);
void recovery_must(void);

/* Of the last run: the findings' codes, "map_suspended identity_wrong"; how many actions were done, or not. */
const char *recovery_codes(void);
size_t recovery_actions(bool done);

/* A dry run finds exactly this, and touches nothing. The violations until now are the person's, and forgotten. */
void recovery_dry_run_must_tell(const char *expected);

/* A run finds nothing and changes nothing. */
void recovery_nothing_is_left(void);

/* A person has to decide: it fails with this code, twice, and changes nothing but the import's state to this. */
void recovery_must_leave_it_alone(const char *findings, enum error_code code, const char *state);

/* For world.before_udev: the check at boot finds the files in order, or puts them in order. */
void recovery_check_at_boot(struct fake_world *world);

/*
 * A state that breaks an invariant by itself does so at each call until it is repaired. Forget the violations that say
 * `part`; NULL: none.
 */
void recovery_forgive(const char *part);

#endif
