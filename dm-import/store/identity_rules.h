/*
 * From identity records to udev rules, and back. Pure.
 */
#ifndef DM_IMPORT_STORE_IDENTITY_RULES_H
#define DM_IMPORT_STORE_IDENTITY_RULES_H

#include "dm-import/core/identity.h"

/*
 * The udev rules. The same text is at four places in the rules' order (identity_rule_files), after each rule that may
 * set or use an identity, because the places differ between distributions. Applying it twice changes nothing, since it
 * matches on the kernel's own WWID of the LUN. Owned by the caller.
 *
 * They carry the store that they were made from, and a checksum: each file is a copy of the store, too.
 */
char *identity_rules(const struct identity_store *store);

/* The store that intact rules carry; ERR_STORE_DAMAGED and *ret untouched if they are not intact. */
int identity_rules_parse(const char *text, struct identity_store *ret, struct error *err);

/*
 * The rules of `held` while the file `marker` (a path under /run) exists, else those of `store`: a reboot ends what is
 * held.
 */
char *identity_rules_held(const struct identity_store *store, const struct identity_store *held, const char *marker);

/*
 * Temporary rules: for LUNs that must not be assembled now (`down`: neither as a path nor as a map), and for the
 * records of `store` without a LUN in `down`. They come after the rules of the same place, and override them.
 */
char *identity_rules_down(const struct identity_store *store, const struct lun_set *down);

extern const char *const identity_rule_files[], *const identity_down_files[];
enum { IDENTITY_RULE_FILES = 4 };

#endif
