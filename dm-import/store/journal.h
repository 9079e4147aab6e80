/*
 * The journal as text: one record a line, from text to records and back, what counts of it, and the shorter journal
 * that says the same. Pure; journal_file.c has the file. The format: dm-import-journal(5).
 *
 * What is not whole is never believed. Only the last line may be torn, by a crash while it was written; anything else
 * that is not whole is damage, and then nothing but what stands behind it is certain to be the newest.
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
	bool newest;		    /* no later record is of this import */
};

struct journal {
	struct journal_entry *entries; /* all lines that are whole */
	size_t count;
	size_t whole_size;    /* bytes up to the end of the last whole line */
	bool torn;	      /* bytes stand behind it */
	struct error damage;  /* ERR_STORE_DAMAGED with the first such line; ERR_NONE: none */
	size_t damaged_line;  /* its number, 0: none */
	size_t certain_first; /* entries from here on stand behind all damage */
};

extern const char journal_header[]; /* the first line */

/* The string with this key in a record, the object's; "" when there is none. */
const char *journal_string(struct json_object *object, const char *key);

/* One line. `record` stays the caller's. The result is the caller's, NULL without memory. */
char *journal_line(uint64_t sequence, uint64_t wall_ms, const char *import_id, enum journal_event event,
		   struct json_object *record);

/* Parse a whole file; it must outlive *ret. Damage is no failure here, but told in *ret. -1: no memory. */
int journal_parse(const char *text, size_t length, struct journal *ret, struct error *err);
void journal_free(struct journal *journal);

uint64_t journal_last_sequence(const struct journal *journal); /* 0: there is no record */

/*
 * The journal without what nobody needs: the newest record of each living import stays, and of the others the last
 * `keep`, as far as `keep_bytes` reach, without those of sessions: they come every few seconds and would leave no room
 * for what was done. *ret_dropped is how many lines went. The text is the caller's, NULL without memory. Not for a
 * damaged journal.
 */
char *journal_compact(const struct journal *journal, size_t keep, size_t keep_bytes, size_t *ret_dropped);

#define CLEANUP_JOURNAL __attribute__((cleanup(journal_free)))

#endif
