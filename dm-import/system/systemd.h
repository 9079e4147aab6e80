/*
 * Units of systemd, over D-Bus.
 */
#ifndef DM_IMPORT_SYSTEM_SYSTEMD_H
#define DM_IMPORT_SYSTEM_SYSTEMD_H

#include "base/error.h"
#include <stdbool.h>

/*
 * is_down: inactive or failed, or no such unit. may_connect: connecting to the socket does not make
 * systemd start the service, because it runs, or because systemd does not listen. jobs: `method` "StopUnit" or
 * "StartUnit" for all units at once; returns when all jobs are done. stopped_with: blank-separated names of active
 * units that stop when `units` stop.
 */
int sys_systemd_is_down(const char *unit, bool *ret, struct error *err);
int sys_systemd_may_connect(const char *socket_unit, const char *service_unit, bool *ret, struct error *err);
int sys_systemd_jobs(const char *method, const char *const *units, size_t count, struct error *err);
int sys_systemd_stopped_with(const char *const *units, size_t count, char **ret_units, struct error *err);

#endif
