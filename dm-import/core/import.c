/*
 * See import.h.
 */
#include "import.h"

#include "base/cleanup.h"

#include <string.h>

static const char *const state_names[] = { "new",	"prepared",   "on_destination",	 "committed",
					   "cancelled", "recovering", "needs_attention", "held" };
static const char *const verb_names[] = { "refresh", "precheck", "prepare", "switch",	   "commit",
					  "cancel",  "hold",	 "release", "reservation", "recover" };
static const char *const outcome_names[] = { "none", "interrupted", "released", "taken_back", "lease_expired" };
static const char *const doing_names[] = { "nothing", "prepare", "to_destination", "to_source", "commit", "cancel" };

_Static_assert(ARRAY_SIZE(state_names) == IMPORT_STATE_COUNT && ARRAY_SIZE(verb_names) == VERB_COUNT,
	       "each has a name");

const char *import_state_name(enum import_state state)
{
	return state_names[state];
}

const char *verb_name(enum verb verb)
{
	return verb_names[verb];
}

const char *doing_name(enum doing doing)
{
	return doing_names[doing];
}

const char *hold_outcome_name(enum hold_outcome outcome)
{
	return outcome_names[outcome];
}

/* -1 when the name is in no row */
static int index_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

int verb_from_name(const char *name)
{
	return strcmp(name, "cutover") == 0 ? VERB_COMMIT : index_of(name, verb_names, ARRAY_SIZE(verb_names));
}

int import_state_from_name(const char *name)
{
	return index_of(name, state_names, ARRAY_SIZE(state_names));
}

int doing_from_name(const char *name)
{
	return index_of(name, doing_names, ARRAY_SIZE(doing_names));
}

int hold_outcome_from_name(const char *name)
{
	return index_of(name, outcome_names, ARRAY_SIZE(outcome_names));
}

void import_free(struct import *import)
{
	if (!import)
		return;
	free(import->members);
	free(import);
}

bool import_concerns(const struct import *import, const char *wwid)
{
	for (size_t i = 0; i < import->member_count; i++)
		if (strcmp(import->members[i].source_wwid, wwid) == 0 ||
		    strcmp(import->members[i].destination_wwid, wwid) == 0)
			return true;
	return false;
}

bool import_in_torn_switch(const struct import *import)
{
	return import->doing == DOING_TO_DESTINATION || import->doing == DOING_TO_SOURCE;
}

const char *idle_lun(const struct member *member)
{
	return lun_on(member, member->exchanged ? SIDE_SOURCE : SIDE_DESTINATION);
}

const char *lun_on(const struct member *member, enum side side)
{
	return side == SIDE_SOURCE ? member->source_wwid : member->destination_wwid;
}

enum side other_side(enum side side)
{
	return side == SIDE_SOURCE ? SIDE_DESTINATION : SIDE_SOURCE;
}

const char *side_name(enum side side)
{
	return side == SIDE_SOURCE ? "source" : "destination";
}

enum doing doing_switch(enum side to)
{
	return to == SIDE_DESTINATION ? DOING_TO_DESTINATION : DOING_TO_SOURCE;
}

void member_forget_reservations(const struct ports *ports, struct member *member)
{
	for (int side = 0; side < 2; side++) {
		ports->scsi.pr_watch_free(member->pr.views[side].watch);
		member->pr.views[side] = (struct pr_view){ 0 };
	}
}

bool session_state_valid(const char *state)
{
	static const char *const states[] = {
		"scheduled",
		"queued",
		"in_progress",
		"copy_in_progress",
		"paused",
		"ready_for_cutover",
		"cutover_in_progress",
		"completed",
		"completed_with_errors",
		"cutover_incomplete",
		"cancel_in_progress",
		"cancelled",
		"cancel_failed",
		"cancel_required",
		"cleanup_required",
		"failed",
	};

	return index_of(state, states, ARRAY_SIZE(states)) >= 0;
}
