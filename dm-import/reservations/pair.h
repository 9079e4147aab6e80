/*
 * One member's two LUNs and the operations on their reservations: registering this host's paths, removing its keys, and
 * the reservation itself. move.c decides when to do what.
 *
 * The live LUN is the one that the application's map is on; the other LUN is its partner. Only pr_pair_read and
 * pr_pair_read_other read again what a command changed.
 */
#ifndef DM_IMPORT_PR_PAIR_H
#define DM_IMPORT_PR_PAIR_H

#include "dm-import/core/engine.h"
#include "lun.h"

/* "leaving!": a registration on its way out. */
#define PR_KEY_LEAVING UINT64_C(0x6c656176696e6721)

enum { PR_LEAVING_MS = 4000 }; /* how long it stays: longer than the time between two polls of a peer */

struct pr_pair {
	struct work *work;
	struct member *member;
	enum side live_side;
	struct pr_lun live, other;
	bool changed;	/* we changed one of the LUNs */
	bool preempted; /* we preempted a peer's key on the other LUN */
	bool noted;	/* the member's views are up to date */
};

void pr_pair_free(struct pr_pair *pair);
#define CLEANUP_PR_PAIR __attribute__((cleanup(pr_pair_free)))

/* Take the inventory of paths once for all pairs of a run. Call before the first pr_pair_read. */
int pr_pair_load(struct work *work, struct error *err);

/* Read both LUNs, replacing what was read before. Errors as for pr_lun_read. */
int pr_pair_read(struct pr_pair *pair, struct error *err);

/* The same for the other LUN only; the live LUN was read before. */
int pr_pair_read_other(struct pr_pair *pair, struct error *err);

/* Register the other LUN's paths with the keys of their counterparts on the live LUN, where they lack them. */
int pr_pair_register(struct pr_pair *pair, struct error *err);

/*
 * Register paths of the destination that were added when the application was already on it with their neighbours' key;
 * but not if one of this host's registrations was lost meanwhile, because then none may be renewed.
 */
int pr_pair_register_live(struct pr_pair *pair, struct error *err);

/* Change the keys that this host has on the other LUN to `key`; 0: unregister them. Continues if a path fails. */
int pr_pair_set_keys(struct pr_pair *pair, uint64_t key, struct error *err);

/* Remove all registrations with this key from the other LUN, through a path that is registered with another key. */
int pr_pair_preempt(struct pr_pair *pair, const struct pr_path *by, enum pr_action action, uint64_t key,
		    struct error *err);

/* Unregister this host's keys from one of the LUNs; its reservation stays if there are peers. */
int pr_pair_drop_keys(struct pr_pair *pair, struct error *err);
int pr_pair_drop_live_keys(struct pr_pair *pair, struct error *err);

/*
 * Release the other LUN's reservation (this host must hold it), or reserve it with the live LUN's type. `holder` is the
 * path that holds the live reservation; NULL: another host holds it.
 */
int pr_pair_release(struct pr_pair *pair, struct error *err);
int pr_pair_reserve(struct pr_pair *pair, const struct pr_path *holder, struct error *err);

/*
 * Make the other LUN's reservation like the live one's, if that is this host's task. The holder's host reserves. On the
 * way back any registered host does, if the type lets all of them write: the source's reservation may have been lifted,
 * and a source without a reservation is open to fenced nodes.
 */
int pr_pair_move_reservation(struct pr_pair *pair, struct error *err);

/* PR_UNSUPPORTED if the other LUN cannot have the live LUN's type of reservation. */
int pr_pair_check_capable(const struct pr_pair *pair, struct error *err);

/* PR_NOT_RESERVED if they differ, and this host might not be able to write after a switch. */
int pr_pair_check_reserved(const struct pr_pair *pair, struct error *err);

#endif
