/*
 * One run of one verb: what its plan's steps share.
 */
#ifndef DM_IMPORT_CORE_WORK_H
#define DM_IMPORT_CORE_WORK_H

#include "engine.h"
#include "inventory.h"

struct plan_step; /* verbs/plan.h */

struct work {
	struct engine *engine;
	struct import *import;
	const struct observer *observer;
	enum side to;
	bool recovering;	      /* nothing is asked that a torn switch cannot answer */
	bool multipathd_stopped;      /* by us */
	bool unguarded;		      /* the reservations may change during the hold */
	struct dm_suspend **suspends; /* live maps first, then the idle ones; of the members that change */
	size_t suspend_count;	      /* 2 × changing members */
	struct member **changing;     /* members whose side is not `to` yet */
	size_t changing_count;
	char (*idle_names)[NAME_SIZE]; /* dm names of their partners, in the same order */
	char *disks_before;	       /* prepare: names of the destination disks that were there before, " sda sdb " */
	struct finding_list findings;  /* of the pre-check */
	unsigned disks_timeout_ms;     /* how long wait_disks waits */
	struct hold *hold;	       /* the maps are held: between hold_begin and hold_forward or hold_back */
	uint64_t held_us;	       /* how long they were, behind it */
	unsigned lease_ms;	       /* of a held switch; 0: a switch */
	enum import_state before;      /* of a held switch: the import's state before it */
	struct inventory now; /* the last look at the host, one for each phase; while maps are held, for reports */
	const struct plan_step *step; /* the row of the plan that is run */
};

/* Tell the observer; level as in struct observer. `err` is appended when it is there and says something. */
void work_log(struct work *work, int level, const struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* -1 and IMPORT_HELD while an import other than `but` (NULL: any) is held. */
int held_refuse(struct engine *engine, const struct import *but, struct error *err);

void work_free_suspends(struct work *work);
void work_free(struct work *work);

#endif
