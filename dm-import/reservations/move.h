/*
 * Moving reservations: this host's registrations and reservation on the LUN that the application uses are copied to the
 * other LUN, repeatedly until the import ends. The rules are in docs/RESERVATIONS.md.
 *
 * Each function works on paths that answer and takes at most some seconds per LUN. None is called while a map is held.
 */
#ifndef DM_IMPORT_PR_MOVE_H
#define DM_IMPORT_PR_MOVE_H

#include "dm-import/core/work.h"

/*
 * Make the other LUN of each member like the one on side `live`: register this host's keys on all its paths, reserve it
 * if this host holds the reservation, and remove the keys of peers that were preempted meanwhile. If a member's live
 * LUN has none of this host's keys, they are removed from the other LUN.
 *
 * PR_FENCED: this host's key was preempted, and is now on neither LUN. PR_NOT_RESERVED: the live LUN is reserved, but
 * the other LUN is not, or differently. DESTINATION_RESERVED: keys of strangers are on the other LUN. Others: see
 * pr_lun_read, scsi_port.pr_out. Reports the first failure; the other members are handled all the same.
 *
 * It uses the inventory work->now, and loads it if it is empty.
 */
int pr_move_sync(struct work *work, enum side live, struct error *err);

/* Before a switch to work->to: pr_move_sync from the other side. On the way back no failure stops the switch. */
int pr_move_before_switch(struct work *work, struct error *err);

/* When last read, one of the import's LUNs had a registration. */
bool pr_move_concerns(const struct import *import);

/*
 * engine_poll calls this at the interval below: polls the imports with registrations, and less often those where this
 * host has none yet. True when anything changed.
 */
bool pr_move_poll(struct engine *engine, const struct observer *observer);
unsigned pr_move_poll_every_ms(const struct engine *engine); /* 0: there is nothing to poll */

/*
 * Lift the source's reservation (registrations stay), or put it back like the destination's. 1: done; 0: it was so
 * already.
 */
int pr_move_lift(struct work *work, bool lifted, struct error *err);

void pr_move_put_back(struct work *work); /* puts lifted reservations back, at a cancel without a switch back */

void pr_move_paths_changed(struct engine *engine); /* see engine_paths_changed */

#endif
