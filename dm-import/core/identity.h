/*
 * Identities: which WWID is published for which LUN. Pure: records <-> text of the store, and the question that all
 * callers ask: which WWID must be published for the LUN with this true WWID?
 *
 * A pair's record outlives its import: after the cutover the destination is published under the source's WWID for good.
 * The source LUN, should it ever come back, is published as retired and stays hidden.
 */
#ifndef DM_IMPORT_IDENTITY_H
#define DM_IMPORT_IDENTITY_H

#include "dm-import/dm_import.h"

enum identity_role {
	IDENTITY_HIDDEN,    /* source live as itself; destination published as itself, hidden */
	IDENTITY_EXCHANGED, /* destination live as the source; source published under the destination's WWID, hidden */
	IDENTITY_RETIRED, /* destination live as the source; source published as "retired-<wwid>", hidden, never a path
			   */
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
	uint64_t generation; /* counts the changes of the store: of two copies, the higher is the newer */
};

/* A set of LUNs by their true WWIDs. */
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

/* True when `id` is a valid import id: 1 to 64 letters, digits, '.', '_' and '-', not beginning with '.' or '-'. */
bool identity_import_id_valid(const char *id);

/* The record that has `wwid` as its true source or destination; NULL when there is none. */
struct identity_record *identity_find(const struct identity_store *store, const char *wwid);

/* What is published for the LUN with this true WWID; itself, visible, if no record names it. */
void identity_published(const struct identity_store *store, const char *true_wwid, struct publication *ret);

/* What is published for a LUN that must stay down. */
void identity_published_down(const char *true_wwid, struct publication *ret);

/* Add a record (or change the role of the pair's record) / remove a pair. -1 and NO_MEMORY. */
int identity_set(struct identity_store *store, const char *import_id, const char *source_wwid,
		 const char *destination_wwid, enum identity_role role, struct error *err);
void identity_drop(struct identity_store *store, const char *destination_wwid);

/*
 * From the store's text, and back. parse: ERR_STORE_DAMAGED names the line, a wrong checksum, or a record that
 * contradicts another; *ret is untouched then. format: NULL if memory is short; owned by the caller.
 */
int identity_parse(const char *text, struct identity_store *ret, struct error *err);
char *identity_format(const struct identity_store *store);

/* The same for a text that a person wrote: the closing line may be missing or wrong. */
int identity_parse_records(const char *text, struct identity_store *ret, struct error *err);

void identity_free(struct identity_store *store);

bool lun_set_has(const struct lun_set *set, const char *wwid);
int lun_set_add(struct lun_set *set, const char *wwid, struct error *err);
int lun_set_add_pair(struct lun_set *set, const char *source_wwid, const char *destination_wwid, struct error *err);
/* Add all WWIDs found in one of our files, damaged or not, in multipath's notation or in the kernel's. */
int lun_set_add_from(struct lun_set *set, const char *text, struct error *err);
void lun_set_free(struct lun_set *set);

#endif
