/*
 * The journal's file: reading it at opening, appending a record before and after every transition, cutting off what a
 * crash or a failed append left at its end, and compacting it.
 *
 * A record is appended at the known end, so the next append removes anything after it (a torn record, or one that was
 * reported as failed). If the end is no longer known, the file is read again.
 */
#include "journal_file.h"

#include "dm-import/core/work.h"
#include "import_record.h"
#include "journal.h"

#include "base/cleanup.h"

#include <limits.h>
#include <string.h>

enum { KEEP_BYTES = 512 << 10, BUSY_FACTOR = 8, JOURNAL_MODE = 0600 };

static void path_in(const struct engine_options *options, char ret[static PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/journal", options->state_directory);
}

static void journal_path(const struct engine *engine, char ret[static PATH_MAX])
{
	path_in(&engine->options, ret);
}

int journal_read(const struct engine_options *options, const struct host_port *host, char **ret_text,
		 struct journal *ret, struct error *err)
{
	char path[PATH_MAX];
	size_t length = 0;

	path_in(options, path);
	if (host->read_bytes(host->ctx, path, ret_text, &length, err) < 0)
		return -1;
	if (!*ret_text)
		return 0;
	if (journal_parse(*ret_text, length, ret, err) < 0)
		return -1;
	snprintf(ret->damage.device, sizeof(ret->damage.device), "%.63s", ret->damaged_line ? path : "");
	return 0;
}

static int read_journal(const struct engine *engine, char **ret_text, struct journal *ret, struct error *err)
{
	return journal_read(&engine->options, &engine->ports->host, ret_text, ret, err);
}

static int load_import(struct engine *engine, const struct journal_entry *entry, struct error *err)
{
	struct import **imports = reallocarray(engine->imports, engine->import_count + 1, sizeof(struct import *));
	struct import *import = calloc(1, sizeof(*import));
	char path[PATH_MAX];

	if (imports)
		engine->imports = imports;
	if (!imports || !import) {
		import_free(import);
		return error_no_memory(err);
	}
	if (!import_read_record(entry->record, import) || strcmp(import->id, entry->import_id) != 0) {
		import_free(import);
		journal_path(engine, path);
		return error_set(err, ERR_STORE_DAMAGED, path, "line %zu: the record of this import cannot be read",
				 entry->number);
	}
	engine->imports[engine->import_count++] = import;
	return 0;
}

static int damaged(const struct journal *journal, struct error *err)
{
	return error_set(err, ERR_STORE_DAMAGED, journal->damage.device,
			 "%s; the file is left as it is; importcli journal show lists the intact records",
			 journal->damage.detail);
}

int import_load_all(struct engine *engine, const struct journal *journal, bool missing, struct error *err)
{
	int result = 0;

	for (size_t i = journal->certain_first; i < journal->count; i++)
		if (journal->entries[i].newest && journal->entries[i].event != JOURNAL_FORGOTTEN &&
		    load_import(engine, &journal->entries[i], err) < 0)
			result = -1;
	if (journal->damaged_line)
		result = damaged(journal, err);
	engine->journal = (struct journal_file){
		.size = journal->intact_size,
		.sequence = journal_last_sequence(journal),
		.missing = missing,
		.tail = journal->torn,
	};
	return result;
}

static int cut(struct engine *engine, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	char path[PATH_MAX];

	journal_path(engine, path);
	if (host->append(host->ctx, path, engine->journal.size, "", err) < 0)
		return -1;
	engine->journal.tail = false;
	return 0;
}

int journal_repair(struct engine *engine, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	char path[PATH_MAX];

	if (!engine->journal.missing)
		return engine->journal.tail ? cut(engine, err) : 0;
	journal_path(engine, path);
	if (host->replace(host->ctx, path, journal_header, JOURNAL_MODE, err) < 0)
		return -1;
	engine->journal.size = strlen(journal_header);
	engine->journal.missing = false;
	return 0;
}

/* The old file and the compacted one both end with the last record, but at different offsets. */
static int be_sure(struct engine *engine, struct error *err)
{
	CLEANUP_JOURNAL struct journal journal = { 0 };
	CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];

	if (!engine->journal.unsure)
		return 0;
	if (read_journal(engine, &text, &journal, err) < 0)
		return -1;
	if (journal.damaged_line)
		return damaged(&journal, err);
	if (!text || journal_last_sequence(&journal) != engine->journal.sequence) {
		journal_path(engine, path);
		return error_set(err, ERR_STORE_DAMAGED, path, "its last record is not the last one that was written");
	}
	engine->journal.size = journal.intact_size;
	engine->journal.tail = journal.torn;
	engine->journal.unsure = false;
	return 0;
}

