/*
 * A miniature of a distribution's udev rules, reduced to what decides identities, links and visibility (systemd, lvm2,
 * sg3_utils, multipath-tools), and of the programs that they call. Names and order are Debian's or upstream's
 * (settings.debian_rules), because the generated rules must have the right place in both.
 */
#include "fake_udev.h"

#include "base/cleanup.h"

#include <string.h>

static const char dm_rules[] =
	"KERNEL!=\"dm-*\", GOTO=\"dm_end\"\n"
	"ENV{DM_UDEV_PRIMARY_SOURCE_FLAG}==\"1\", ENV{DM_ACTIVATION}=\"1\", GOTO=\"dm_flags_done\"\n"
	"IMPORT{db}=\"DM_UDEV_DISABLE_DISK_RULES_FLAG\"\n"
	"IMPORT{db}=\"DM_UDEV_DISABLE_OTHER_RULES_FLAG\"\n"
	"IMPORT{db}=\"DM_UDEV_PRIMARY_SOURCE_FLAG\"\n"
	"LABEL=\"dm_flags_done\"\n"
	"ENV{DM_NAME}=\"$attr{dm/name}\", ENV{DM_UUID}=\"$attr{dm/uuid}\", "
	"ENV{DM_SUSPENDED}=\"$attr{dm/suspended}\"\n"
	"ENV{DM_UDEV_RULES_VSN}=\"2\", SYMLINK+=\"mapper/$env{DM_NAME}\"\n"
	"ENV{DM_SUSPENDED}==\"1\", ENV{DM_UDEV_DISABLE_OTHER_RULES_FLAG}=\"1\"\n"
	"LABEL=\"dm_end\"\n";

/* An import that finds nothing ends the rule before its GOTO, as in upstream's rules. */
static const char dm_mpath_rules[] =
	"ENV{DM_UUID}!=\"mpath-?*\", GOTO=\"mpath_end\"\n"
	"ENV{DM_COOKIE}!=\"?*\", IMPORT{db}=\"DM_UDEV_DISABLE_OTHER_RULES_FLAG\", IMPORT{db}=\"DM_NOSCAN\", "
	"GOTO=\"mpath_end\"\n"
	"IMPORT{program}=\"multipath -U\"\n"
	"LABEL=\"mpath_end\"\n";

static const char dm_disk_rules[] = "ENV{DM_UDEV_RULES_VSN}!=\"?*\", GOTO=\"dm_end\"\n"
				    "ENV{DM_UDEV_DISABLE_DISK_RULES_FLAG}==\"1\", GOTO=\"dm_end\"\n"
				    "SYMLINK+=\"disk/by-id/dm-name-$env{DM_NAME}\"\n"
				    "ENV{DM_UUID}==\"?*\", SYMLINK+=\"disk/by-id/dm-uuid-$env{DM_UUID}\"\n"
				    "ENV{DM_SUSPENDED}==\"1\", GOTO=\"dm_end\"\n"
				    "ENV{DM_NOSCAN}==\"1\", GOTO=\"dm_end\"\n"
				    "IMPORT{builtin}=\"blkid\"\n"
				    "ENV{ID_FS_USAGE}==\"filesystem|other|crypto\", ENV{ID_FS_UUID_ENC}==\"?*\", "
				    "SYMLINK+=\"disk/by-uuid/$env{ID_FS_UUID_ENC}\"\n"
				    "LABEL=\"dm_end\"\n";

static const char sg3_id_rules[] =
	"KERNEL!=\"sd*\", GOTO=\"end\"\n"
	"IMPORT{program}=\"sg_inq\"\n"
	"ENV{ID_WWN_WITH_EXTENSION}!=\"?*\", ENV{ID_WWN_WITH_EXTENSION}=\"0x$env{SCSI_IDENT_LUN_NAA_REGEXT}\"\n"
	"ENV{ID_WWN}!=\"?*\", ENV{ID_WWN}=\"$env{.SHORT_WWN}\"\n"
	"ENV{ID_SERIAL}!=\"?*\", ENV{ID_BUS}=\"scsi\", ENV{ID_SERIAL}=\"3$env{SCSI_IDENT_LUN_NAA_REGEXT}\", "
	"ENV{ID_SERIAL_SHORT}=\"$env{SCSI_IDENT_LUN_NAA_REGEXT}\"\n"
	"LABEL=\"end\"\n";

static const char sg3_symlink_rules[] =
	"ENV{SCSI_IDENT_LUN_NAA_REGEXT}==\"?*\", SYMLINK+=\"disk/by-id/scsi-3$env{SCSI_IDENT_LUN_NAA_REGEXT}\"\n";

