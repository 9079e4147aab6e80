/*
 * Parsers for sysfs and /proc; see kernel_text.h.
 */
#include "kernel_text.h"

#include "base/cleanup.h"
#include "base/num.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* The kernel writes blank, tab, newline and backslash as \ooo. */
static void decode_octal(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) && is_octal(from[3])) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static bool parse_device_number(char *text, unsigned *ret_major, unsigned *ret_minor)
{
	char *colon = strchr(text, ':');
	uint64_t major, minor;

	if (!colon)
		return false;
	*colon = '\0';
	if (!num_parse(text, UINT32_MAX, &major) || !num_parse(colon + 1, UINT32_MAX, &minor))
		return false;
	*ret_major = (unsigned)major;
	*ret_minor = (unsigned)minor;
	return true;
}

/* "36 35 98:0 /root /mount/point options optional... - type source superoptions" */
bool parse_mountinfo_line(char *line, struct mount_line *ret)
{
	char *fields[5], *rest = line, *field;
	struct mount_line mount;

	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		fields[i] = strsep(&rest, " ");
		if (!rest)
			return false;
	}
	do {
		field = strsep(&rest, " ");
	} while (field && strcmp(field, "-") != 0);
	mount.type = strsep(&rest, " ");
	mount.source = strsep(&rest, " ");
	if (!mount.source || !parse_device_number(fields[2], &mount.major, &mount.minor))
		return false;
	mount.mount_point = fields[4];
	decode_octal(mount.mount_point);
	decode_octal(mount.source);
	*ret = mount;
	return true;
}

bool parse_swaps_line(char *line, char **ret_device)
{
	if (line[0] != '/')
		return false;
	line[strcspn(line, " \t\n")] = '\0';
	decode_octal(line);
	*ret_device = line;
	return true;
}

bool parse_wwid_attribute(const char *text, char ret[static WWID_SIZE])
{
	size_t length;

	ret[0] = '\0';
	if (strncmp(text, "naa.", 4) != 0 || !num_is_hex(text + 4))
		return false;
	length = strlen(text + 4);
	if (length != 16 && length != 32)
		return false;
	ret[0] = '3';
	for (size_t i = 0; i <= length; i++)
		ret[i + 1] = (char)tolower((unsigned char)text[4 + i]);
	return true;
}

enum alua_state parse_access_state(const char *text)
{
	static const struct {
		const char *text;
		enum alua_state state;
	} states[] = {
		{ "", ALUA_NONE },
		{ "active/optimized", ALUA_OPTIMIZED },
		{ "active/non-optimized", ALUA_NON_OPTIMIZED },
		{ "standby", ALUA_STANDBY },
		{ "unavailable", ALUA_UNAVAILABLE },
		{ "offline", ALUA_OFFLINE },
		{ "transitioning", ALUA_TRANSITIONING },
	};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i].text, text) == 0)
			return states[i].state;
	return ALUA_OTHER;
}

bool parse_port_wwn(const char *text, char *ret, size_t size)
{
	ret[0] = '\0';
	if (strncmp(text, "0x", 2) == 0)
		text += 2;
	if (strlen(text) != 16 || !num_is_hex(text) || size < 24)
		return false;
	for (size_t i = 0; i < 8; i++)
		snprintf(ret + i * 3, 4, "%.2s%s", text + i * 2, i < 7 ? ":" : "");
	return true;
}

bool parse_path_component(const char *path, const char *prefix, char *ret, size_t size)
{
	size_t prefix_length = strlen(prefix);

	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		const char *name = at + 1;

		if (strncmp(name, prefix, prefix_length) != 0 || !isdigit((unsigned char)name[prefix_length]))
			continue;
		snprintf(ret, size, "%.*s", (int)strcspn(name, "/"), name);
		return true;
	}
	return false;
}

bool is_multipath_uuid(const char *uuid)
{
	return strncmp(uuid, "mpath-", 6) == 0;
}

enum user_kind user_kind_of_dm(const char *uuid)
{
	if (strncmp(uuid, "LVM-", 4) == 0)
		return USER_LVM;
	if (strncmp(uuid, "part", 4) == 0 && isdigit((unsigned char)uuid[4]))
		return USER_PARTITION;
	return USER_DM;
}
