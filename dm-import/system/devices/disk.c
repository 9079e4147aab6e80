/*
 * One SCSI disk as the engine sees it: sysfs for what the kernel knows, udev's database for what is presented.
 *
 * The true WWID is read from the VPD page that the kernel keeps (device/vpd_pg83), by the same preference as
 * udev's; device/wwid is the kernel's own choice from the same page and serves where the page is not shown.
 */
#include "disk.h"

#include "dm-import/formats/kernel_text.h"
#include "dm-import/formats/vpd.h"
#include "dm-import/system/tools/sysfs.h"
#include "nexus.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <dirent.h>
#include <libudev.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { VPD_LIMIT = 65539 };

/* A text attribute without blanks at both ends; "" when it is missing. */
static void text_attribute(const char *directory, const char *attribute, char *ret, size_t size)
{
	char text[PORT_NAME_SIZE];

	sysfs_text(directory, attribute, text, sizeof(text));
	snprintf(ret, size, "%s", text + strspn(text, " "));
}

static uint8_t *page_83(const char *directory, size_t *ret_length)
{
	char path[PATH_MAX], *page;

	snprintf(path, sizeof(path), "%s/device/vpd_pg83", directory);
	return file_read(path, VPD_LIMIT, &page, ret_length, NULL) == 0 ? (uint8_t *)page : NULL;
}

static void read_true_wwid(const char *directory, const uint8_t *page, size_t length, struct disk *disk)
{
	char wwid[256];

	if (page && vpd_wwid(page, length, disk->true_wwid, sizeof(disk->true_wwid)))
		return;
	sysfs_text(directory, "device/wwid", wwid, sizeof(wwid));
	parse_wwid_attribute(wwid, disk->true_wwid);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void read_fc_ports(const char *host, const char *rport, struct disk *disk)
{
	char directory[128], wwpn[32];

	snprintf(directory, sizeof(directory), "/sys/class/fc_host/%s", host);
	sysfs_text(directory, "port_name", wwpn, sizeof(wwpn));
	parse_port_wwn(wwpn, disk->initiator_port, sizeof(disk->initiator_port));
	snprintf(directory, sizeof(directory), "/sys/class/fc_remote_ports/%s", rport);
	sysfs_text(directory, "port_name", wwpn, sizeof(wwpn));
	parse_port_wwn(wwpn, disk->target_port, sizeof(disk->target_port));
}

static void read_iscsi_ports(const char *host, const char *session, struct disk *disk)
{
	char directory[128], target[224], tpgt[16];

	snprintf(directory, sizeof(directory), "/sys/class/iscsi_session/%s", session);
	text_attribute(directory, "initiatorname", disk->initiator_port, sizeof(disk->initiator_port));
	text_attribute(directory, "targetname", target, sizeof(target));
	text_attribute(directory, "tpgt", tpgt, sizeof(tpgt));
	snprintf(disk->target_port, sizeof(disk->target_port), "%s,%s", target, tpgt);
	if (disk->initiator_port[0])
		return;
	snprintf(directory, sizeof(directory), "/sys/class/iscsi_host/%s", host);
	text_attribute(directory, "initiatorname", disk->initiator_port, sizeof(disk->initiator_port));
}

static void read_sas_ports(const char *host, const char *end_device, struct disk *disk)
{
	char directory[128], address[32];

	snprintf(directory, sizeof(directory), "/sys/class/sas_device/%s", end_device);
	sysfs_text(directory, "sas_address", address, sizeof(address));
	parse_port_wwn(address, disk->target_port, sizeof(disk->target_port));
	snprintf(directory, sizeof(directory), "/sys/class/sas_phy/phy-%s:0", host + strlen("host"));
	sysfs_text(directory, "sas_address", address, sizeof(address));
	parse_port_wwn(address, disk->initiator_port, sizeof(disk->initiator_port));
}

/* The transport classes name the ports, else the LUN itself says (VPD 83h). */
static void read_transport(const char *path, const uint8_t *page, size_t length, struct disk *disk)
{
	char host[32], part[64], fc_host[64];

	/* the host by number, not by path: a virtual FC port's path has two */
	snprintf(host, sizeof(host), "host%.*s", (int)strspn(disk->hctl, "0123456789"), disk->hctl);
	snprintf(fc_host, sizeof(fc_host), "/sys/class/fc_host/%s", host);
	if (parse_path_component(path, "rport-", part, sizeof(part)) && is_directory(fc_host)) {
		disk->protocol = PROTOCOL_FC;
		read_fc_ports(host, part, disk);
	} else if (parse_path_component(path, "session", part, sizeof(part))) {
		disk->protocol = PROTOCOL_ISCSI;
		read_iscsi_ports(host, part, disk);
	} else if (parse_path_component(path, "end_device-", part, sizeof(part))) {
		disk->protocol = PROTOCOL_SAS;
		read_sas_ports(host, part, disk);
	} else if (strstr(path, "/tcm_loop")) {
		disk->protocol = PROTOCOL_LOOP;
	}
	if (!disk->target_port[0] && page)
		vpd_target_name(page, length, VPD_ASSOCIATION_TARGET_PORT, disk->target_port,
				sizeof(disk->target_port));
}

static bool has_partitions(const char *directory, const char *name)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;
	bool found = false;

	while (stream && !found && (entry = readdir(stream))) {
		char attribute[NAME_MAX + 16];

		if (strncmp(entry->d_name, name, strlen(name)) != 0)
			continue;
		snprintf(attribute, sizeof(attribute), "%s/partition", entry->d_name);
		found = sysfs_number(directory, attribute) != 0;
	}
	if (stream)
		closedir(stream);
	return found;
}

