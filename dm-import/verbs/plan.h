/*
 * Plans: what a verb does to the host, as a list of steps, each with its undo. One loop runs the plans of all verbs: it
 * does the steps in order; if one fails, it undoes that step and those before it, last first.
 *
 * After a step with `no_return` (the tables are exchanged, the application runs on the other side) the only way is
 * forward: later steps are retried, and what still fails is recorded and left to recovery.
 */
#ifndef DM_IMPORT_PLAN_H
#define DM_IMPORT_PLAN_H

#include "dm-import/core/work.h"

/*
 * One row of a plan. The row also has the arguments that its functions need besides `work`; they find the row in
 * work->step.
 */
struct plan_step {
	const char *name; /* as in the API */
	int (*act)(struct work *work, struct error *err);
	int (*undo)(struct work *work, struct error *err); /* NULL: nothing to undo; also undoes half-done acts */
	bool no_return;
	bool destination_required; /* for a pre-check */
	enum doing doing;	   /* for an intent */
	enum import_state state;   /* for a record: the state that the verb leads to */
	enum identity_role role;   /* for the identities, after act; before it, and after its undo: */
	enum identity_role undo_role;
};

struct plan {
	const char *name;
	const struct plan_step *steps;
	size_t step_count;
};

enum plan_outcome {
	PLAN_DONE,
	PLAN_UNDONE, /* failed; the host is as it was before */
	PLAN_STUCK,  /* failed after the point of no return, or an undo failed */
};

enum { PLAN_FORWARD_TRIES = 3 };

/* Run a plan. Except for PLAN_DONE, *err is the first failure, with its step. */
enum plan_outcome plan_run(const struct plan *plan, struct work *work, struct error *err);

/*
 * Undo all steps of a plan that was done, retrying each that fails: PLAN_UNDONE, or PLAN_STUCK with the undo's failure
 * in *err.
 */
enum plan_outcome plan_undo(const struct plan *plan, struct work *work, struct error *err);

#endif