static const char multipath_rules[] =
	"KERNEL!=\"sd*\", GOTO=\"end_mpath\"\n"
	"IMPORT{db}=\"DM_MULTIPATH_DEVICE_PATH\"\n"
	"IMPORT{program}=\"multipath -u\"\n"
	"ENV{DM_MULTIPATH_DEVICE_PATH}==\"1\", ENV{ID_FS_TYPE}=\"mpath_member\", ENV{SYSTEMD_READY}=\"0\"\n"
	"LABEL=\"end_mpath\"\n";

static const char kpartx_rules[] = "KERNEL!=\"dm-*\", GOTO=\"kpartx_end\"\n"
				   "ENV{DM_UDEV_DISABLE_OTHER_RULES_FLAG}==\"1\", GOTO=\"kpartx_end\"\n"
				   "ENV{DM_UUID}!=\"mpath-?*\", GOTO=\"kpartx_end\"\n"
				   "ENV{DM_SUBSYSTEM_UDEV_FLAG1}==\"1\", GOTO=\"kpartx_end\"\n"
				   "ENV{DM_SUSPENDED}==\"1\", GOTO=\"kpartx_end\"\n"
				   "ENV{DM_NOSCAN}==\"1\", GOTO=\"kpartx_end\"\n"
				   "RUN+=\"kpartx $name\"\n"
				   "LABEL=\"kpartx_end\"\n";

/* The persistent rules' condition: multipath members and hidden disks have no content of their own. */
static const char storage_rules[] =
	"KERNEL!=\"sd*\", GOTO=\"storage_end\"\n"
	"ENV{ID_SERIAL}!=\"?*\", IMPORT{program}=\"scsi_id\", ENV{ID_BUS}=\"scsi\"\n"
	"ENV{ID_SERIAL}==\"?*\", SYMLINK+=\"disk/by-id/$env{ID_BUS}-$env{ID_SERIAL}\"\n"
	"ENV{DM_MULTIPATH_DEVICE_PATH}==\"1\", GOTO=\"storage_end\"\n"
	"IMPORT{builtin}=\"blkid\"\n"
	"ENV{ID_WWN_WITH_EXTENSION}==\"?*\", SYMLINK+=\"disk/by-id/wwn-$env{ID_WWN_WITH_EXTENSION}\"\n"
	"ENV{ID_FS_USAGE}==\"filesystem|other|crypto\", ENV{ID_FS_UUID_ENC}==\"?*\", "
	"SYMLINK+=\"disk/by-uuid/$env{ID_FS_UUID_ENC}\"\n"
	"LABEL=\"storage_end\"\n";

static const char systemd_rules[] = "ENV{DM_SUSPENDED}==\"1\", IMPORT{db}=\"SYSTEMD_READY\"\n"
				    "ENV{DM_UUID}==\"?*\", ENV{SYSTEMD_READY}==\"\", ENV{SYSTEMD_READY}=\"1\"\n";

size_t udev_standard_rules(const struct fake_world *world, struct rule_file ret[static RULE_FILES_MAX])
{
	bool debian = world->settings.debian_rules;
	size_t count = 0;

	ret[count++] = (struct rule_file){ debian ? "55-dm.rules" : "10-dm.rules", dm_rules };
	ret[count++] =
		(struct rule_file){ debian ? "60-persistent-storage-dm.rules" : "13-dm-disk.rules", dm_disk_rules };
	ret[count++] = (struct rule_file){ debian ? "56-dm-mpath.rules" : "11-dm-mpath.rules", dm_mpath_rules };
	if (world->settings.sg3_rules) {
		ret[count++] = (struct rule_file){ "55-scsi-sg3_id.rules", sg3_id_rules };
		ret[count++] = (struct rule_file){ "58-scsi-sg3_symlink.rules", sg3_symlink_rules };
	}
	ret[count++] = (struct rule_file){ debian ? "60-multipath.rules" : "62-multipath.rules", multipath_rules };
	ret[count++] = (struct rule_file){ debian ? "60-kpartx.rules" : "66-kpartx.rules", kpartx_rules };
	ret[count++] = (struct rule_file){ "60-persistent-storage.rules", storage_rules };
	ret[count++] = (struct rule_file){ "99-systemd.rules", systemd_rules };
	return count;
}

static struct fake_lun *lun_of(const struct udev_event *event)
{
	struct fake_disk *disks[DISKS_MAX];

	if (event->disk)
		return &event->world->luns[event->disk->lun];
	for (size_t i = 0, count = world_table_disks(event->world, event->map->active, disks); i < count; i++)
		if (disks[i])
			return &event->world->luns[disks[i]->lun];
	return NULL;
}

