/*
 * The journal as text: one record per line, from text to records and back, which records count, and compaction. Pure;
 * journal_file.c has the file. The format: dm-import-journal(5).
 *
 * A line that is not intact is never believed. Only the last line may be torn, by a crash while it was written; any
 * other line that is not intact is damage, and then only records after it are certain to be the newest.
 */
#ifndef DM_IMPORT_JOURNAL_H
#define DM_IMPORT_JOURNAL_H

#include "dm-import/dm_import.h"

#include "base/json.h"

struct journal_entry {
	const char *line; /* in the text that was parsed, with its newline */
	size_t length;
	size_t number; /* of the line, from 1 */
	uint64_t sequence, wall_ms;
	enum journal_event event;
	char import_id[IMPORT_ID_SIZE];
	struct json_object *record; /* the import's, as import_record.c writes it */
	bool newest;		    /* no later record is about this import */
};

struct journal {
	struct journal_entry *entries; /* all intact lines */
	size_t count;
	size_t intact_size;   /* bytes up to the end of the last intact line */
	bool torn;	      /* there are bytes after it */
	struct error damage;  /* ERR_STORE_DAMAGED with the first damaged line; ERR_NONE: none */
	size_t damaged_line;  /* its number, 0: none */
	size_t certain_first; /* entries from here on are after all damage */
};

extern const char journal_header[]; /* the first line */

/* The string with this key in a record, owned by the object; "" if there is none. */
const char *journal_string(struct json_object *object, const char *key);

/* Make one line. `record` stays the caller's. The result is owned by the caller, NULL if memory is short. */
char *journal_line(uint64_t sequence, uint64_t wall_ms, const char *import_id, enum journal_event event,
		   struct json_object *record);

/* Parse a file's text; it must outlive *ret. Damage is not a failure, but reported in *ret. -1: no memory. */
int journal_parse(const char *text, size_t length, struct journal *ret, struct error *err);
void journal_free(struct journal *journal);

uint64_t journal_last_sequence(const struct journal *journal); /* 0: there is no record */

/*
 * The compacted journal. It keeps the newest record of each living import, and of the others the last `keep`, as far as
 * `keep_bytes` reach; but no session records: they come every few seconds and would leave no room for history.
 * *ret_dropped is the number of dropped lines. The text is owned by the caller, NULL if memory is short. Not for a
 * damaged journal.
 */
char *journal_compact(const struct journal *journal, size_t keep, size_t keep_bytes, size_t *ret_dropped);

#define CLEANUP_JOURNAL __attribute__((cleanup(journal_free)))

#endif
