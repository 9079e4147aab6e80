/*
 * One member's two LUNs and what may be done to their reservations: registering this host's paths, taking its keys
 * away, and the reservation itself. What is to be done when is move.c's.
 *
 * The live LUN is the one that the application's map is on, the other LUN is its partner. But for pr_pair_read and
 * pr_pair_read_other nothing here reads again what a command changed.
 */
#ifndef DM_IMPORT_PR_PAIR_H
#define DM_IMPORT_PR_PAIR_H

#include "dm-import/core/engine.h"
#include "lun.h"

/* "leaving!": a registration on its way out. */
#define PR_KEY_LEAVING UINT64_C(0x6c656176696e6721)

enum { PR_LEAVING_MS = 4000 }; /* how long it stays: longer than two looks of a peer are apart */

struct pr_pair {
	struct work *work;
	struct member *member;
	enum side live_side;
	struct pr_lun live, other;
	bool changed;	/* one of the LUNs, by us */
	bool preempted; /* a peer's key on the other LUN, by us */
	bool noted;	/* the member's views are of now */
};

void pr_pair_free(struct pr_pair *pair);
#define CLEANUP_PR_PAIR __attribute__((cleanup(pr_pair_free)))

/* Which paths there are is looked at once for all pairs of a run. Before the first pr_pair_read. */
int pr_pair_load(struct work *work, struct error *err);

/* Read both LUNs, again where they were read before. As pr_lun_read. */
int pr_pair_read(struct pr_pair *pair, struct error *err);

/* The same, but for the live LUN, which was read before. */
int pr_pair_read_other(struct pr_pair *pair, struct error *err);

/* One command through a path of either LUN. As scsi_port.pr_out. */
int pr_pair_send(struct pr_pair *pair, const struct pr_path *path, const struct pr_request *request, struct error *err);

/* The other LUN's paths get the keys of their counterparts on the live one, where they do not have them. */
int pr_pair_register(struct pr_pair *pair, struct error *err);

/*
 * Paths of the destination that came when the application was on it already get their neighbours' key; unless one of
 * this host's registrations was lost meanwhile: that is no time to renew any.
 */
int pr_pair_register_live(struct pr_pair *pair, struct error *err);

/* Exchange the keys that this host has on the other LUN, for none where `key` is 0. Goes on when one path fails. */
int pr_pair_set_keys(struct pr_pair *pair, uint64_t key, struct error *err);

/* Take all registrations with this key off the other LUN, by a path that is registered with another one. */
int pr_pair_preempt(struct pr_pair *pair, const struct pr_path *by, enum pr_action action, uint64_t key,
		    struct error *err);

/* Take this host's keys off one of the LUNs; its reservation stays, for the peers, where there are any. */
int pr_pair_drop_keys(struct pr_pair *pair, struct error *err);
int pr_pair_drop_live_keys(struct pr_pair *pair, struct error *err);

/* The other LUN's reservation: released (this host must hold it), or made of the live one's type. `holder` is the path
 * that holds the live one, NULL: none of this host's. */
int pr_pair_release(struct pr_pair *pair, struct error *err);
int pr_pair_reserve(struct pr_pair *pair, const struct pr_path *holder, struct error *err);

/*
 * Make the other LUN's reservation like the live one's, as far as it is this host's to do. The holder's host reserves.
 * On the way back any registered host does where the type lets all of them write: the source's reservation may have
 * been lifted, and a source that nobody reserved is open to fenced nodes.
 */
int pr_pair_move_reservation(struct pr_pair *pair, struct error *err);

/* PR_UNSUPPORTED when the other LUN cannot be reserved as the live one is. */
int pr_pair_check_capable(const struct pr_pair *pair, struct error *err);

/* PR_NOT_RESERVED when they differ, and this host might not be able to write behind a switch. */
int pr_pair_check_reserved(const struct pr_pair *pair, struct error *err);

#endif
