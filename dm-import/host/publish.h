/*
 * Having udev publish the identities: our rules are on disk (store/identities.h), and its database has to follow.
 */
#ifndef DM_IMPORT_HOST_PUBLISH_H
#define DM_IMPORT_HOST_PUBLISH_H

#include "dm-import/core/engine.h"

/* Tell udev, wait for it, and verify: every disk of the import's LUNs. UDEV_*. */
int identities_present(struct engine *engine, const struct import *import, struct error *err);

/* What udev presents is what it should. UDEV_FAILED names the first disk of which that is not so. */
int identities_verify(struct engine *engine, const struct import *import, struct error *err);

/*
 * The live maps get an event, for what the rules keep of them (store/identity_rules.c). Not while an exchange is under
 * way.
 */
int identities_show_live(struct engine *engine, const struct import *import, struct error *err);

#endif
