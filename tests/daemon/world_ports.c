/*
 * Ports to a host in memory (tests/fakes) in place of the real ones: with this the real agent and the real engine run
 * without devices. Three pairs of LUNs with two paths each; the array maps a destination to the host at the first scan
 * after an import that names it was created.
 */
#include "tests/fakes/fake_world.h"

#include "dm-import/ports.h"

#include <stdio.h>
#include <string.h>

enum { PAIRS = 3, PATHS = 2 };

static struct fake_world *world;
static int (*scan_host)(void *ctx, struct error *err);

static int rescan(void *ctx, struct error *err)
{
	const struct fake_file *identity = world_file(world, "/etc/dm-import/identity");

	for (unsigned i = 0; identity && i < PAIRS; i++)
		if (strstr(identity->text, world_destination_wwid(i)))
			world_map_lun(world, world_destination(i));
	return scan_host(ctx, err);
}

int ports_system(struct ports *ret, struct error *err)
{
	world = world_new();
	if (!world)
		return error_no_memory(err);
	world_pairs(world, PAIRS, PATHS);
	world_begin(world, NULL);
	world_ports(world, ret);
	scan_host = ret->device.rescan;
	ret->device.rescan = rescan;
	return 0;
}

void ports_system_close(struct ports *ports)
{
	(void)ports;
	if (world->violations[0])
		fprintf(stderr, "the host's invariants were violated:\n%s\n", world->violations);
	world_free(world);
}