static int append(struct engine *engine, struct import *import, enum journal_event event, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	struct json_object *record;
	CLEANUP_FREE char *line = NULL;
	char path[PATH_MAX];
	struct error why = { 0 };

	if (be_sure(engine, &why) < 0)
		goto failed;
	import->updated_ms = host->wall_ms(host->ctx);
	record = import_record(import);
	line = journal_line(engine->journal.sequence + 1, import->updated_ms, import->id, event, record);
	json_object_put(record);
	if (!line) {
		error_no_memory(&why);
		goto failed;
	}
	journal_path(engine, path);
	if (host->append(host->ctx, path, engine->journal.size, line, &why) < 0) {
		engine->journal.tail = true;
		goto failed;
	}
	engine->journal.size += strlen(line);
	engine->journal.sequence++;
	engine->journal.tail = false;
	import->recorded = import->doing;
	return 0;
failed:
	if (err)
		*err = why;
	return -1;
}

int import_save(struct engine *engine, struct import *import, enum journal_event event, struct error *err)
{
	if (append(engine, import, event, err) < 0)
		return -1;
	journal_compact_file(engine, false);
	return 0;
}

int import_forget(struct engine *engine, struct import *import, struct error *err)
{
	if (append(engine, import, JOURNAL_FORGOTTEN, err) < 0)
		return -1;
	for (size_t i = 0; i < engine->import_count; i++)
		if (engine->imports[i] == import)
			engine->imports[i] = engine->imports[--engine->import_count];
	for (size_t i = 0; i < import->member_count; i++)
		member_forget_reservations(engine->ports, &import->members[i]);
	import_free(import);
	journal_compact_file(engine, false);
	return 0;
}

/* Record that no verb is under way; writes only if the journal says otherwise. */
static int import_void(struct engine *engine, struct import *import, struct error *err)
{
	if (import->recorded != DOING_NOTHING)
		return import_save(engine, import, JOURNAL_VOID, err);
	/* the intent was refused; on a full disk, a part of it that was written can only be cut off */
	if (!engine->journal.tail)
		return 0;
	return cut(engine, err);
}

int import_reserve(struct work *work, struct error *err)
{
	struct engine *engine = work->engine;
	const struct host_port *host = &engine->ports->host;
	char path[PATH_MAX];

	if (be_sure(engine, err) < 0)
		return -1;
	journal_path(engine, path);
	if (host->reserve(host->ctx, path, engine->journal.size + JOURNAL_RESERVE, err) == 0)
		return 0;
	return work->recovering || work->import->recorded != DOING_NOTHING ? 0 : -1;
}

static bool under_way(const struct engine *engine)
{
	for (size_t i = 0; i < engine->import_count; i++)
		if (engine->imports[i]->doing != DOING_NOTHING || engine->imports[i]->recorded != DOING_NOTHING)
			return true;
	return false;
}

/*
 * Not with an import under way, since the new file has no reserved space; but an import that stays stuck must not let
 * the file grow forever. What remains may be large too: the file has to double before another attempt.
 */
static bool worth_compacting(const struct engine *engine, bool at_opening)
{
	const struct journal_file *file = &engine->journal;
	bool busy = under_way(engine);

	if (engine->held || file->unsure || (at_opening && busy))
		return false;
	return at_opening || (file->size >= engine->options.journal_limit * (busy ? BUSY_FACTOR : 1) &&
			      file->size >= 2 * file->compacted_size);
}

void journal_compact_file(struct engine *engine, bool at_opening)
{
	const struct host_port *host = &engine->ports->host;
	struct journal_file *file = &engine->journal;
	CLEANUP_JOURNAL struct journal journal = { 0 };
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *shorter = NULL;
	char path[PATH_MAX];
	size_t dropped;

	if (!worth_compacting(engine, at_opening) || read_journal(engine, &text, &journal, NULL) < 0 || !text ||
	    journal.damaged_line || journal_last_sequence(&journal) != file->sequence ||
	    journal.intact_size != file->size)
		return;
	shorter = journal_compact(&journal, engine->options.journal_keep, KEEP_BYTES, &dropped);
	if (!shorter)
		return;
	file->compacted_size = strlen(shorter);
	if (dropped == 0)
		return;
	journal_path(engine, path);
	if (host->replace(host->ctx, path, shorter, JOURNAL_MODE, NULL) < 0) {
		file->unsure = true;
		return;
	}
	file->size = file->compacted_size;
	if (under_way(engine))
		host->reserve(host->ctx, path, file->size + JOURNAL_RESERVE, NULL);
}

int work_void_intent(struct work *work, struct error *err)
{
	work->import->doing = DOING_NOTHING;
	return import_void(work->engine, work->import, err);
}

int work_record_done(struct work *work, enum import_state state, struct error *err)
{
	work->import->state = state;
	work->import->doing = DOING_NOTHING;
	work->import->attention = (struct error){ 0 };
	return import_save(work->engine, work->import, JOURNAL_DONE, err);
}
