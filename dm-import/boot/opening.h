/*
 * Which identities the engine uses when it opens: the same judgement as at boot.
 */
#ifndef DM_IMPORT_BOOT_OPENING_H
#define DM_IMPORT_BOOT_OPENING_H

#include "dm-import/core/engine.h"
#include "judge.h"

/* STORE_DAMAGED when the files are in doubt and the caller is not recover_device. journal: as it was read. */
int identities_load(struct engine *engine, const struct journal *journal, struct error *err);

/* Judge the files again after a repair; fills engine->files. */
int identities_reread(struct engine *engine, struct error *err);

/* *ret: the rules that the check at boot wrote are in force. */
int identities_at_boot(const struct engine *engine, bool *ret, struct error *err);

/* Remove those rules, so that the ones in /etc apply. */
int identities_end_boot(struct engine *engine, struct error *err);

#endif
