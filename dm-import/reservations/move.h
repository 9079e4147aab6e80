/*
 * Moving reservations: the LUN that an import's application is not on gets this host's registrations and reservation
 * as they are on the LUN that it is on, again and again as long as the import lasts. The rules are in
 * docs/RESERVATIONS.md.
 *
 * Each function works on paths that answer, some seconds at most per LUN. None is called while a map is held.
 */
#ifndef DM_IMPORT_PR_MOVE_H
#define DM_IMPORT_PR_MOVE_H

#include "dm-import/core/work.h"

/*
 * Make the other LUN of each member like the one on side `live`: this host's keys on all its paths, its reservation
 * where this host holds it, and the keys of peers that were preempted meanwhile gone. Members whose live LUN has none
 * of this host's keys lose them on the other one.
 *
 * PR_FENCED: this host's key was preempted; it is on neither LUN any more. PR_NOT_RESERVED: the live LUN is reserved,
 * the other one not, or otherwise. DESTINATION_RESERVED: keys of strangers are on the other one. Others: pr_lun_read,
 * scsi_port.pr_out. The first failure is told, the other members are looked after all the same.
 *
 * It looks at the host in work->now, which is loaded when it is empty.
 */
int pr_move_sync(struct work *work, enum side live, struct error *err);

/* Before a switch to work->to, from the other side: pr_move_sync, and on the way back no failure closes the way. */
int pr_move_before_switch(struct work *work, struct error *err);

/* Somebody was registered on one of its LUNs at the last look. */
bool pr_move_concerns(const struct import *import);

/*
 * The look that engine_poll takes, every so many milliseconds: at imports with registrations, and seldom at those where
 * this host has none yet. True when anything changed.
 */
bool pr_move_poll(struct engine *engine, const struct observer *observer);
unsigned pr_move_poll_every_ms(const struct engine *engine); /* 0: there is nothing to look at */

/* The source's reservation is lifted (registrations stay), or put back as the destination's is: 1; 0: it was so. */
int pr_move_lift(struct work *work, bool lifted, struct error *err);

void pr_move_put_back(struct work *work); /* what is lifted, at a cancel without a switch back */

void pr_move_paths_changed(struct engine *engine); /* see engine_paths_changed */

#endif
