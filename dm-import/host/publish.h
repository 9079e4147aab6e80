/*
 * Having udev publish the identities: our rules are on disk (store/identities.h), and its database has to follow. `now`
 * is a look at the host.
 */
#ifndef DM_IMPORT_HOST_PUBLISH_H
#define DM_IMPORT_HOST_PUBLISH_H

#include "dm-import/core/engine.h"
#include "dm-import/core/inventory.h"

/*
 * udev reads the rules, looks again at every disk of the import's LUNs, and what it publishes is verified. *now says
 * which disks these are, and is the host as it is after that; an empty one: look first. UDEV_*.
 */
int publish(struct engine *engine, const struct import *import, struct inventory *now, struct error *err);

/* What udev publishes is what it should. UDEV_FAILED names the first disk of which that is not so. */
int publish_verify(struct engine *engine, const struct import *import, const struct inventory *now, struct error *err);

/*
 * The live maps get an event, for what the rules keep of them (store/identity_rules.c). Not while an exchange is under
 * way.
 */
int publish_live(struct engine *engine, const struct import *import, const struct inventory *now, struct error *err);

#endif
