/*
 * The state machine of an import: which verb is allowed when.
 *
 *   new → prepared ⇄ on_destination → committed;   cancelled from anywhere before committed
 *         prepared ⇄ held ⇄ on_destination   (held.c)
 *   recovering: a verb got stuck; the same verb again goes on with it, cancel takes it back where that is possible
 *   needs_attention: which side has the newest data is not known (recovery/device.c); a person decides, by switch or
 *   cancel
 */
#include "state.h"

#include "dm-import/core/work.h"

enum cell {
	NO, /* STATE_WRONG, or what refusal() has instead */
	YES,
	THERE, /* the import is there already */
	AGAIN, /* yes if it is this verb that got stuck (hold, release: a switch), else no */
	OPEN,  /* yes unless a commit has begun */
	SAME,  /* there already if it is held towards this side, else no */
};

#define EITHER_SIDE SIDE_SOURCE... SIDE_DESTINATION

/* clang-format off */
static const enum cell cells[VERB_COUNT][2][IMPORT_STATE_COUNT] = {
	/*                                   new    prepared        committed     recovering    held
	                                                   on_destination  cancelled     needs_attention */
	[VERB_PRECHECK][EITHER_SIDE]     = { YES,   YES,   NO,    NO,    NO,    NO,    NO,    NO },
	[VERB_PREPARE][EITHER_SIDE]      = { YES,   THERE, THERE, NO,    NO,    AGAIN, AGAIN, NO },
	[VERB_SWITCH][SIDE_DESTINATION]  = { NO,    YES,   THERE, NO,    NO,    AGAIN, YES,   NO },
	[VERB_SWITCH][SIDE_SOURCE]       = { NO,    THERE, YES,   NO,    NO,    AGAIN, YES,   NO },
	[VERB_HOLD][SIDE_DESTINATION]    = { NO,    YES,   NO,    NO,    NO,    AGAIN, AGAIN, SAME },
	[VERB_HOLD][SIDE_SOURCE]         = { NO,    NO,    YES,   NO,    NO,    AGAIN, AGAIN, SAME },
	[VERB_RELEASE][SIDE_DESTINATION] = { NO,    NO,    THERE, NO,    NO,    AGAIN, AGAIN, YES },
	[VERB_RELEASE][SIDE_SOURCE]      = { NO,    THERE, NO,    NO,    NO,    AGAIN, AGAIN, YES },
	[VERB_RESERVATION][EITHER_SIDE]  = { NO,    YES,   YES,   NO,    NO,    NO,    NO,    NO },
	[VERB_COMMIT][EITHER_SIDE]       = { NO,    NO,    YES,   THERE, NO,    AGAIN, AGAIN, NO },
	[VERB_CANCEL][EITHER_SIDE]       = { OPEN,  OPEN,  OPEN,  NO,    THERE, OPEN,  OPEN,  OPEN },
};
/* clang-format on */

static bool got_stuck(const struct import *import, enum verb verb)
{
	if (verb == VERB_PREPARE || verb == VERB_COMMIT)
		return import->doing == (verb == VERB_PREPARE ? DOING_PREPARE : DOING_COMMIT);
	return import_in_torn_switch(import);
}

/* 1 = allowed, 0 = there already, -1 = not in this state */
static int answer(const struct import *import, const struct verb_request *request)
{
	switch (cells[request->verb][request->to][import->state]) {
	case NO:
		return -1;
	case YES:
		return 1;
	case THERE:
		return 0;
	case AGAIN:
		return got_stuck(import, request->verb) ? 1 : -1;
	case OPEN:
		return import->doing == DOING_COMMIT ? -1 : 1;
	case SAME:
		return import->last_hold.to == request->to ? 0 : -1;
	}
	return -1;
}

/* A release of a hold that has ended by itself has a code of its own. */
static int refusal(const struct import *import, const struct verb_request *request, struct error *err)
{
	const struct hold_note *last = &import->last_hold;

	if (request->verb == VERB_RELEASE && last->to == request->to &&
	    (last->outcome == HOLD_LEASE_EXPIRED || last->outcome == HOLD_INTERRUPTED))
		return error_set(err, ERR_LEASE_EXPIRED, import->id, "%s", "");
	return error_set(err, ERR_STATE_WRONG, import->id, "%s is not possible while the import is %s",
			 verb_name(request->verb), import_state_name(import->state));
}

int import_check_way_back(const struct import *import, struct error *err)
{
	if (import->state == IMPORT_HELD ? import->last_hold.to == SIDE_DESTINATION
					 : import->state != IMPORT_ON_DESTINATION)
		return 0;
	if (!import->by_hold)
		return 0;
	return error_set(err, ERR_HOLD_NEEDED, import->id, "%s",
			 import->state == IMPORT_HELD ? "the import is held: only the release --to source is missing"
						      : "");
}

int import_check_allowed(struct engine *engine, const struct import *import, const struct verb_request *request,
			 struct error *err)
{
	int result = answer(import, request);

	if (held_refuse(engine, import, err) < 0)
		return -1;
	return result < 0 ? refusal(import, request, err) : result;
}

int engine_verb_allowed(struct engine *engine, const struct verb_request *request, struct error *err)
{
	const struct import *import = import_find(engine, request->import_id, err);

	return import && import_check_allowed(engine, import, request, err) >= 0 ? 0 : -1;
}
