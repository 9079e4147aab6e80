/*
 * The pre-check: a table of checks, each looking at one member pair or at the host, each adding findings with a stable
 * code, a severity and a remedy. It changes nothing. To add a check: write a function, add it to the table in
 * precheck.c.
 */
#ifndef DM_IMPORT_PRECHECK_H
#define DM_IMPORT_PRECHECK_H

#include "dm-import/core/engine.h"

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR };

struct precheck {
	struct engine *engine;
	const struct import *import; /* whose members are checked; not necessarily recorded */
	const struct inventory *now;
	const char *multipath_config; /* "" while multipathd does not answer */
	bool destination_required;    /* false: a destination that is not mapped yet is no error */
	bool source_only;	      /* for the list of volumes */
	struct json_object *findings; /* array; NULL: only the first error is wanted */
	size_t errors;
	struct error first; /* the first error */
};

/* Run all checks for the import's members. The result is {"passed":…,"findings":[…]}; *ret_errors counts errors. */
int precheck_run(struct engine *engine, const struct import *import, bool destination_required,
		 struct json_object **ret_result, size_t *ret_errors, struct error *err);

/* Of one volume as a source, with what was read once for all: 0, or -1 and the first reason why it cannot be imported.
 */
int precheck_source(struct engine *engine, const struct inventory *now, const char *multipath_config, const char *wwid,
		    struct error *err);

/* What a switch needs now: all checks to the destination; on the way back only what a switch itself cannot do without.
 */
int precheck_switch(struct work *work, struct error *err);

/* `multipathd show config`, "" while it does not answer; NULL when memory is short. Owned by the caller. */
char *precheck_multipath_config(struct engine *engine);

/* Add a finding; `fmt` is the particulars behind the table's own sentence. */
void finding_add(struct precheck *check, enum error_code code, enum severity severity, const struct member *member,
		 const char *device, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* The nth multipath product besides multipathd that is on this host; NULL: there are no more. */
const char *other_path_manager(const struct host_port *host, size_t nth);

/* precheck_pair.c, precheck_host.c: the checks themselves */
typedef void pair_check(struct precheck *check, const struct member *member);
typedef void host_check(struct precheck *check);
extern pair_check *const source_checks[], *const destination_checks[];
extern host_check *const host_checks[];

#endif
