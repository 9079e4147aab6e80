/*
 * Has udev publish the identities: our rules are on disk (store/identities.h), and udev's database has to follow.
 */
#ifndef DM_IMPORT_HOST_PUBLISH_H
#define DM_IMPORT_HOST_PUBLISH_H

#include "dm-import/core/engine.h"
#include "dm-import/core/inventory.h"

/*
 * Have udev read the rules and process every disk of the import's LUNs again, and verify what it publishes. *now says
 * which disks these are (if empty, it is loaded first), and is reloaded afterwards. UDEV_*.
 */
int publish(struct engine *engine, const struct import *import, struct inventory *now, struct error *err);

/* After a hold, once identities_apply has written the files: udev reads the rules, then the hold's marker is removed.
 */
int publish_kept(struct engine *engine, struct error *err);

/* Verify what udev publishes. UDEV_FAILED names the first disk with a wrong identity. */
int publish_verify(struct engine *engine, const struct import *import, const struct inventory *now, struct error *err);

/*
 * Send the live maps an event, for the properties that the rules keep for them (store/identity_rules.c). Not during an
 * exchange.
 */
int publish_live(struct engine *engine, const struct import *import, const struct inventory *now, struct error *err);

#endif
