/*
 * The journal's file. save and forget append one record; if that fails, the journal is unchanged.
 */
#ifndef DM_IMPORT_STORE_JOURNAL_FILE_H
#define DM_IMPORT_STORE_JOURNAL_FILE_H

#include "dm-import/core/engine.h"
#include "journal.h"

int import_save(struct engine *engine, struct import *import, enum journal_event event, struct error *err);
int import_forget(struct engine *engine, struct import *import, struct error *err);

/*
 * Load the imports from a journal that was read. With STORE_DAMAGED, those whose newest record is certain are loaded.
 */
int import_load_all(struct engine *engine, const struct journal *journal, bool missing, struct error *err);

/* Reserve space for all records of a verb, before its intent; never refuses a verb that completes a torn one. */
int import_reserve(struct work *work, struct error *err);

/* The undo of an intent: record that no verb is under way. */
int work_void_intent(struct work *work, struct error *err);

/* The end of a plan: record that no verb is under way, the state, and no attention. */
int work_record_done(struct work *work, enum import_state state, struct error *err);

/* Read the file; *ret_text is NULL if there is none. The caller owns both. */
int journal_read(const struct engine_options *options, const struct host_port *host, char **ret_text,
		 struct journal *ret, struct error *err);

/* Cut off a torn end, create a missing file. */
int journal_repair(struct engine *engine, struct error *err);

/* Compact the file if that is worthwhile and no verb is under way; a failure does no harm. */
void journal_compact_file(struct engine *engine, bool at_opening);

#endif
