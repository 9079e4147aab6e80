/*
 * The guardian: a child process that releases held maps when its parent dies or a deadline passes. It has only locked
 * memory and the open files of the prepared suspends, so it needs no disk, no heap and no udev.
 *
 * The direction is decided once, by whichever comes first: guardian_release (the parent goes forward) or the guardian's
 * revert. The loser of that race follows the winner. Until then the parent may move the deadline (the lease of a held
 * switch).
 */
#ifndef DM_IMPORT_GUARDIAN_H
#define DM_IMPORT_GUARDIAN_H

#include "dm-import/ports.h"

#include <stdbool.h>
#include <stdint.h>

struct guardian;

enum guardian_outcome {
	GUARDIAN_IDLE,	   /* it had nothing to do */
	GUARDIAN_REVERTED, /* it cleared the new tables and resumed: the maps are on the old side */
	GUARDIAN_RELEASED, /* it resumed after guardian_release: the maps are on the new side */
};

/*
 * Start it before the first suspend; on return it is ready (memory locked). `dm` and the prepared suspends must stay
 * valid until guardian_stop. The deadline counts from the return. ERR_NO_MEMORY, ERR_IO if the child cannot be made.
 */
int guardian_start(struct guardian **ret, const struct dm_port *dm, struct dm_suspend *const *suspends, size_t count,
		   unsigned deadline_ms, struct error *err);

/*
 * All maps are held and will be resumed next: from now on the guardian goes forward, too. False if it has begun to
 * revert: then the parent must clear and resume all maps. One atomic operation, no system call.
 */
bool guardian_release(struct guardian *guardian);

/* Move the deadline; counted from now. False if it has begun to revert, or is dead. */
bool guardian_extend(struct guardian *guardian, unsigned deadline_ms);

/* True while it is alive and the direction is not decided. Cheap. */
bool guardian_holds(const struct guardian *guardian);

/* When it first had all maps released, CLOCK_MONOTONIC; 0: not yet. */
uint64_t guardian_ended_us(const struct guardian *guardian);

/*
 * Call when all maps are released (in either direction): ends the guardian, waits for its exit, frees it. NULL is
 * allowed and gives GUARDIAN_IDLE.
 */
enum guardian_outcome guardian_stop(struct guardian *guardian);

#endif
