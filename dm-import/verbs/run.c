/*
 * The verbs, from their names to their plans. Which is allowed when is in state.c; the held switch's are in held.c.
 */
#include "dm-import/core/work.h"
#include "dm-import/reservations/move.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "finish.h"
#include "held.h"
#include "plan.h"
#include "prepare.h"
#include "result.h"
#include "state.h"
#include "switch.h"

#include "base/cleanup.h"

int engine_verb_allowed(struct engine *engine, const char *id, const char *verb, enum side to, struct error *err)
{
	const struct import *import = import_find(engine, id, err);

	return import && import_check_allowed(engine, import, verb, to, err) >= 0 ? 0 : -1;
}

int engine_prepare(struct engine *engine, const char *id, const struct observer *observer,
		   struct json_object **ret_result, struct error *err)
{
	struct import *import = import_find(engine, id, err);
	struct work work = { .engine = engine,
			     .import = import,
			     .observer = observer,
			     .to = SIDE_SOURCE,
			     .disks_timeout_ms = PATHS_TIMEOUT_MS };
	int answer = import ? import_check_allowed(engine, import, "prepare", SIDE_SOURCE, err) : -1;

	if (answer == 0)
		*ret_result = result_unchanged();
	return answer <= 0 ? answer : import_finish(&work, prepare_run(&work, err), DOING_PREPARE, err, ret_result);
}

int engine_switch(struct engine *engine, const char *id, enum side to, const struct observer *observer,
		  struct json_object **ret_result, struct error *err)
{
	struct import *import = import_find(engine, id, err);
	struct work work = { .engine = engine, .import = import, .observer = observer, .to = to };
	int answer = import ? import_check_allowed(engine, import, "switch", to, err) : -1;

	if (answer > 0 && to == SIDE_SOURCE && import_check_way_back(import, err) < 0)
		return -1;
	if (answer == 0)
		*ret_result = result_unchanged();
	if (answer <= 0)
		return answer;
	work.recovering = import->state == IMPORT_RECOVERING;
	return import_finish(&work, switch_run(&work, err), doing_switch(to), err, ret_result);
}

int engine_commit(struct engine *engine, const char *id, const struct observer *observer,
		  struct json_object **ret_result, struct error *err)
{
	struct import *import = import_find(engine, id, err);
	struct work work = { .engine = engine, .import = import, .observer = observer, .to = SIDE_DESTINATION };
	int answer = import ? import_check_allowed(engine, import, "commit", SIDE_DESTINATION, err) : -1;

	if (answer == 0)
		*ret_result = result_unchanged();
	if (answer <= 0)
		return answer;
	work.recovering = import->state == IMPORT_RECOVERING;
	return import_finish(&work, commit_run(&work, err), DOING_COMMIT, err, ret_result);
}

/* Ends the import as it stands: no rollback, the identities stay. */
static int cancel_forced(struct work *work, struct json_object **ret_result, struct error *err)
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

int engine_cancel(struct engine *engine, const char *id, bool force, const struct observer *observer,
		  struct json_object **ret_result, struct error *err)
{
	struct import *import = import_find(engine, id, err);
	struct work work = { .engine = engine, .import = import, .observer = observer, .to = SIDE_SOURCE };
	int answer = import ? import_check_allowed(engine, import, "cancel", SIDE_SOURCE, err) : -1;
	enum plan_outcome outcome = PLAN_DONE;
	enum doing doing = DOING_CANCEL;

	if (answer == 0)
		*ret_result = result_unchanged();
	if (answer <= 0)
		return answer;
	if (!force && import_check_way_back(import, err) < 0)
		return -1;
	held_take_back(engine, HOLD_TAKEN_BACK, observer, NULL); /* stuck or not: what follows copes with both */
	if (force)
		return cancel_forced(&work, ret_result, err);
	work.recovering = import->state == IMPORT_RECOVERING;
	if (needs_way_back(import)) {
		doing = DOING_TO_SOURCE;
		outcome = switch_run(&work, err);
	}
	if (outcome == PLAN_DONE) {
		doing = DOING_CANCEL;
		outcome = cancel_run(&work, err);
	}
	return import_finish(&work, outcome, doing, err, ret_result);
}

int engine_lift_reservation(struct engine *engine, const char *id, bool lifted, const struct observer *observer,
			    struct json_object **ret_result, struct error *err)
{
	struct import *import = import_find(engine, id, err);
	struct work work = { .engine = engine, .import = import, .observer = observer, .to = SIDE_DESTINATION };

	int result;

	if (!import || import_check_allowed(engine, import, "reservation", SIDE_SOURCE, err) < 0)
		return -1;
	result = pr_move_lift(&work, lifted, err);
	if (result >= 0)
		*ret_result = result ? result_state(import) : result_unchanged();
	work_free(&work);
	return result < 0 ? -1 : 0;
}
