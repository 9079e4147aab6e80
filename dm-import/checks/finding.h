/*
 * One run of the pre-check, and the findings that its checks add to it.
 */
#ifndef DM_IMPORT_CHECKS_FINDING_H
#define DM_IMPORT_CHECKS_FINDING_H

#include "dm-import/core/engine.h"
#include "dm-import/core/inventory.h"

struct precheck {
	struct engine *engine;
	const struct import *import; /* whose members are checked; not necessarily recorded */
	const struct inventory *now;
	const char *multipath_config;  /* "" while multipathd does not answer */
	bool destination_required;     /* false: a destination that is not mapped yet is no error */
	bool source_only;	       /* for the list of volumes */
	struct finding_list *findings; /* NULL: only the first error is wanted */
	bool no_memory;		       /* for a finding */
	size_t errors;
	struct error first; /* the first error */
};

/* Add a finding; `fmt` is the particulars behind the table's own sentence. */
void finding_add(struct precheck *check, enum error_code code, enum severity severity, const struct member *member,
		 const char *device, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

#endif
