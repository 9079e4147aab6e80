/*
 * Decides which of the identities' files can be trusted, before anything is assembled from them: the store, the four
 * rule files (each carries a copy of the store), and the sides in the journal. Pure; files.c reads and writes.
 *
 * The newest intact copy counts. A LUN that no intact copy names stays down: a missing LUN is noticed, but old data
 * under the right name is not.
 */
#ifndef DM_IMPORT_BOOT_JUDGE_H
#define DM_IMPORT_BOOT_JUDGE_H

#include "dm-import/store/identity_rules.h"
#include "dm-import/store/journal.h"

/* The files' texts. NULL: no such file. "": it could not be read and counts as damaged. */
struct boot_files {
	char *store;
	char *rules[IDENTITY_RULE_FILES];
	const struct journal *journal;
};

enum boot_verdict {
	BOOT_NOTHING,	   /* there are no identities */
	BOOT_IN_FORCE,	   /* store and rules agree */
	BOOT_RULES_BEHIND, /* the store counts; rules are missing, damaged, or older */
	BOOT_STORE_BEHIND, /* rules count; the store is missing, damaged, or older */
	BOOT_LOST,	   /* no copy counts, but there are signs that identities existed */
};

struct boot_finding {
	enum boot_verdict verdict;
	struct identity_store store; /* what counts */
	struct lun_set down;	     /* what must not be assembled */
	bool rules_needed;	     /* the rule files do not say all of this */
	struct error why; /* ERR_STORE_DAMAGED: what is wrong with the files; ERR_NONE: at most the rules are */
};

/* -1: no memory. */
int boot_judge(const struct boot_files *files, struct boot_finding *ret, struct error *err);
void boot_finding_free(struct boot_finding *finding);

#define CLEANUP_BOOT_FINDING __attribute__((cleanup(boot_finding_free)))

#endif
