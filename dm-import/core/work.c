/*
 * See work.h.
 */
#include "work.h"

#include "inventory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void work_log(struct work *work, int level, const struct error *err, const char *fmt, ...)
{
	const struct observer *observer = work->observer;
	char line[1024], message[512];
	va_list ap;

	if (!observer || !observer->log)
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "import %s: %s", work->import ? work->import->id : "-", message);
	if (err && err->code != ERR_NONE) {
		size_t used = strlen(line);

		used += (size_t)snprintf(line + used, sizeof(line) - used, ": [%s] ", error_name(err->code));
		if (used < sizeof(line))
			error_format(err, line + used, sizeof(line) - used);
	}
	observer->log(observer->ctx, level, line);
}

void work_free_suspends(struct work *work)
{
	for (size_t i = 0; i < work->suspend_count; i++)
		work->engine->ports->dm.suspend_free(work->suspends[i]);
	free(work->suspends);
	work->suspends = NULL;
	work->suspend_count = 0;
}

void work_free(struct work *work)
{
	work_free_suspends(work);
	inventory_free(&work->now);
	free(work->changing);
	free(work->idle_names);
	free(work->disks_before);
	finding_list_free(&work->findings);
	work->changing = NULL;
	work->idle_names = NULL;
	work->disks_before = NULL;
}

int held_refuse(struct engine *engine, const struct import *but, struct error *err)
{
	if (!engine->held || engine->held->import == but)
		return 0;
	return error_set(err, ERR_IMPORT_HELD, engine->held->import->id, "%s", "");
}
