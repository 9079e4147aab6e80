/*
 * Peers of a LUN pair: those that were fenced on one LUN lose their key on the other one too. A host that leaves, or
 * takes another key, must not be taken for one that was fenced.
 */
#ifndef DM_IMPORT_PR_PEERS_H
#define DM_IMPORT_PR_PEERS_H

#include "pair.h"

/* Peers' keys that were on both LUNs a moment ago and are gone from the live one are preempted on the other one. */
int pr_peers_mirror(struct pr_pair *pair, struct error *err);

/*
 * This host is about to take the key off the other LUN: would a peer that has its application there see that the host
 * leaves?
 */
bool pr_peers_see_leaving(const struct pr_pair *pair, uint64_t key);

bool pr_view_has_key(const struct pr_view *view, uint64_t key);

#endif
