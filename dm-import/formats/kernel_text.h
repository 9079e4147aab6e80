/*
 * The texts that the kernel shows in sysfs and /proc, turned into values. Pure: no file is opened here.
 */
#ifndef DM_IMPORT_SYS_PARSE_H
#define DM_IMPORT_SYS_PARSE_H

#include "dm-import/model.h"

/* A line of /proc/self/mountinfo; the texts point into the line. See proc(5). */
struct mount_line {
	unsigned major, minor;
	char *mount_point, *type, *source;
};

/* Both take the line apart in place and decode \ooo escapes. False when it is not such a line. */
bool parse_mountinfo_line(char *line, struct mount_line *ret);

/* A line of /proc/swaps: *ret_device points into it. False for the heading. */
bool parse_swaps_line(char *line, char **ret_device);

/* sysfs device/wwid: "naa.6001405..." is "36001405..."; false and "" for what is not NAA or not 8 or 16 bytes. */
bool parse_wwid_attribute(const char *text, char ret[static WWID_SIZE]);

/* sysfs device/access_state */
enum alua_state parse_access_state(const char *text);

/* "0x500601603ea0" as FC and SAS classes show it, to "50:06:..."; false and "" when it is not 16 hex digits. */
bool parse_port_wwn(const char *text, char *ret, size_t size);

/* The component of a sysfs path that begins with `prefix` and a digit: "rport-" of ".../rport-1:0-3/target..." */
bool parse_path_component(const char *path, const char *prefix, char *ret, size_t size);

/* What a device-mapper device is for, by its UUID ("LVM-...", "part1-mpath-...", "mpath-..."). */
enum user_kind user_kind_of_dm(const char *uuid);
bool is_multipath_uuid(const char *uuid);

#endif
