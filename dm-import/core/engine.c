/*
 * See engine.h.
 */
#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

int engine_lock(const struct engine_options *options, int *ret_fd, struct error *err)
{
	const char *path = options->lock_file;

	if (!path)
		return 0;
	*ret_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*ret_fd < 0)
		return error_set_sys(err, errno == EACCES ? ERR_NOT_ROOT : ERR_IO, path, errno, "cannot open the lock");
	if (flock(*ret_fd, LOCK_EX | LOCK_NB) < 0)
		return error_set_sys(err, errno == EWOULDBLOCK ? ERR_AGENT_RUNNING : ERR_IO, path, errno,
				     "cannot take the lock");
	return 0;
}

struct import *engine_find(struct engine *engine, const char *id)
{
	for (size_t i = 0; i < engine->import_count; i++)
		if (strcmp(engine->imports[i]->id, id) == 0)
			return engine->imports[i];
	return NULL;
}

struct import *import_find(struct engine *engine, const char *id, struct error *err)
{
	struct import *import = engine_find(engine, id);

	if (!import)
		error_set(err, ERR_IMPORT_UNKNOWN, id, "%s", "");
	return import;
}

struct import *import_of_lun(const struct engine *engine, const char *wwid)
{
	for (size_t i = 0; i < engine->import_count; i++)
		if (import_concerns(engine->imports[i], wwid))
			return engine->imports[i];
	return NULL;
}
