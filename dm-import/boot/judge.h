/*
 * What can be believed of the identities' files, before anything is assembled from them: the store, the four rule files
 * (each carries the store, too), and what the journal knows of the sides. Pure; files.c reads and writes.
 *
 * The newest whole copy counts. What no whole copy tells of stays down: a LUN that is not there is noticed, one with an
 * old content under its name is not.
 */
#ifndef DM_IMPORT_BOOT_JUDGE_H
#define DM_IMPORT_BOOT_JUDGE_H

#include "dm-import/store/identity_rules.h"
#include "dm-import/store/journal.h"

/* As read; NULL: there is none. One that cannot be read is "": damaged. */
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
	BOOT_LOST,	   /* nothing counts, and something says that there were identities */
};

struct boot_finding {
	enum boot_verdict verdict;
	struct identity_store store; /* what counts */
	struct lun_set down;	     /* what must not be assembled */
	bool rules_needed;	     /* the rule files do not say all this */
	struct error why; /* what is wrong with the files, ERR_STORE_DAMAGED; ERR_NONE: nothing but the rules */
};

/* -1: no memory. */
int boot_judge(const struct boot_files *files, struct boot_finding *ret, struct error *err);
void boot_finding_free(struct boot_finding *finding);

#define CLEANUP_BOOT_FINDING __attribute__((cleanup(boot_finding_free)))

#endif
