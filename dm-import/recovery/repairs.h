/*
 * What is done about each finding that needs no person, in the order that loses no I/O.
 */
#ifndef DM_IMPORT_RECOVERY_REPAIRS_H
#define DM_IMPORT_RECOVERY_REPAIRS_H

#include "facts.h"

struct repair {
	enum error_code code;
	const char *name, *does; /* the action's name in the API, and a sentence */
	int (*act)(struct recovery *recovery, struct error *err);
};

extern const struct repair repairs[];
extern const size_t repair_count;

/* True when there is one for this finding. */
bool repair_exists(enum error_code code);

#endif
