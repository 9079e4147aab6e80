/*
 * The pre-check: tables of checks. Each checks one member pair or the host, and adds findings with a stable code, a
 * severity and a remedy. It changes nothing. To add a check, write a function and add it to the table in pair.c or
 * host.c.
 */
#ifndef DM_IMPORT_PRECHECK_H
#define DM_IMPORT_PRECHECK_H

#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"

/* Run all checks for the import's members, on the inventory *now. */
int precheck_run(struct engine *engine, const struct import *import, const struct inventory *now,
		 bool destination_required, struct finding_list *ret, struct error *err);

/* The same in a plan, on work->now: the result is in work->findings. PRECHECK_FAILED when there are errors. */
int precheck_members(struct work *work, bool destination_required, struct error *err);

/*
 * Check one volume as a source, on data that the caller reads once for all volumes. 0, or -1 and the first reason why
 * it cannot be imported.
 */
int precheck_source(struct engine *engine, const struct inventory *now, const char *multipath_config, const char *wwid,
		    struct error *err);

/*
 * On work->now, what a switch needs: to the destination all checks; on the way back only those without which the switch
 * itself would fail.
 */
int precheck_switch(struct work *work, struct error *err);

/*
 * The answer to `multipathd show config`; "" if multipathd does not answer, NULL if memory is short. Owned by the
 * caller.
 */
char *precheck_multipath_config(struct engine *engine);

/* For a held switch: its maps carry nothing that the host, the agent or its log needs during those seconds. */
int precheck_hold(struct work *work, struct error *err);

#endif
