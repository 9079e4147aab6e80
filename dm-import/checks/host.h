/*
 * The checks of the host as a whole, in their order; the table ends with NULL.
 */
#ifndef DM_IMPORT_CHECKS_HOST_H
#define DM_IMPORT_CHECKS_HOST_H

#include "finding.h"

typedef void host_check(struct precheck *check);
extern host_check *const host_checks[];

/* The nth multipath product besides multipathd that is on this host; NULL: there are no more. */
const char *other_path_manager(const struct host_port *host, size_t nth);

#endif
