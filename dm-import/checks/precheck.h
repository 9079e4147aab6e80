/*
 * The pre-check: a table of checks, each looking at one member pair or at the host, each adding findings with a stable
 * code, a severity and a remedy. It changes nothing. To add a check: write a function, add it to the table in
 * precheck.c.
 */
#ifndef DM_IMPORT_PRECHECK_H
#define DM_IMPORT_PRECHECK_H

#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"

/* Run all checks for the import's members, on the host as it is in *now. */
int precheck_run(struct engine *engine, const struct import *import, const struct inventory *now,
		 bool destination_required, struct finding_list *ret, struct error *err);

/* The same in a plan, on work->now: the result is in work->findings. PRECHECK_FAILED when there are errors. */
int precheck_members(struct work *work, bool destination_required, struct error *err);

/* Of one volume as a source, with what was read once for all: 0, or -1 and the first reason why it cannot be imported.
 */
int precheck_source(struct engine *engine, const struct inventory *now, const char *multipath_config, const char *wwid,
		    struct error *err);

/* On work->now, what a switch needs: all checks to the destination; on the way back only what a switch itself cannot do
 * without.
 */
int precheck_switch(struct work *work, struct error *err);

/* `multipathd show config`, "" while it does not answer; NULL when memory is short. Owned by the caller. */
char *precheck_multipath_config(struct engine *engine);

/* For a held switch: nothing may be on its maps that the host, the agent or its log cannot do without for seconds. */
int precheck_hold(struct work *work, struct error *err);

#endif
