/*
 * The held switch: hold, and release to either side. Between the two the engine keeps the run's `work`, the guardian
 * keeps the lease, and no port is called: neither for reports nor for other imports.
 *
 * What ends a hold: release; the lease (engine_poll, or whichever verb is first to see it); the engine's orderly end;
 * or our death: then the guardian has released to the old side, and recover.c finds the intent in the record.
 */
#include "held.h"

#include "dm-import/core/work.h"
#include "dm-import/hold/hold.h"
#include "dm-import/reservations/move.h"
#include "plan.h"
#include "plans.h"
#include "result.h"
#include "state.h"
#include "verbs.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { POLL_HELD_MS = 20, LEASES_MAX = 10 };

static struct verb_result hold_result(const struct import *import, bool renewed)
{
	return (struct verb_result){ .kind = RESULT_HELD,
				     .to = import->last_hold.to,
				     .lease_ms = import->last_hold.lease_ms,
				     .renewed = renewed };
}

bool engine_holds(const struct engine *engine)
{
	return engine->held;
}

/* Everything of the held switch undone, last first; the maps are released before anything else. */
static enum plan_outcome undo(struct work *work, enum hold_outcome outcome, struct error *err)
{
	struct import *import = work->import;
	enum doing doing = import->doing;
	struct error why = { 0 };

	import->state = work->before;
	import->last_hold.outcome = outcome;
	if (hold_undo(work, &why) == PLAN_UNDONE)
		return PLAN_UNDONE;
	import->doing = doing;
	if (err)
		*err = why;
	return PLAN_STUCK;
}

static int finish_and_free(struct work *work, enum plan_outcome outcome, const struct error *why,
			   struct verb_result *ret_result)
{
	int result = import_finish(work, outcome, doing_switch(work->to), why, ret_result);

	free(work);
	return result;
}

int held_take_back(struct engine *engine, enum hold_outcome outcome, const struct observer *observer, struct error *err)
{
	struct work *work = TAKE(engine->held);
	CLEANUP(verb_result_free) struct verb_result result = { 0 };
	struct error why = { 0 };
	enum plan_outcome end;

	if (!work)
		return 0;
	work->observer = observer;
	end = undo(work, outcome, &why);
	work_log(work, end == PLAN_STUCK ? 1 : 2, &why, "the hold is taken back after %llu ms: %s",
		 (unsigned long long)work->import->last_hold.held_ms, hold_outcome_name(outcome));
	finish_and_free(work, end, &why, &result);
	if (end == PLAN_STUCK && err)
		*err = why;
	return end == PLAN_STUCK ? -1 : 0;
}

bool engine_poll(struct engine *engine, const struct observer *observer)
{
	if (!engine->held)
		return pr_move_poll(engine, observer);
	if (!hold_over(engine->held))
		return false;
	held_take_back(engine, HOLD_LEASE_EXPIRED, observer, NULL);
	return true;
}

unsigned engine_poll_every_ms(const struct engine *engine)
{
	return engine->held ? POLL_HELD_MS : pr_move_poll_every_ms(engine);
}

void engine_paths_changed(struct engine *engine)
{
	pr_move_paths_changed(engine);
}

static int check_lease(const struct engine *engine, unsigned lease_ms, struct error *err)
{
	if (lease_ms == LEASE_NOT_GIVEN || (lease_ms >= LEASE_MIN_MS && lease_ms <= engine->options.hold_lease_max_ms))
		return 0;
	return error_set(err, ERR_VALUE_INVALID, NULL, "a lease is %d to %u ms, not %u", LEASE_MIN_MS,
			 engine->options.hold_lease_max_ms, lease_ms);
}

/* Whoever is trusted may hold a volume, but not for ever: renewals end somewhere. */
static int check_total(const struct engine *engine, unsigned lease_ms, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	uint64_t held_ms = (host->now_us(host->ctx) - hold_since_us(engine->held)) / 1000;
	uint64_t limit_ms = (uint64_t)LEASES_MAX * engine->options.hold_lease_max_ms;

	if (held_ms + lease_ms <= limit_ms)
		return 0;
	return error_set(err, ERR_VALUE_INVALID, NULL, "a hold lasts %llu ms at most with all its renewals",
			 (unsigned long long)limit_ms);
}

static int renew(struct engine *engine, unsigned lease_ms, const struct observer *observer,
		 struct verb_result *ret_result, struct error *err)
{
	struct work *work = engine->held;

