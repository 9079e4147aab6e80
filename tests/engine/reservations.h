/*
 * What the tests of reservations share: a host with reservations, its cluster and its peers, and the question what is
 * on its LUNs. Peers are initiators that are no disks of this host.
 *
 * The fake host checks all the time that the application's writes are allowed, or refused once it is marked as fenced.
 */
#ifndef RESERVATIONS_H
#define RESERVATIONS_H

#include "engine_test.h"

#include "dm-import/core/engine.h"

#define OWN_KEY UINT64_C(0xa0001)
#define NEW_KEY UINT64_C(0xa0009)
#define PEER_KEY UINT64_C(0xb0001)
#define THIRD_KEY UINT64_C(0xc0001)
#define LEAVING UINT64_C(0x6c656176696e6721)

enum { LOOK_US = 1000000 };

extern struct host_test pr_test;
extern const struct pr_nexus peer, third;

/* How this host registers. */
struct way {
	enum pr_type type;
	bool aptpl, all_ports;
	bool key_per_initiator;
	bool one_initiator; /* all paths have the same */
};

extern const struct way usual; /* WE_RO with APTPL */

/* A command of any nexus to a LUN; where it must succeed; and the ones that peers send. */
enum error_code out(int lun, const struct pr_nexus *nexus, struct pr_request request);
void must_out(int lun, const struct pr_nexus *nexus, struct pr_request request);
void peer_registers(int lun, const struct pr_nexus *nexus, uint64_t key);
void peer_preempts(int lun, const struct pr_nexus *nexus, uint64_t key, uint64_t victim);
void peer_holds(int lun); /* `peer` registers PEER_KEY and reserves, WE_RO */
void reserve(int lun, const struct pr_nexus *nexus, uint64_t key, enum pr_type type);

/* A LUN, and its n-th path. */
struct fake_lun *lun_of(int lun);
struct fake_disk *path_of(int lun, unsigned nth);

/* What the LUN has: is this registration ours, how many are, is there any of this key. */
bool is_own(const struct fake_registration *registration);
size_t own_count(int lun);
bool has_key(int lun, uint64_t key);

/* This host's cluster registers one path, all paths, or reserves too; somebody clears the LUN. */
void register_path(int lun, unsigned nth, uint64_t key, const struct way *way);
void register_host(int lun, uint64_t key, const struct way *way);
void reserve_host(int lun, uint64_t key, const struct way *way);
void clear(int lun);

/* A host with the import created and no registrations; with its reservation, and a registered peer; and prepared. */
void begin(unsigned members, unsigned paths);
void begin_reserved(unsigned members);
void begin_prepared(unsigned members);
void begin_with_holding_peer(void); /* one member, 2 paths; registered, but it is the peer that holds; prepared */

/* A peer preempts this host on the source, where its application is; from then on it must not write. */
void this_host_is_preempted(void);
void mark_fenced(bool fenced);

/* Own registrations and the reservation are the same on both LUNs; and the application goes on; and none is left. */
void expect_alike(unsigned member);
void expect_moved(const char *state, enum side side);
void expect_none_of_ours(int lun);
void expect_error(int rc, enum error_code code);

/* A look as the agent takes it each second. */
bool tend(uint64_t after_us);
void hot_add_path(int lun); /* one more, through another port */
const struct member_pr *member_pr(unsigned member);
size_t calls_of(const char *name);

/* Call `what` behind the move of the reservations and before the hold, in each of `times` tries; the same before a
 * registration. hook_times: how often it will be called yet. */
extern unsigned hook_times;
void before_the_hold(void (*what)(void), unsigned times);
void before_a_registration(void (*what)(void));

#endif