static void read_presented(struct udev_device *device, struct disk *disk)
{
	const char *serial = udev_device_get_property_value(device, "ID_SERIAL");
	const char *ready = udev_device_get_property_value(device, "SYSTEMD_READY");

	if (serial)
		snprintf(disk->published_wwid, sizeof(disk->published_wwid), "%s", serial);
	disk->system_ready = !ready || strcmp(ready, "0") != 0;
}

void sys_disk_read(struct udev_device *device, struct udev_device *scsi, struct disk *ret)
{
	const char *directory = udev_device_get_syspath(device);
	dev_t number = udev_device_get_devnum(device);
	char access_state[32];
	size_t length = 0;
	CLEANUP_FREE uint8_t *page = page_83(directory, &length);

	*ret = (struct disk){
		.major = major(number),
		.minor = minor(number),
		.size_bytes = sysfs_number(directory, "size") * 512, /* always counted in 512 bytes */
		.logical_sector_size = (uint32_t)sysfs_number(directory, "queue/logical_block_size"),
		.physical_sector_size = (uint32_t)sysfs_number(directory, "queue/physical_block_size"),
	};
	snprintf(ret->name, sizeof(ret->name), "%s", udev_device_get_sysname(device));
	snprintf(ret->hctl, sizeof(ret->hctl), "%s", udev_device_get_sysname(scsi));
	text_attribute(directory, "device/vendor", ret->vendor, sizeof(ret->vendor));
	text_attribute(directory, "device/model", ret->product, sizeof(ret->product));
	text_attribute(directory, "device/rev", ret->revision, sizeof(ret->revision));
	text_attribute(directory, "device/state", ret->state, sizeof(ret->state));
	sysfs_text(directory, "device/access_state", access_state, sizeof(access_state));
	ret->alua = parse_access_state(access_state);
	sysfs_limits(directory, &ret->limits);
	read_true_wwid(directory, page, length, ret);
	read_transport(directory, page, length, ret);
	sys_disk_nexus(directory, page, length, ret);
	read_presented(device, ret);
	ret->partitions = has_partitions(directory, ret->name);
}
