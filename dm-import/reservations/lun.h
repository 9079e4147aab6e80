/*
 * How this host stands with the reservations of one LUN: which of its paths is registered with which key. By
 * TransportID where the LUN has READ FULL STATUS; else by the key that multipathd or the cluster's fence agent uses.
 */
#ifndef DM_IMPORT_PR_LUN_H
#define DM_IMPORT_PR_LUN_H

#include "dm-import/core/engine.h"
#include "dm-import/core/inventory.h"
#include "dm-import/formats/pr.h"

enum { PR_PATHS_MAX = 64 };

struct pr_path {
	char disk[DISK_NAME_SIZE];
	struct pr_nexus nexus;
	uint64_t key;	       /* 0 = not registered */
	bool all_target_ports; /* by a registration for all ports of its initiator */
	bool holder;	       /* the reservation is this nexus's */
};

struct pr_lun {
	char wwid[WWID_SIZE];
	struct pr_state state;
	struct pr_path paths[PR_PATHS_MAX]; /* those that run, in the order of initiator, port and name */
	size_t path_count;
	bool by_count; /* no TransportIDs: how many paths are registered is known, not which */
};

void pr_lun_free(struct pr_lun *lun);
#define CLEANUP_PR_LUN __attribute__((cleanup(pr_lun_free)))

/*
 * Read it through the first path that answers. Blocks for some seconds at most. A LUN without a running path:
 * path_count 0, nothing known. SCSI2_RESERVATION; PR_KEY_UNKNOWN when keys are there and nobody can say which is this
 * host's; SCSI_FAILED when no path answers. `known` is the key that this host is known to use, 0: find out; `before`
 * the one that it had at the last look (0: none), which is its own still where it is there yet.
 */
int pr_lun_read(struct engine *engine, const struct inventory *now, const char *true_wwid, uint64_t known,
		uint64_t before, struct pr_lun *ret, struct error *err);

/* Somebody has registered this key. */
bool pr_lun_has_key(const struct pr_lun *lun, uint64_t key);

/* A key of this host's: registered by one of its initiator ports, through whichever target port. */
bool pr_lun_is_own(const struct pr_lun *lun, uint64_t key);

/* One of this host's keys is registered; and which, 0: none. */
bool pr_lun_registered(const struct pr_lun *lun);
uint64_t pr_lun_own_key(const struct pr_lun *lun);

/* Others than this host are registered; without TransportIDs: with keys that are not this host's. */
bool pr_lun_has_peers(const struct pr_lun *lun);

/* The path of this host whose nexus holds the reservation (with all-registrants types any that is registered); NULL. */
const struct pr_path *pr_lun_holder(const struct pr_lun *lun);

/* The first path that is registered; NULL. */
const struct pr_path *pr_lun_registered_path(const struct pr_lun *lun);

#endif