static void blkid(struct udev_event *event)
{
	struct fake_lun *lun = lun_of(event);
	const struct fake_lun *content = lun ? world_lun_content(event->world, lun) : NULL;

	if (!content)
		return;
	if (content->partition_table)
		event_set(event, "ID_PART_TABLE_TYPE", "gpt");
	if (!content->fs_uuid[0])
		return;
	event_set(event, "ID_FS_TYPE", "ext4");
	event_set(event, "ID_FS_USAGE", "filesystem");
	event_set(event, "ID_FS_UUID", content->fs_uuid);
	event_set(event, "ID_FS_UUID_ENC", content->fs_uuid);
}

static void inquiry(struct udev_event *event)
{
	const struct fake_lun *lun = lun_of(event);
	char text[WWID_SIZE + 4];

	event_set(event, "SCSI_VENDOR", lun->vendor);
	event_set(event, "SCSI_IDENT_LUN_NAA_REGEXT", lun->wwid + 1);
	event_set(event, "SCSI_IDENT_PORT_RELATIVE", "1");
	event_set(event, "SCSI_IDENT_LUN_LOGICAL_UNIT_GROUP", "0x0");
	snprintf(text, sizeof(text), "0x%.16s", lun->wwid + 1);
	event_set(event, ".SHORT_WWN", text);
}

static void scsi_id(struct udev_event *event)
{
	const struct fake_lun *lun = lun_of(event);
	char text[WWID_SIZE + 4];

	event_set(event, "ID_SERIAL", lun->wwid);
	event_set(event, "ID_SERIAL_SHORT", lun->wwid + 1);
	snprintf(text, sizeof(text), "0x%.16s", lun->wwid + 1);
	event_set(event, "ID_WWN", text);
	snprintf(text, sizeof(text), "0x%s", lun->wwid + 1);
	event_set(event, "ID_WWN_WITH_EXTENSION", text);
}

/* It fails the paths whose identity is another LUN's, which stalls an application: that must never happen. */
static void check_usable(struct udev_event *event)
{
	struct fake_disk *disks[DISKS_MAX];
	size_t count = world_table_disks(event->world, event->map->active, disks);
	char serial[WWID_SIZE];

	for (size_t i = 0; i < count; i++)
		if (disks[i] && strcmp(property_get(disks[i]->properties, "ID_SERIAL", serial, sizeof(serial)),
				       event->map->uuid + strlen("mpath-")) != 0)
			world_violation(event->world, "multipath -U fails path %s of %s: its identity is %s",
					disks[i]->name, event->map->name, serial);
}

bool udev_import(struct udev_event *event, const char *kind, const char *command)
{
	char value[256];

	if (strcmp(kind, "db") == 0) {
		event_set(event, command, property_get(event->old_properties, command, value, sizeof(value)));
		return value[0];
	}
	if (strcmp(command, "multipath -U") == 0)
		check_usable(event);
	else if (strcmp(command, "blkid") == 0)
		blkid(event);
	else if (strcmp(command, "sg_inq") == 0)
		inquiry(event);
	else if (strcmp(command, "scsi_id") == 0)
		scsi_id(event);
	else if (strcmp(command, "multipath -u") == 0)
		event_set(event, "DM_MULTIPATH_DEVICE_PATH",
			  multipath_claims(event->world, event->properties) ? "1" : "0");
	else
		world_violation(event->world, "udev rule: unknown import {%s} %s", kind, command);
	return true;
}

/* kpartx makes a map for the first partition; hiding has to prevent that. */
void udev_run(struct udev_event *event, const char *command)
{
	struct fake_lun *lun = lun_of(event);
	char name[NAME_SIZE + 8], uuid[UUID_SIZE + 8], table[64];

	snprintf(name, sizeof(name), "/bin/rm -f /dev/%s", event->kernel);
	if (event->map && strcmp(command, name) == 0) {
		event->map->no_node = true;
		return;
	}
	if (strncmp(command, "kpartx ", 7) != 0) {
		world_violation(event->world, "udev rule: unknown program %s", command);
		return;
	}
	snprintf(uuid, sizeof(uuid), "part1-%s", event->map->uuid);
	if (!lun || !world_lun_content(event->world, lun)->partition_table || world_map_by_uuid(event->world, uuid))
		return;
	snprintf(name, sizeof(name), "%s-part1", event->map->name);
	snprintf(table, sizeof(table), "0 2048 linear 253:%u 2048", event->map->minor);
	dm_create(event->world, name, uuid, table);
	event->map->open_count++;
}
