/*
 * The state machine of an import: which verb is allowed when.
 *
 *   new → prepared ⇄ on_destination → committed;   cancelled from anywhere before committed
 *         prepared ⇄ held ⇄ on_destination   (held.c)
 *   recovering: a verb got stuck; the same verb again goes on with it, cancel takes it back where that is possible
 *   needs_attention: which side has the newest data is not known (recovery/device.c); a person decides, by switch or
 * cancel
 */
#include "state.h"

#include "dm-import/core/work.h"

#include <string.h>

static int hold_allowed(const struct import *import, enum side to, bool stuck)
{
	if (stuck)
		return import_in_torn_switch(import) ? 1 : -1;
	if (import->state == IMPORT_HELD)
		return import->last_hold.to == to ? 0 : -1;
	return import->state == (to == SIDE_DESTINATION ? IMPORT_PREPARED : IMPORT_ON_DESTINATION) ? 1 : -1;
}

static int release_allowed(const struct import *import, enum side to, bool stuck)
{
	if (stuck)
		return import_in_torn_switch(import) ? 1 : -1;
	if (import->state == IMPORT_HELD)
		return 1;
	return import->state == (to == SIDE_DESTINATION ? IMPORT_ON_DESTINATION : IMPORT_PREPARED) ? 0 : -1;
}

/* A release of a hold that has ended by itself. */
static bool too_late(const struct import *import, const char *verb, enum side to)
{
	const struct hold_note *last = &import->last_hold;

	return strcmp(verb, "release") == 0 && last->to == to &&
	       (last->outcome == HOLD_LEASE_EXPIRED || last->outcome == HOLD_INTERRUPTED);
}

/* The whole state machine: 1 = allowed, 0 = already so, -1 = not in this state. */
static int allowed(const struct import *import, const char *verb, enum side to)
{
	enum import_state state = import->state;
	bool stuck = state == IMPORT_RECOVERING || state == IMPORT_NEEDS_ATTENTION;

	if (strcmp(verb, "hold") == 0)
		return hold_allowed(import, to, stuck);
	if (strcmp(verb, "release") == 0)
		return release_allowed(import, to, stuck);
	if (strcmp(verb, "precheck") == 0)
		return state == IMPORT_NEW || state == IMPORT_PREPARED ? 1 : -1;
	if (strcmp(verb, "prepare") == 0)
		return state == IMPORT_NEW || (stuck && import->doing == DOING_PREPARE) ? 1
		       : state == IMPORT_PREPARED || state == IMPORT_ON_DESTINATION	? 0
											: -1;
	if (strcmp(verb, "switch") == 0) {
		if (stuck)
			return import_in_torn_switch(import) || state == IMPORT_NEEDS_ATTENTION ? 1 : -1;
		if (state != IMPORT_PREPARED && state != IMPORT_ON_DESTINATION)
			return -1;
		return (state == IMPORT_ON_DESTINATION) != (to == SIDE_DESTINATION);
	}
	if (strcmp(verb, "reservation") == 0)
		return state == IMPORT_PREPARED || state == IMPORT_ON_DESTINATION ? 1 : -1;
	if (strcmp(verb, "commit") == 0) {
		if (stuck)
			return import->doing == DOING_COMMIT ? 1 : -1;
		return state == IMPORT_ON_DESTINATION ? 1 : state == IMPORT_COMMITTED ? 0 : -1;
	}
	if (state == IMPORT_CANCELLED)
		return 0;
	return state == IMPORT_COMMITTED || import->doing == DOING_COMMIT ? -1 : 1;
}

int import_check_way_back(const struct import *import, struct error *err)
{
	if (import->state == IMPORT_HELD ? import->last_hold.to == SIDE_DESTINATION
					 : import->state != IMPORT_ON_DESTINATION)
		return 0;
	if (!import->by_hold)
		return 0;
	return error_set(err, ERR_HOLD_NEEDED, import->id, "%s", "");
}

int import_check_allowed(struct engine *engine, const struct import *import, const char *verb, enum side to,
			 struct error *err)
{
	int answer = allowed(import, verb, to);

	if (held_refuse(engine, import, err) < 0)
		return -1;
	if (answer < 0 && too_late(import, verb, to))
		error_set(err, ERR_LEASE_EXPIRED, import->id, "%s", "");
	else if (answer < 0)
		error_set(err, ERR_STATE_WRONG, import->id, "%s is not possible while the import is %s", verb,
			  import_state_name(import->state));
	return answer;
}
