/*
 * Judging the copies of the identities; see judge.h.
 */
#include "judge.h"

#include "dm-import/store/identity_rules.h"
#include "dm-import/store/import_record.h"
#include "dm-import/store/journal.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <string.h>

/* One copy of the store. */
struct copy {
	bool present, whole;
	struct identity_store store;
	struct error damage;
};

struct copies {
	struct copy store, rules[IDENTITY_RULE_FILES];
};

static int read_copy(const char *text, int (*parse)(const char *, struct identity_store *, struct error *),
		     struct copy *ret, struct error *err)
{
	ret->present = text != NULL;
	ret->whole = text && parse(text, &ret->store, &ret->damage) == 0;
	if (ret->damage.code != ERR_NO_MEMORY)
		return 0;
	*err = ret->damage;
	return -1;
}

static void free_copies(struct copies *copies)
{
	identity_free(&copies->store.store);
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++)
		identity_free(&copies->rules[i].store);
}

static int read_copies(const struct boot_files *files, struct copies *ret, struct error *err)
{
	int result = read_copy(files->store, identity_parse, &ret->store, err);

	for (size_t i = 0; i < IDENTITY_RULE_FILES && result == 0; i++)
		result = read_copy(files->rules[i], identity_rules_parse, &ret->rules[i], err);
	return result;
}

static bool newer(const struct copy *copy, const struct copy *than)
{
	return copy->whole && (!than || copy->store.generation > than->store.generation);
}

/* The store where it is as new as any. NULL: none is whole. */
static struct copy *newest(struct copies *copies)
{
	struct copy *found = newer(&copies->store, NULL) ? &copies->store : NULL;

	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++)
		if (newer(&copies->rules[i], found))
			found = &copies->rules[i];
	return found;
}

static bool any_present(const struct copies *copies)
{
	bool present = copies->store.present;

	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++)
		present |= copies->rules[i].present;
	return present;
}

static bool same(const struct identity_store *a, const struct identity_store *b)
{
	CLEANUP_FREE char *text = identity_format(a);
	CLEANUP_FREE char *other = identity_format(b);

	return text && other && strcmp(text, other) == 0;
}

static bool rules_follow(const struct copies *copies, const struct identity_store *store)
{
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++) {
		const struct copy *rules = &copies->rules[i];

		if (store->count == 0 ? rules->present : !rules->whole || !same(&rules->store, store))
			return false;
	}
	return true;
}

/*
 * What the journal is certain of contradicts the store: one of them is an older copy that was put back. An import
 * whose side is about to change, or got stuck, contradicts nothing: a verb writes the store between its intent and its
 * end. (The sweeps ask for the check at boot behind a power cut at each call of each verb and of each recovery.)
 */
static bool contradicts(const struct import *import, const struct member *member, const struct identity_store *store)
{
	const struct identity_record *record = identity_find(store, member->destination_wwid);
	bool known = record && strcmp(record->source_wwid, member->source_wwid) == 0;

	if (import->doing != DOING_NOTHING)
		return false;
	if (import->state == IMPORT_PREPARED)
		return !known || record->role != IDENTITY_HIDDEN;
	if (import->state == IMPORT_ON_DESTINATION)
		return !known || record->role != IDENTITY_EXCHANGED;
	return import->state == IMPORT_COMMITTED && (!known || record->role != IDENTITY_RETIRED);
}

/*
 * Not those of an import that was only created, or went back to its source: no content depends on them, and they come
 * before its record and go before it.
 */
static bool has_identities(const struct import *import, bool forgotten)
{
	if (forgotten)
		return import->state == IMPORT_COMMITTED || import->forced;
	if (import->state == IMPORT_NEW)
		return import->doing != DOING_NOTHING;
	return import->state != IMPORT_CANCELLED || import->forced;
}

