/*
 * Two settings of agent.conf; see agent_conf.h. Which settings there are at all is the agent's to judge: others are
 * passed over here.
 */
#include "agent_conf.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

enum { FILE_LIMIT = 64 * 1024 };

static int take_line(void *user, const char *section, const char *name, const char *value)
{
	struct pair_files *files = user;
	char *place = strcmp(name, "certificate") == 0 ? files->certificate
		      : strcmp(name, "key") == 0       ? files->key
						       : NULL;

	if (strcmp(section, "server") != 0 || !place)
		return 1;
	return (size_t)snprintf(place, PATH_MAX, "%s", value) < PATH_MAX;
}

int agent_conf_pair(const char *path, struct pair_files *ret, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct error cause;
	int line;

	pair_files_in("/etc/dm-import/tls", ret, NULL);
	if (file_read(path, FILE_LIMIT, &text, NULL, &cause) < 0) {
		if (cause.sys_errno == ENOENT)
			return 0;
		*err = cause;
		return -1;
	}
	line = ini_parse_string(text, take_line, ret);
	if (line)
		return error_set(err, ERR_CONFIG_INVALID, NULL, "%s, line %d: not of the form 'name = value'", path,
				 line);
	return 0;
}
