/*
 * The port of devices, over sysfs and libudev.
 */
#ifndef DM_IMPORT_SYSTEM_DEVICES_DEVICE_H
#define DM_IMPORT_SYSTEM_DEVICES_DEVICE_H

#include "dm-import/ports.h"

int sys_device_open(struct device_port *ret, struct error *err);
void sys_device_close(struct device_port *port); /* one that was never opened, too */

#endif
