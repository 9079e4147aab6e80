/*
 * What is done about each finding that needs no person, in the order that loses no I/O.
 */
#ifndef DM_IMPORT_RECOVERY_REPAIRS_H
#define DM_IMPORT_RECOVERY_REPAIRS_H

#include "facts.h"

struct mend {
	enum error_code code;
	const char *name, *does; /* the action's name in the API, and a sentence */
	int (*act)(struct recovery *recovery, struct error *err);
};

extern const struct mend mends[];
extern const size_t mend_count;

/* True when there is one for this finding. */
bool recovery_mends(enum error_code code);

#endif
