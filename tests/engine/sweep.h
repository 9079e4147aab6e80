/*
 * What the sweeps share: the table of verbs with their first and last states, running a verb or the engine's opening
 * with a failure in it, and coming back after a death.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "engine_test.h"

struct sweep {
	int verb;
	size_t way_length; /* how many verbs of create, prepare, switch, cancel lead to the first state */
	const char *first, *last;
	const char *middle; /* cancel goes back to the source first, which is a state of its own */
	enum side first_side, last_side;
	bool can_cancel; /* the source is still up to date */
	bool copied;	 /* the array has finished before the verb */
};

enum { SWEEPS = 12 };
extern const struct sweep sweeps[SWEEPS];

/* Port operations that can go on failing for a while. */
enum { SWEEP_OPERATIONS = 27 };
extern const char *const sweep_operations[SWEEP_OPERATIONS];

/* One test case: a sweep, and how it is made to fail. */
struct sweep_case {
	const struct sweep *sweep;
	enum failure_kind kind, kind_again;
	unsigned members;
	const char *call_name;
};

/* The host that all sweeps of a program run on. */
extern struct host_test sweep_test;

/* What a program adds to the scene before the import is created, and to what must agree: NULL, or a text that says what
 * is wrong. */
extern void (*sweep_scene)(struct fake_world *world);
extern const char *(*sweep_disagreement)(struct fake_world *world, const char *state);

/* Make the host and lead it to the sweep's first state; the engine is closed. What to world_restore from. */
struct fake_world *sweep_begin(const struct sweep *sweep, unsigned members);
void sweep_end(struct fake_world *start);

bool sweep_state_is(const char *state);

/* Run the verb, or open the engine, with the world's failure in it. False when the process died; else *ret is its
 * result. */
bool sweep_run_verb(int verb, int *ret);
bool sweep_run_open(int *ret);

/* The verb from the host `start`, while an operation fails from its n-th call on. Its result; the engine stays open. */
int sweep_run_failing(const struct sweep_case *at, const struct fake_world *start, unsigned call);

/*
 * The verb from the host `start`, with the failure at its n-th call, up to the engine being open again: the state is
 * the first or the last one. False when the verb ended before that call.
 */
bool sweep_try(const struct sweep_case *at, const struct fake_world *start, unsigned call);

/* After a death: the guardian releases what is held, or the host reboots. The failure is over. */
void sweep_come_back(enum failure_kind kind);

/* Open the engine, run a verb, agree: or fail the test case with what happened before and the last calls. */
void sweep_must_open(const struct sweep *sweep);
void sweep_must_run(const struct sweep *sweep, int verb);
void sweep_must_agree(const struct sweep *sweep, const char *when, enum side side);
void sweep_state_must_be_first_or_last(const struct sweep *sweep, bool says_done);

/*
 * The ways out of a torn host: the verb again leads to the last state; or, from the same host, cancel leads back to the
 * source. The engine is closed before and afterwards.
 */
void sweep_ways_out(const struct sweep *sweep);

/* A test whose state is a struct sweep_case: sweep_try at each call of the verb, then its ways out. */
void sweep_verb(void **state);
extern unsigned sweep_combinations; /* how many of them were hit */

#endif
