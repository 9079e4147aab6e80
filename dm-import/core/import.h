/*
 * An import and its members as the engine keeps them, and small functions that every room needs. Plain structs and pure
 * functions; store/import_record.c makes the import's record in the journal.
 */
#ifndef DM_IMPORT_CORE_IMPORT_H
#define DM_IMPORT_CORE_IMPORT_H

#include "dm-import/dm_import.h"

/* The reservations of one LUN of a member, as last read. */
struct pr_view {
	bool known; /* it answered */
	uint32_t generation;
	uint64_t holder_key;
	uint8_t scope_type; /* 0: not reserved */
	uint64_t keys[PR_KEYS_MAX];
	size_t key_count;
	uint64_t own_key;	 /* one of this host's keys, when it last had any */
	size_t own_paths, paths; /* this host's paths: registered, and all that run */
	bool holder;		 /* this host holds the reservation, alone or with others */
	struct pr_watch *watch;	 /* NULL: a full read is needed */
};

/* This host's registrations and reservations on a member's LUNs (move.c). */
struct member_pr {
	bool registered;     /* its keys were on both LUNs */
	bool fenced;	     /* another host took them away */
	enum pr_type lifted; /* type of the source's reservation while it is lifted for the array; else PR_NONE */
	/* not recorded */
	struct pr_view views[2]; /* by enum side */
	uint64_t seen_us;	 /* when, CLOCK_MONOTONIC; 0: never */
	uint64_t full_read_us, not_before_us;
	bool paths_changed;	      /* since the last full read */
	enum error_code last_failure; /* of a read; logged once */
};

struct member {
	char source_wwid[WWID_SIZE];
	char destination_wwid[WWID_SIZE];
	char name[NAME_SIZE]; /* the live map's dm name at creation */
	uint64_t size_bytes;
	bool exchanged;		     /* the live map is on the destination */
	uint64_t pause_us;	     /* of the last switch; 0 = none yet */
	uint64_t held_at_ms;	     /* when it began, CLOCK_REALTIME; not recorded */
	bool live_fails, idle_fails; /* before this switch, its maps did not queue without a path */
	struct member_pr pr;
};

struct import {
	char id[IMPORT_ID_SIZE];
	enum import_state state;
	enum doing doing, recorded;	 /* `recorded`: as in the journal */
	uint64_t created_ms, updated_ms; /* CLOCK_REALTIME */
	unsigned min_paths;
	bool forced;  /* cancelled without going back */
	bool by_hold; /* a held switch moved it to the destination */
	char session_state[32];
	unsigned session_percent;
	struct hold_note last_hold;
	struct error attention; /* why NEEDS_ATTENTION or RECOVERING; ERR_NONE otherwise */
	struct member *members;
	size_t member_count;
};

void import_free(struct import *import);

/* True when `wwid` is the source's or the destination's WWID of one of its members. */
bool import_concerns(const struct import *import, const char *wwid);

/* It is in the middle of a switch, in either direction. */
bool import_in_torn_switch(const struct import *import);

/* The enum of a name (reports.h has the names): -1 when there is none. */
int doing_from_name(const char *name);
int hold_outcome_from_name(const char *name);

enum side other_side(enum side side);
enum doing doing_switch(enum side to);

/* The true WWID of the LUN on that side; of the LUN that no application uses. */
const char *lun_on(const struct member *member, enum side side);
const char *idle_lun(const struct member *member);

/* Forget what was last read of the member's reservations, and free what was kept for the next read. */
void member_forget_reservations(const struct ports *ports, struct member *member);

#endif
