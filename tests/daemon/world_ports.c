/*
 * Ports to a host in memory (tests/fakes) in place of the real ones: with this the real agent and the real engine run
 * without devices. Three pairs of LUNs with two paths each; the array maps a destination to the host at the first scan
 * after an import that names it was created. With a file $FAKE_ENGINE/world.reserved the first source has this host's
 * key on both paths, and its reservation (write exclusive, registrants only). With a file $FAKE_ENGINE/world.person a
 * person does what it says, once, before the engine's next inventory: "suspend" the maps, remove the "rules", stop
 * "multipathd".
 */
#include "tests/daemon/fake_commands.h"
#include "tests/fakes/fake_world.h"

#include "dm-import/ports.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum { PAIRS = 3, PATHS = 2 };

static struct fake_world *world;
static int (*list_disks)(void *ctx, struct disk **ret, size_t *ret_count, struct error *err);
static int (*scan_host)(void *ctx, struct error *err);
static uint64_t (*world_now_us)(void *ctx);

static int rescan(void *ctx, struct error *err)
{
	const struct fake_file *identity = world_file(world, "/etc/dm-import/identity");

	for (unsigned i = 0; identity && i < PAIRS; i++)
		if (strstr(identity->text, world_destination_wwid(i)))
			world_map_lun(world, world_destination(i));
	return scan_host(ctx, err);
}

static void do_as_told(const char *what)
{
	for (size_t i = 0; i < ARRAY_SIZE(world->maps) && strcmp(what, "suspend") == 0; i++) {
		world->maps[i].suspended = world->maps[i].exists;
		world->maps[i].suspended_since_us = world->now_us;
	}
	for (size_t i = 0; i < ARRAY_SIZE(world->files) && strcmp(what, "rules") == 0; i++)
		if (world->files[i].text && strstr(world->files[i].path, "rules.d"))
			world_remove_file(world, world->files[i].path);
	if (strcmp(what, "multipathd") == 0)
		multipathd_stop(world);
}

static int disks(void *ctx, struct disk **ret, size_t *ret_count, struct error *err)
{
	static char done[32];
	char text[32] = "";

	if (fake_command("world", "person", text, sizeof(text)) && strcmp(text, done) != 0)
		do_as_told(text);
	memcpy(done, text, sizeof(done));
	return list_disks(ctx, ret, ret_count, err);
}

/* The world's time passes by what is done in it; here it passes by itself as well. */
static uint64_t now_us(void *ctx)
{
	return world_now_us(ctx) + clock_mono_us();
}

/* As the host's cluster would. The nexuses are those that the source's disks have. */
static void reserve_first(void)
{
	struct pr_request request = { .action = PR_REGISTER, .service_action_key = 0xabc };
	const struct pr_nexus *nexus = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(world->disks); i++) {
		if (world->disks[i].place == DISK_NONE || world->disks[i].lun != world_source(0))
			continue;
		nexus = &world->disks[i].nexus;
		world_pr_out(world, world_source(0), nexus, &request);
	}
	request = (struct pr_request){ .action = PR_RESERVE, .type = PR_WE_RO, .key = 0xabc };
	world_pr_out(world, world_source(0), nexus, &request);
}

int ports_system(struct ports *ret, struct error *err)
{
	char text[8];

	world = world_new();
	if (!world)
		return error_no_memory(err);
	world_pairs(world, PAIRS, PATHS);
	if (fake_command("world", "reserved", text, sizeof(text)))
		reserve_first();
	world_begin(world, NULL);
	world_ports(world, ret);
	list_disks = ret->device.disks;
	ret->device.disks = disks;
	scan_host = ret->device.rescan;
	ret->device.rescan = rescan;
	world_now_us = ret->host.now_us;
	ret->host.now_us = now_us;
	return 0;
}

void ports_system_close(struct ports *ports)
{
	(void)ports;
	if (world->violations[0])
		fprintf(stderr, "the host's invariants were violated:\n%s\n", world->violations);
	world_free(world);
}
