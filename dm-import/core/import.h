/*
 * An import and its members as the engine keeps them, and the small questions that every room asks of them. Plain
 * structs and pure functions; the import's record in the journal is made in store/import_record.c.
 */
#ifndef DM_IMPORT_CORE_IMPORT_H
#define DM_IMPORT_CORE_IMPORT_H

#include "dm-import/dm_import.h"

/* One LUN of a member, as of the last look at its reservations. */
struct pr_view {
	bool known; /* it answered */
	uint32_t generation;
	uint64_t holder_key;
	uint8_t scope_type; /* 0: not reserved */
	uint64_t keys[PR_KEYS_MAX];
	size_t key_count;
	uint64_t own_key;	 /* one of this host's, when it last had any */
	size_t own_paths, paths; /* of this host: registered, and all that run */
	bool holder;		 /* this host is, or one of the holders */
	struct pr_watch *watch;	 /* NULL: look with a full read */
};

/* How this host stands with the reservations of a member's LUNs (move.c). */
struct member_pr {
	bool registered;     /* its keys were on both LUNs */
	bool fenced;	     /* they were taken away by somebody else */
	enum pr_type lifted; /* the source's reservation, lifted for the array; PR_NONE: it is not */
	/* not recorded */
	struct pr_view views[2]; /* by enum side */
	uint64_t seen_us;	 /* when, CLOCK_MONOTONIC; 0: never */
	uint64_t full_read_us, not_before_us;
	bool paths_changed;	      /* since the last full look */
	enum error_code last_failure; /* of a look; told once */
};

struct member {
	char source_wwid[WWID_SIZE];
	char destination_wwid[WWID_SIZE];
	char name[NAME_SIZE]; /* the live map's dm name, as it was at creation */
	uint64_t size_bytes;
	bool exchanged;		     /* the live map is on the destination */
	uint64_t pause_us;	     /* of the last switch, 0 = none yet */
	uint64_t held_at_ms;	     /* when that was, CLOCK_REALTIME; not recorded */
	bool live_fails, idle_fails; /* before the switch under way its maps did not queue without a path */
	struct member_pr pr;
};

struct import {
	char id[IMPORT_ID_SIZE];
	enum import_state state;
	enum doing doing, recorded;	 /* `recorded`: what the journal says */
	uint64_t created_ms, updated_ms; /* CLOCK_REALTIME */
	unsigned min_paths;
	bool forced;  /* cancelled without going back */
	bool by_hold; /* it came to the destination by a held switch */
	char session_state[32];
	unsigned session_percent;
	struct hold_note last_hold;
	struct error attention; /* why NEEDS_ATTENTION or RECOVERING; ERR_NONE otherwise */
	struct member *members;
	size_t member_count;
};

void import_free(struct import *import);

/* True when `wwid` is the source's or the destination's of one of its members. */
bool import_concerns(const struct import *import, const char *wwid);

/* It is in the middle of a switch, in either direction. */
bool import_in_torn_switch(const struct import *import);

/* The enum of a name (reports.h has the names): -1 when there is none. */
int doing_from_name(const char *name);
int hold_outcome_from_name(const char *name);

enum side other_side(enum side side);
enum doing doing_switch(enum side to);

/* The true WWID of the LUN on that side; of the LUN that no application is on. */
const char *lun_on(const struct member *member, enum side side);
const char *idle_lun(const struct member *member);

/* Forget the last look at the member's reservations, and free what was kept for the next one. */
void member_forget_reservations(const struct ports *ports, struct member *member);

#endif
