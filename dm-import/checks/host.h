/*
 * The checks of the host, in order; the table ends with NULL.
 */
#ifndef DM_IMPORT_CHECKS_HOST_H
#define DM_IMPORT_CHECKS_HOST_H

#include "finding.h"

typedef void host_check(struct precheck *check);
extern host_check *const host_checks[];

/* The nth multipath product other than multipathd on this host; NULL: no more. */
const char *other_path_manager(const struct host_port *host, size_t nth);

#endif
