/*
 * One run of one verb: the data that the steps of its plan share.
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
	bool recovering;	      /* skip the checks that a torn switch cannot pass */
	bool multipathd_stopped;      /* by us */
	bool unguarded;		      /* the reservations may change during the hold */
	struct dm_suspend **suspends; /* of the changing members: live maps first, then the idle ones */
	size_t suspend_count;	      /* 2 × changing members */
	struct member **changing;     /* members whose side is not `to` yet */
	size_t changing_count;
	char (*idle_names)[NAME_SIZE]; /* dm names of their partners, in the same order */
	char *disks_before;	       /* prepare: names of the destination disks that existed before, " sda sdb " */
	struct finding_list findings;  /* of the pre-check */
	unsigned disks_timeout_ms;     /* how long wait_disks waits */
	struct hold *hold;	       /* the maps are held: between hold_begin and hold_forward or hold_back */
	uint64_t held_us;	       /* after it: how long they were held */
	unsigned lease_ms;	       /* of a held switch; 0: a switch */
	enum import_state before;      /* of a held switch: the import's state before it */
	struct inventory now;	       /* the inventory of this phase; while maps are held, reports use it */
	const struct plan_step *step;  /* the plan's row that is being run */
};

/* Send a line to the observer; level as in struct observer. `err` is appended if it is not NULL and holds an error. */
void work_log(struct work *work, int level, const struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* -1 and IMPORT_HELD while an import other than `but` (NULL: any) is held. */
int held_refuse(struct engine *engine, const struct import *but, struct error *err);

void work_free_suspends(struct work *work);
void work_free(struct work *work);
#define CLEANUP_WORK __attribute__((cleanup(work_free)))

#endif
