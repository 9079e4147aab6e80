/*
 * Identities: which LUN presents itself as which. Pure: records <-> text of the store, and the one question everybody
 * asks: what must a LUN with this true WWID present?
 *
 * A pair's record outlives its import: after the cutover the destination presents the source's WWID for good, and
 * the source LUN, should it ever come back, presents itself as retired and stays hidden.
 */
#ifndef DM_IMPORT_IDENTITY_H
#define DM_IMPORT_IDENTITY_H

#include "dm-import/dm_import.h"

enum identity_role {
	IDENTITY_HIDDEN,    /* source live as itself; destination presents itself, hidden */
	IDENTITY_EXCHANGED, /* destination live as the source; source presents the destination's WWID, hidden */
	IDENTITY_RETIRED,   /* destination live as the source; source presents "retired-<wwid>", hidden, never a path */
};

struct identity_record {
	char import_id[IMPORT_ID_SIZE];
	char source_wwid[WWID_SIZE];
	char destination_wwid[WWID_SIZE];
	enum identity_role role;
	uint64_t generation; /* counts the changes of this record */
};

struct identity_store {
	struct identity_record *records;
	size_t count;
	uint64_t generation; /* counts the changes of the whole store: of two copies the higher one is the newer */
};

/* LUNs by their true WWIDs, each once. */
struct lun_set {
	char (*wwids)[WWID_SIZE];
	size_t count;
};

struct publication {
	char wwid[WWID_SIZE];
	bool hidden;
	bool retired;
};

/* True when `wwid` is "3" + an NAA designator: 16 or 32 lower-case hexadecimal digits (SPC-4 7.8.6.6). */
bool identity_wwid_valid(const char *wwid);

/* True when `id` may be an import's: 1 to 64 letters, digits, '.', '_' and '-', not beginning with '.' or '-'. */
bool identity_import_id_valid(const char *id);

/* The record that has `wwid` as its true source or destination; NULL when there is none. */
struct identity_record *identity_find(const struct identity_store *store, const char *wwid);

/* What a LUN with this true WWID presents; itself, visible, when no record names it. */
void identity_published(const struct identity_store *store, const char *true_wwid, struct publication *ret);

/* What one presents that must stay down. */
void identity_published_down(const char *true_wwid, struct publication *ret);

/* Put a record in (or change the role of the pair's record) / take a pair out. -1 and NO_MEMORY. */
int identity_set(struct identity_store *store, const char *import_id, const char *source_wwid,
		 const char *destination_wwid, enum identity_role role, struct error *err);
void identity_drop(struct identity_store *store, const char *destination_wwid);

/*
 * The store's text and back. parse: ERR_STORE_DAMAGED names the line, a wrong checksum, or a record that contradicts
 * another; *ret is untouched then. format: NULL when memory is short; owned by the caller.
 */
int identity_parse(const char *text, struct identity_store *ret, struct error *err);
char *identity_format(const struct identity_store *store);

/* The same of a text that a person wrote: without the last line, or with any. */
int identity_parse_records(const char *text, struct identity_store *ret, struct error *err);

void identity_free(struct identity_store *store);

bool lun_set_has(const struct lun_set *set, const char *wwid);
int lun_set_add(struct lun_set *set, const char *wwid, struct error *err);
int lun_set_add_pair(struct lun_set *set, const char *source_wwid, const char *destination_wwid, struct error *err);
/* All WWIDs that stand in a text of ours, damaged or not: as multipath writes them, or as the kernel does. */
int lun_set_add_from(struct lun_set *set, const char *text, struct error *err);
void lun_set_free(struct lun_set *set);

#endif