	if (lease_ms == LEASE_NOT_GIVEN) {
		*ret_result = result_unchanged();
		return 0;
	}
	if (!hold_over(work) && check_total(engine, lease_ms, err) < 0)
		return -1;
	if (!hold_extend(work, lease_ms)) {
		error_set(err, ERR_LEASE_EXPIRED, work->import->id, "%s", "");
		held_take_back(engine, HOLD_LEASE_EXPIRED, observer, NULL);
		return -1;
	}
	work->import->last_hold.lease_ms = lease_ms;
	*ret_result = hold_result(work->import, true);
	return 0;
}

/* A torn switch is ended first, on whichever side it is nearer to. */
static int settle(struct engine *engine, struct import *import, const struct observer *observer, struct error *err)
{
	struct work work = { .engine = engine, .import = import, .observer = observer };
	enum doing doing = import->doing;
	CLEANUP(verb_result_free) struct verb_result result = { 0 };

	if (!import_in_torn_switch(import))
		return 0;
	return import_finish(&work, switch_complete(&work, err), doing, err, &result);
}

static int hold_new(struct engine *engine, struct import *import, const struct verb_request *request,
		    const struct observer *observer, struct verb_result *ret_result, struct error *err)
{
	struct work *work = calloc(1, sizeof(*work));
	enum plan_outcome outcome;

	if (!work)
		return error_no_memory(err);
	*work = (struct work){ .engine = engine, .import = import, .observer = observer, .to = request->to };
	work->lease_ms = request->lease_ms == LEASE_NOT_GIVEN ? LEASE_DEFAULT_MS : request->lease_ms;
	work->before = import->state;
	outcome = hold_run(work, err);
	if (outcome != PLAN_DONE)
		return finish_and_free(work, outcome, err, ret_result);
	work->observer = NULL;
	import->state = IMPORT_HELD;
	engine->held = work;
	*ret_result = hold_result(import, false);
	return 0;
}

int verb_hold(struct engine *engine, const struct verb_request *request, const struct observer *observer,
	      struct verb_result *ret_result, struct error *err)
{
	struct import *import = import_find(engine, request->import_id, err);
	int answer;

	if (!import || check_lease(engine, request->lease_ms, err) < 0)
		return -1;
	answer = import_check_allowed(engine, import, request, err);
	if (answer < 0)
		return -1;
	if (answer == 0)
		return renew(engine, request->lease_ms, observer, ret_result, err);
	if (settle(engine, import, observer, err) < 0 || import_check_allowed(engine, import, request, err) < 0)
		return -1;
	return hold_new(engine, import, request, observer, ret_result, err);
}

static int release_back(struct engine *engine, enum side side, const struct observer *observer,
			struct verb_result *ret_result, struct error *err)
{
	struct import *import = engine->held->import;

	if (held_take_back(engine, HOLD_TAKEN_BACK, observer, err) < 0)
		return -1;
	*ret_result =
		(struct verb_result){ .kind = RESULT_TAKEN_BACK, .to = side, .held_ms = import->last_hold.held_ms };
	return 0;
}

static int release_forward(struct engine *engine, const struct observer *observer, struct verb_result *ret_result,
			   struct error *err)
{
	struct work *work = TAKE(engine->held);
	enum plan_outcome outcome;

	work->observer = observer;
	outcome = release_run(work, err);
	if (outcome == PLAN_UNDONE)
		outcome = undo(work, err->code == ERR_LEASE_EXPIRED ? HOLD_LEASE_EXPIRED : HOLD_TAKEN_BACK, err);
	return finish_and_free(work, outcome, err, ret_result);
}

int verb_release(struct engine *engine, const struct verb_request *request, const struct observer *observer,
		 struct verb_result *ret_result, struct error *err)
{
	struct import *import = import_find(engine, request->import_id, err);
	int answer;

	engine_poll(engine, observer);
	answer = import ? import_check_allowed(engine, import, request, err) : -1;
	if (answer > 0 && import->state != IMPORT_HELD) /* stuck: it is released already, to one side or the other */
		answer = settle(engine, import, observer, err) < 0 ? -1
								   : import_check_allowed(engine, import, request, err);
	if (answer == 0)
		*ret_result = result_unchanged();
	if (answer <= 0)
		return answer;
	return request->to == import->last_hold.to ? release_forward(engine, observer, ret_result, err)
						   : release_back(engine, request->to, observer, ret_result, err);
}
