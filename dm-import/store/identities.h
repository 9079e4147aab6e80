/*
 * The identity store on disk, and the rules made from it. host/publish.h makes udev follow.
 */
#ifndef DM_IMPORT_STORE_IDENTITIES_H
#define DM_IMPORT_STORE_IDENTITIES_H

#include "dm-import/core/engine.h"

int identities_apply(struct engine *engine, struct error *err); /* write store and rules; udev is not involved */

/* IDENTITY_FILES: they are not what identities_apply writes. */
int identities_check_files(const struct engine *engine, struct error *err);

int identities_assign(struct engine *engine, const struct import *import, enum identity_role role, struct error *err);

/* As identities_assign, but temporary: identities_apply makes it last, and a reboot before that voids it. */
int identities_hold(struct engine *engine, const struct import *import, enum identity_role role, struct error *err);

/*
 * Remove the hold's marker file, for which the rules of a hold test: without it they publish the identities from before
 * the hold. So it stays until udev has read the rules that identities_apply wrote (host/publish.c).
 */
int identities_end_hold(struct engine *engine, struct error *err);

/* Write the files. rules NULL: remove them. */
int identities_write_store(const struct engine_options *options, const struct host_port *host,
			   const struct identity_store *store, struct error *err);
int identities_write_rules(const struct host_port *host, const char *directory, const char *const *names,
			   const char *rules, struct error *err);

/* "<etc_directory>/identity" */
void identities_store_path(const struct engine_options *options, char ret[static PATH_MAX]);

#endif
