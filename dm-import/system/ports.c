/*
 * All real ports together.
 */
#include "dm-import/crash_point.h"
#include "dm-import/system/devices/device.h"
#include "dm-import/system/scsi/pr.h"
#include "dm-import/system/scsi/scsi.h"
#include "system.h"

int ports_system(struct ports *ret, struct error *err)
{
	struct ports ports;

	if (sys_dm_open(&ports.dm, err) < 0 || sys_device_open(&ports.device, err) < 0)
		return -1;
	ports.scsi = (struct scsi_port){
		.probe = sys_scsi_probe,
		.array_id = sys_scsi_array_id,
		.pr_read = sys_pr_read,
		.pr_out = sys_pr_out,
		.pr_watch_prepare = sys_pr_watch_prepare,
		.pr_watch_read = sys_pr_watch_read,
		.pr_watch_free = sys_pr_watch_free,
	};
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
