/*
 * The guardian: a child process that releases held maps when its parent dies or a deadline passes. It holds nothing
 * but locked memory and the holds' open files, so it needs no disk, no heap and no udev to do so.
 *
 * The direction is decided once, by whoever comes first: guardian_release (the parent goes forward) or the
 * guardian's revert. The loser of that race follows the winner. Until then the parent may move the deadline: a held
 * switch's lease.
 */
#ifndef DM_IMPORT_GUARDIAN_H
#define DM_IMPORT_GUARDIAN_H

#include "dm-import/ports.h"

#include <stdbool.h>
#include <stdint.h>

struct guardian;

enum guardian_outcome {
	GUARDIAN_IDLE,	   /* it had nothing to do */
	GUARDIAN_REVERTED, /* it cleared the new tables and resumed: the maps are on the side they were on */
	GUARDIAN_RELEASED, /* it resumed after guardian_release: the maps are on the new side */
};

/*
 * Start it, before the first suspend; it is ready (memory locked) on return. `dm` and the holds must stay valid until
 * guardian_stop. The deadline counts from the return. ERR_NO_MEMORY, ERR_IO when there can be no such child.
 */
int guardian_start(struct guardian **ret, const struct dm_port *dm, struct dm_suspend *const *suspends, size_t count,
		   unsigned deadline_ms, struct error *err);

/*
 * All maps are held and the next step is to resume them: from now on the guardian goes forward, too. False when it
 * has begun to revert: then the parent must clear and resume all maps. One atomic operation, no system call.
 */
bool guardian_release(struct guardian *guardian);

/* Another deadline, counted from now. False when it has begun to revert, or is dead. */
bool guardian_extend(struct guardian *guardian, unsigned deadline_ms);

/* It is alive and nothing is decided yet. Cheap. */
bool guardian_holds(const struct guardian *guardian);

/* When it had released the maps for the first time, CLOCK_MONOTONIC; 0: it has not. */
uint64_t guardian_ended_us(const struct guardian *guardian);

/*
 * The parent has released everything (in either direction): end the guardian, wait for its exit, free it. NULL is
 * allowed and GUARDIAN_IDLE.
 */
enum guardian_outcome guardian_stop(struct guardian *guardian);

#endif
