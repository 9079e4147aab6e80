/*
 * The journal's file. save and forget append one record; when that fails the journal is as before.
 */
#ifndef DM_IMPORT_STORE_JOURNAL_FILE_H
#define DM_IMPORT_STORE_JOURNAL_FILE_H

#include "dm-import/core/engine.h"
#include "journal.h"

int import_save(struct engine *engine, struct import *import, enum journal_event event, struct error *err);
int import_forget(struct engine *engine, struct import *import, struct error *err);

/* Nothing is under way any more; writes only when the journal says otherwise. */
int import_void(struct engine *engine, struct import *import, struct error *err);

/* The imports of a journal that was read. With STORE_DAMAGED those are there whose newest record is certain. */
int import_load_all(struct engine *engine, const struct journal *journal, bool missing, struct error *err);

/* Space for all records of a verb, before its intent; a verb that goes on with what is torn is not refused. */
int import_reserve(struct work *work, struct error *err);

/* The undo of an intent: the record says that nothing is under way. */
int work_void_intent(struct work *work, struct error *err);

/* The end of a plan: that, the state, and all is well. */
int work_record_done(struct work *work, enum import_state state, struct error *err);

/* The file as it is now; *ret_text is NULL without one. Both are the caller's. */
int journal_read(const struct engine_options *options, const struct host_port *host, char **ret_text,
		 struct journal *ret, struct error *err);

/* A torn end is cut off, a missing file made. */
int journal_repair(struct engine *engine, struct error *err);

/* Drop what nobody needs, when it is worth it and no verb is under way; that it fails does no harm. */
void journal_compact_file(struct engine *engine, bool at_opening);

#endif
