/*
 * The least that any exchange of tables costs: suspend, load, resume of two maps with the tables they have, as a
 * program of its own. What our switch is measured against; not part of the product, and without its checks on purpose.
 *
 *   bare LIVE_MAP IDLE_MAP       prints "<suspend us> <resume us>" of the live map
 */
#include <libdevmapper.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Load a map's own active table into its inactive slot. */
static int reload(const char *map)
{
	struct dm_task *table = dm_task_create(DM_DEVICE_TABLE);
	struct dm_task *load = dm_task_create(DM_DEVICE_RELOAD);
	char *type, *parameters;
	uint64_t start, length;
	int done;

	dm_task_set_name(table, map);
	dm_task_set_name(load, map);
	done = dm_task_run(table);
	if (done) {
		dm_get_next_target(table, NULL, &start, &length, &type, &parameters);
		dm_task_add_target(load, start, length, type, parameters);
		done = dm_task_run(load);
	}
	dm_task_destroy(table);
	dm_task_destroy(load);
	return done;
}

static struct dm_task *task(int command, const char *map)
{
	struct dm_task *made = dm_task_create(command);

	dm_task_set_name(made, map);
	dm_task_no_flush(made);
	dm_task_skip_lockfs(made);
	return made;
}

int main(int argc, char **argv)
{
	struct dm_task *suspend[2], *resume[2];
	uint64_t began, held, ended;

	if (argc != 3 || !reload(argv[1]) || !reload(argv[2]))
		return 1;
	for (int i = 0; i < 2; i++) {
		suspend[i] = task(DM_DEVICE_SUSPEND, argv[1 + i]);
		resume[i] = task(DM_DEVICE_RESUME, argv[1 + i]);
	}
	dm_task_run(suspend[1]);
	began = now_us();
	if (!dm_task_run(suspend[0]))
		return 1;
	held = now_us();
	if (!dm_task_run(resume[0]))
		return 1;
	ended = now_us();
	dm_task_run(resume[1]);
	printf("%llu %llu\n", (unsigned long long)(held - began), (unsigned long long)(ended - held));
	return 0;
}
