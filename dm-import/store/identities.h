/*
 * The identity store on disk, and the rules made of it. udev is told by host/publish.h.
 */
#ifndef DM_IMPORT_STORE_IDENTITIES_H
#define DM_IMPORT_STORE_IDENTITIES_H

#include "dm-import/core/engine.h"

int identities_apply(struct engine *engine, struct error *err); /* write store and rules; udev is not told */

/* IDENTITY_FILES: they are not as apply writes them. */
int identities_check_files(const struct engine *engine, struct error *err);

int identities_assign(struct engine *engine, const struct import *import, enum identity_role role, struct error *err);

/* As identities_assign, until identities_apply makes it last; a reboot before that makes it void. */
int identities_hold(struct engine *engine, const struct import *import, enum identity_role role, struct error *err);

/* The files themselves. rules: NULL: they go */
int identities_write_store(const struct engine_options *options, const struct host_port *host,
			   const struct identity_store *store, struct error *err);
int identities_write_rules(const struct host_port *host, const char *directory, const char *const *names,
			   const char *rules, struct error *err);

/* "<etc_directory>/identity" */
void identities_store_path(const struct engine_options *options, char ret[static PATH_MAX]);

#endif
