/*
 * From the records of the identities to udev rules, and back. Pure.
 */
#ifndef DM_IMPORT_STORE_IDENTITY_RULES_H
#define DM_IMPORT_STORE_IDENTITY_RULES_H

#include "dm-import/core/identity.h"

/*
 * The udev rules. The same text stands at four places of the rules' order (identity_rule_files), after each rule that
 * may set or use an identity, because the places differ between distributions; applying it twice changes nothing, since
 * it matches on the kernel's own WWID of the LUN. Owned by the caller.
 *
 * They carry the store that they were made of, and a checksum: each file is a copy of the store, too.
 */
char *identity_rules(const struct identity_store *store);

/* The store that whole rules carry; ERR_STORE_DAMAGED and *ret untouched when they are not whole. */
int identity_rules_parse(const char *text, struct identity_store *ret, struct error *err);

/*
 * The rules of `held` as long as the file `marker` (a path under /run) is there, else those of `store`: what is held
 * does not outlive the host.
 */
char *identity_rules_held(const struct identity_store *store, const struct identity_store *held, const char *marker);

/*
 * Rules for a while: of what nobody may assemble now (`down`: neither as a path nor as a map), and of the records of
 * `store` of which no LUN is in there. They stand behind the rules of the same place, and win over them.
 */
char *identity_rules_down(const struct identity_store *store, const struct lun_set *down);

extern const char *const identity_rule_files[], *const identity_down_files[];
enum { IDENTITY_RULE_FILES = 4 };

#endif
