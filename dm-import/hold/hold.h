/*
 * The milliseconds in which the application waits, or with a lease the seconds: all maps of an import's members that
 * change sides are suspended, and released, exchanged or not: all or none.
 */
#ifndef DM_IMPORT_HOLD_HOLD_H
#define DM_IMPORT_HOLD_HOLD_H

#include "dm-import/core/work.h"

int suspend_prepare_all(struct work *work, struct error *err);
int hold_exchange(struct work *work, struct error *err);
/* Its halves. lease_ms 0: no lease. On failure nothing is held any more. */
int hold_begin(struct work *work, unsigned lease_ms, struct error *err);
int hold_forward(struct work *work, struct error *err);
void hold_back(struct work *work);
bool hold_over(const struct work *work); /* the lease has ended, or the guardian is gone; cheap */
bool hold_extend(struct work *work, unsigned lease_ms);
uint64_t hold_since_us(const struct work *work); /* CLOCK_MONOTONIC */

#endif
