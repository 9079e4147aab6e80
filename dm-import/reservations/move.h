/*
 * Moving reservations: the LUN that an import's application is not on gets this host's registrations and reservation
 * as they are on the LUN that it is on, again and again as long as the import lasts. The rules are in
 * docs/RESERVATIONS.md.
 *
 * Each function works on paths that answer, some seconds at most per LUN. None is called while a map is held.
 */
#ifndef DM_IMPORT_PR_MOVE_H
#define DM_IMPORT_PR_MOVE_H

#include "dm-import/core/engine.h"

/*
 * Make the other LUN of each member like the one on side `live`: this host's keys on all its paths, its reservation
 * where this host holds it, and the keys of peers that were preempted meanwhile gone. Members whose live LUN has none
 * of this host's keys lose them on the other one.
 *
 * PR_FENCED: this host's key was preempted; it is on neither LUN any more. PR_NOT_RESERVED: the live LUN is reserved,
 * the other one not, or otherwise. DESTINATION_RESERVED: keys of strangers are on the other one. Others: pr_lun_read,
 * scsi_port.pr_out. The first failure is told, the other members are looked after all the same.
 *
 * A look at the host in work->paths is taken for one of now, and is gone afterwards.
 */
int pr_move_sync(struct work *work, enum side live, struct error *err);

/* Before a switch to work->to, from the other side: pr_move_sync, and on the way back no failure closes the way. */
int pr_move_before_switch(struct work *work, struct error *err);

/* Somebody was registered on one of its LUNs at the last look. */
bool pr_move_concerns(const struct import *import);

/*
 * Take this host's keys off the LUNs of one side, in two steps with a pause between, so that peers see a host that
 * leaves, and not one that was fenced. The keys of paths that do not answer go through those that do. What cannot be
 * done is logged: the side goes away in any case.
 */
void pr_move_leave(struct work *work, enum side side);

/*
 * The look that engine_tend takes, every so many milliseconds: at imports with registrations, and seldom at those where
 * this host has none yet. True when anything changed.
 */
bool pr_move_tend(struct engine *engine, const struct observer *observer);
unsigned pr_move_tend_every_ms(const struct engine *engine); /* 0: there is nothing to look at */

/* The source's reservation is lifted (registrations stay), or put back as the destination's is: 1; 0: it was so. */
int pr_move_lift(struct work *work, bool lifted, struct error *err);

void pr_move_put_back(struct work *work); /* what is lifted, at a cancel without a switch back */

/* How a member stands, as of the last look: null, or an object for the report. */
struct json_object *pr_move_report(const struct member *member);

void pr_move_paths_changed(struct engine *engine);		       /* see engine_paths_changed */
void pr_move_forget(const struct ports *ports, struct member *member); /* frees what the member keeps for this file */

#endif
