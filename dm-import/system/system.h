/*
 * What the files of this room share: each port's constructor. It fills its port and returns 0 or -1.
 */
#ifndef DM_IMPORT_SYSTEM_SYSTEM_H
#define DM_IMPORT_SYSTEM_SYSTEM_H

#include "dm-import/ports.h"

int sys_dm_open(struct dm_port *ret, struct error *err);
void sys_multipathd_open(struct multipathd_port *ret);
void sys_host_open(struct host_port *ret);

#endif