/* `lost`: there is no store, and each pair that the journal knows is one too many. */
static int judge_import(const struct import *import, bool lost, bool forgotten, struct boot_finding *finding,
			struct error *err)
{
	for (size_t i = 0; i < import->member_count; i++) {
		const struct member *member = &import->members[i];
		bool wrong = lost ? has_identities(import, forgotten)
				  : !forgotten && contradicts(import, member, &finding->store);

		if (!wrong)
			continue;
		if (!lost && finding->why.code == ERR_NONE)
			error_set(&finding->why, ERR_STORE_DAMAGED, NULL,
				  "it does not fit import %.64s, which the journal says is %s; one of the two is an "
				  "older copy",
				  import->id, import_state_name(import->state));
		if (lun_set_add_pair(&finding->down, member->source_wwid, member->destination_wwid, err) < 0)
			return -1;
	}
	return 0;
}

static int judge_journal(const struct journal *journal, bool lost, struct boot_finding *finding, struct error *err)
{
	for (size_t i = lost ? 0 : journal->certain_first; i < journal->count; i++) {
		const struct journal_entry *entry = &journal->entries[i];
		struct import *import;
		int result = 0;

		if (!entry->newest)
			continue;
		import = calloc(1, sizeof(*import));
		if (!import)
			return error_no_memory(err);
		if (import_read_record(entry->record, import))
			result = judge_import(import, lost, entry->event == JOURNAL_FORGOTTEN, finding, err);
		import_free(import);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int judge_lost(const struct boot_files *files, const struct copies *copies, struct boot_finding *finding,
		      struct error *err)
{
	if (files->store && lun_set_add_from(&finding->down, files->store, err) < 0)
		return -1;
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++)
		if (files->rules[i] && lun_set_add_from(&finding->down, files->rules[i], err) < 0)
			return -1;
	if (judge_journal(files->journal, true, finding, err) < 0)
		return -1;
	if (!any_present(copies) && finding->down.count == 0)
		return 0;
	finding->verdict = BOOT_LOST;
	finding->rules_needed = finding->down.count > 0;
	error_set(&finding->why, ERR_STORE_DAMAGED, NULL, "no copy of it is intact, neither there nor in the rules");
	return 0;
}

static void tell_of_store(const struct copies *copies, const struct copy *counts, struct boot_finding *finding)
{
	const struct copy *store = &copies->store;

	if (store->whole)
		error_set(&finding->why, ERR_STORE_DAMAGED, NULL,
			  "it is older (generation %" PRIu64 ") than the rules (%" PRIu64 "), which stay in force",
			  store->store.generation, counts->store.generation);
	else
		error_set(&finding->why, ERR_STORE_DAMAGED, NULL, "%s; the rules are intact, and stay in force",
			  store->present ? store->damage.detail : "it is missing");
}

static int judge(const struct boot_files *files, struct copies *copies, struct boot_finding *finding, struct error *err)
{
	struct copy *counts = newest(copies);
	bool follow;

	if (!counts)
		return judge_lost(files, copies, finding, err);
	follow = rules_follow(copies, &counts->store);
	finding->verdict = follow ? BOOT_IN_FORCE : BOOT_RULES_BEHIND;
	if (counts != &copies->store) {
		finding->verdict = BOOT_STORE_BEHIND;
		tell_of_store(copies, counts, finding);
	}
	finding->store = counts->store;
	counts->store = (struct identity_store){ 0 };
	if (judge_journal(files->journal, false, finding, err) < 0)
		return -1;
	finding->rules_needed = !follow || finding->down.count > 0;
	return 0;
}

int boot_judge(const struct boot_files *files, struct boot_finding *ret, struct error *err)
{
	struct boot_finding finding = { .verdict = BOOT_NOTHING };
	struct copies copies = { 0 };
	int result = read_copies(files, &copies, err);

	if (result == 0)
		result = judge(files, &copies, &finding, err);
	free_copies(&copies);
	if (result < 0)
		boot_finding_free(&finding);
	else
		*ret = finding;
	return result;
}

void boot_finding_free(struct boot_finding *finding)
{
	identity_free(&finding->store);
	lun_set_free(&finding->down);
}
