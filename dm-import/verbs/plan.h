/*
 * Plans: what a verb does to the host, as a list of steps, each with its undo. Running one is one loop for all verbs:
 * do the steps in order; when one fails, undo it and those before it, last first.
 *
 * Behind a step with `no_return` (the tables are exchanged, the application runs on the other side) the only way is
 * forward: later steps are tried again, and what then still fails is left to recovery with the record saying so.
 */
#ifndef DM_IMPORT_PLAN_H
#define DM_IMPORT_PLAN_H

#include "dm-import/core/work.h"

/*
 * One row of a plan. What its functions need besides `work` stands in the row, too: they find it in work->step.
 */
struct plan_step {
	const char *name; /* as the API tells it */
	int (*act)(struct work *work, struct error *err);
	int (*undo)(struct work *work, struct error *err); /* NULL: nothing to undo; works on half-done acts */
	bool no_return;
	bool destination_required; /* of a pre-check */
	enum doing doing;	   /* of an intent */
	enum import_state state;   /* of a record: where the verb leads to */
	enum identity_role role;   /* of the identities, after act; before it, and after its undo: */
	enum identity_role undo_role;
};

struct plan {
	const char *name;
	const struct plan_step *steps;
	size_t step_count;
};

enum plan_outcome {
	PLAN_DONE,
	PLAN_UNDONE, /* failed; the host is as before */
	PLAN_STUCK,  /* failed after the point of no return, or an undo failed */
};

enum { PLAN_FORWARD_TRIES = 3 };

/* Run a plan. Unless PLAN_DONE, *err is the first failure, with its step. */
enum plan_outcome plan_run(const struct plan *plan, struct work *work, struct error *err);

/* Undo all steps of a plan that was done, each tried again where it fails: PLAN_UNDONE, or PLAN_STUCK with the undo's
 * failure in *err. */
enum plan_outcome plan_undo(const struct plan *plan, struct work *work, struct error *err);

#endif
