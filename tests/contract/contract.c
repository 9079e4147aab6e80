/*
 * Running contract checks and reporting them as TAP; see contract.h.
 */
#include "contract.h"

#include "base/cleanup.h"

#include <string.h>

static unsigned number;

void contract_fail(struct contract *c, const char *file, int line, const char *condition)
{
	c->failed = true;
	printf("# %s:%d: not so: %s\n", file, line, condition);
	if (c->err.code != ERR_NONE)
		printf("# last error: %s [%s] %s\n", error_name(c->err.code), c->err.device, c->err.detail);
}

unsigned contract_run(struct contract_scene *scene, const struct contract_check *checks)
{
	unsigned failed = 0;

	for (; checks->name; checks++) {
		struct contract c = { .scene = scene, .ports = &scene->ports };

		checks->run(&c);
		printf("%sok %u - %s\n", c.failed ? "not " : "", ++number, checks->name);
		fflush(stdout);
		failed += c.failed;
	}
	return failed;
}

unsigned contract_run_all(struct contract_scene *scene)
{
	return contract_run(scene, contract_host_checks) + contract_run(scene, contract_dm_checks) +
	       contract_run(scene, contract_multipathd_checks) + contract_run(scene, contract_device_checks) +
	       contract_run(scene, contract_pr_checks);
}

bool contract_find_map(struct contract *c, const char *name, struct dm_device *ret)
{
	CLEANUP_FREE struct dm_device *maps = NULL;
	size_t count = 0;

	if (c->ports->dm.list(c->ports->dm.ctx, &maps, &count, &c->err) < 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(maps[i].name, name) != 0)
			continue;
		*ret = maps[i];
		return true;
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct disk *)a)->name, ((const struct disk *)b)->name);
}

bool contract_find_disk(struct contract *c, const char *true_wwid, unsigned nth, struct disk *ret)
{
	CLEANUP_FREE struct disk *disks = NULL;
	size_t count = 0;

	if (c->ports->device.disks(c->ports->device.ctx, &disks, &count, &c->err) < 0)
		return false;
	qsort(disks, count, sizeof(*disks), by_name);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(disks[i].true_wwid, true_wwid) != 0 || nth-- > 0)
			continue;
		*ret = disks[i];
		return true;
	}
	return false;
}
