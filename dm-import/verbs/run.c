/*
 * The verbs, from a request to their plans. Which is allowed when is in state.c; the held switch's are in held.c.
 */
#include "dm-import/core/work.h"
#include "dm-import/reservations/move.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "held.h"
#include "plan.h"
#include "plans.h"
#include "result.h"
#include "state.h"
#include "verbs.h"

#include "base/cleanup.h"

/* What all begin with: 1: the verb is allowed, and *ret is its work; 0: there already, *ret_result says so; -1:
 * refused. */
static int begin(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		 struct work *ret, struct verb_result *ret_result, struct error *err)
{
	struct import *import = import_find(engine, request->import_id, err);
	int answer = import ? import_check_allowed(engine, import, request, err) : -1;

	*ret = (struct work){ .engine = engine, .import = import, .observer = observer, .to = request->to };
	if (answer == 0)
		*ret_result = result_unchanged();
	return answer;
}

int verb_prepare(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		 struct verb_result *ret_result, struct error *err)
{
	struct work work;
	int answer = begin(engine, request, observer, &work, ret_result, err);

	if (answer <= 0)
		return answer;
	work.to = SIDE_SOURCE;
	work.disks_timeout_ms = PATHS_TIMEOUT_MS;
	return import_finish(&work, prepare_run(&work, err), DOING_PREPARE, err, ret_result);
}

int verb_switch(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		struct verb_result *ret_result, struct error *err)
{
	struct work work;
	int answer = begin(engine, request, observer, &work, ret_result, err);

	if (answer <= 0)
		return answer;
	if (work.to == SIDE_SOURCE && import_check_way_back(work.import, err) < 0)
		return -1;
	work.recovering = work.import->state == IMPORT_RECOVERING;
	return import_finish(&work, switch_run(&work, err), doing_switch(work.to), err, ret_result);
}

int verb_commit(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		struct verb_result *ret_result, struct error *err)
{
	struct work work;
	int answer = begin(engine, request, observer, &work, ret_result, err);

	if (answer <= 0)
		return answer;
	work.recovering = work.import->state == IMPORT_RECOVERING;
	return import_finish(&work, commit_run(&work, err), DOING_COMMIT, err, ret_result);
}

/* Ends the import as it stands: no rollback, the identities stay. */
static int cancel_forced(struct work *work, struct verb_result *ret_result, struct error *err)
{
	struct import *import = work->import;

	import->state = IMPORT_CANCELLED;
	import->doing = DOING_NOTHING;
	import->forced = true;
	if (import_save(work->engine, import, JOURNAL_FORCED, err) < 0)
		return -1;
	*ret_result = result_state(import);
	return 0;
}

static bool needs_way_back(const struct import *import)
{
	return import->state == IMPORT_ON_DESTINATION || import->state == IMPORT_NEEDS_ATTENTION ||
	       import_in_torn_switch(import);
}

int verb_cancel(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		struct verb_result *ret_result, struct error *err)
{
	enum plan_outcome outcome = PLAN_DONE;
	enum doing doing = DOING_CANCEL;
	struct work work;
	int answer = begin(engine, request, observer, &work, ret_result, err);

	if (answer <= 0)
		return answer;
	if (!request->force && import_check_way_back(work.import, err) < 0)
		return -1;
	held_take_back(engine, HOLD_TAKEN_BACK, observer, NULL); /* stuck or not: what follows copes with both */
	if (request->force)
		return cancel_forced(&work, ret_result, err);
	work.to = SIDE_SOURCE;
	work.recovering = work.import->state == IMPORT_RECOVERING;
	if (needs_way_back(work.import)) {
		doing = DOING_TO_SOURCE;
		outcome = switch_run(&work, err);
	}
	if (outcome == PLAN_DONE) {
		doing = DOING_CANCEL;
		outcome = cancel_run(&work, err);
	}
	return import_finish(&work, outcome, doing, err, ret_result);
}

int verb_reservation(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		     struct verb_result *ret_result, struct error *err)
{
	struct work work;
	int result = begin(engine, request, observer, &work, ret_result, err);

	if (result <= 0)
		return result;
	work.to = SIDE_DESTINATION;
	result = pr_move_lift(&work, request->lifted, err);
	if (result >= 0)
		*ret_result = result ? result_state(work.import) : result_unchanged();
	work_free(&work);
	return result < 0 ? -1 : 0;
}
