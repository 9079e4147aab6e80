/*
 * One function per verb (dm_import.h), each with what engine_run has got; engine.c has them in a table.
 */
#ifndef DM_IMPORT_VERBS_VERBS_H
#define DM_IMPORT_VERBS_VERBS_H

#include "dm-import/core/engine.h"

#define VERB(name) \
	int name(struct engine *engine, const struct verb_request *request, const struct observer *observer, \
		 struct verb_result *ret_result, struct error *err)

/* create.c */
VERB(verb_refresh);
VERB(verb_precheck);

/* run.c */
VERB(verb_prepare);
VERB(verb_switch);
VERB(verb_commit);
VERB(verb_cancel);
VERB(verb_reservation);

/* held.c */
VERB(verb_hold);
VERB(verb_release);

#undef VERB

#endif
