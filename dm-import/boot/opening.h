/*
 * What the engine takes the identities for when it opens, by the same judgement as at boot.
 */
#ifndef DM_IMPORT_BOOT_OPENING_H
#define DM_IMPORT_BOOT_OPENING_H

#include "dm-import/core/engine.h"
#include "judge.h"

/* STORE_DAMAGED when the files are in doubt and it is not recover_device that asks. journal: as it was read */
int identities_load(struct engine *engine, const struct journal *journal, struct error *err);

/* At the files once more, after they were repaired: engine->files. */
int identities_reread(struct engine *engine, struct error *err);

/* The rules that the check at boot made are in force. */
int identities_at_boot(const struct engine *engine, bool *ret, struct error *err);

/* They give way to those of /etc. */
int identities_end_boot(struct engine *engine, struct error *err);

#endif
