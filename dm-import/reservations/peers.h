/*
 * Peers of a LUN pair: a peer that was fenced on one LUN loses its key on the other LUN too. A host that unregisters or
 * changes its key must not be taken for a fenced one.
 */
#ifndef DM_IMPORT_PR_PEERS_H
#define DM_IMPORT_PR_PEERS_H

#include "pair.h"

/* Preempt, on the other LUN, peers' keys that were on both LUNs a moment ago and are gone from the live LUN. */
int pr_peers_mirror(struct pr_pair *pair, struct error *err);

/*
 * This host is about to unregister the key from the other LUN: would a peer whose application is there see that the
 * host is leaving?
 */
bool pr_peers_see_leaving(const struct pr_pair *pair, uint64_t key);

bool pr_view_has_key(const struct pr_view *view, uint64_t key);

#endif
