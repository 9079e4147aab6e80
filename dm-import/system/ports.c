/*
 * All real ports together.
 */
#include "dm-import/core/crash_point.h"
#include "system.h"

int ports_system(struct ports *ret, struct error *err)
{
	struct ports ports;

	if (sys_dm_open(&ports.dm, err) < 0 || sys_device_open(&ports.device, err) < 0)
		return -1;
	sys_scsi_open(&ports.scsi);
	sys_multipathd_open(&ports.multipathd);
	sys_host_open(&ports.host);
	crash_points_in(&ports);
	*ret = ports;
	return 0;
}

void ports_system_host(struct host_port *ret)
{
	sys_host_open(ret);
}

void ports_system_close(struct ports *ports)
{
	sys_device_close(&ports->device);
}
