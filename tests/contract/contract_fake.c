/*
 * The contract on the fakes: the base of the engine's tests behaves like the kernel, udev and multipathd. And on the
 * real host port, which needs no VM.
 */
#include "contract.h"

#include "tests/fakes/fake_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char mount_point[] = "/srv/contract";
static const char *const wwids[] = { "36006016000000000000000000000000a", "36006016000000000000000000000000b" };

static bool use(void *ctx, const char **ret_name)
{
	struct fake_world *world = ctx;

	world_add_user(world, wwids[0], USER_MOUNT, mount_point);
	snprintf(world->users[world->user_count - 1].user.detail, sizeof(world->users[0].user.detail), "ext4");
	world_map(world, wwids[0])->open_count++;
	*ret_name = mount_point;
	return true;
}

static bool unuse(void *ctx)
{
	struct fake_world *world = ctx;

	world->user_count--;
	world_map(world, wwids[0])->open_count--;
	return true;
}

/* 1: it could not be tried */
static unsigned run_on_real_files(void)
{
	char directory[] = "/tmp/contract.XXXXXX", lower[64], upper[64];
	struct contract_scene scene = { .directory = directory };
	unsigned failed;

	if (!mkdtemp(directory))
		return 1;
	ports_system_host(&scene.ports.host);
	failed = contract_run(&scene, contract_host_checks);
	snprintf(lower, sizeof(lower), "%s/a/b", directory);
	snprintf(upper, sizeof(upper), "%s/a", directory);
	return rmdir(lower) < 0 || rmdir(upper) < 0 || rmdir(directory) < 0 ? failed + 1 : failed;
}

int main(void)
{
	struct fake_world *world = world_new();
	struct contract_scene scene = {
		.rules_directory = "/etc/udev/rules.d",
		.directory = "/var/lib/contract",
		.ctx = world,
		.use = use,
		.unuse = unuse,
	};
	unsigned failed;

	strcpy(world->settings.find_multipaths, "no");
	for (int i = 0; i < 2; i++) {
		int lun = world_lun(world, wwids[i], "DGC", "VRAID", 1 << 30);

		world_paths(world, lun, 2);
		world_map_lun(world, lun);
		scene.maps[i] = scene.wwids[i] = wwids[i];
	}
	world_scan(world);
	world_ports(world, &scene.ports);
	failed = contract_run_all(&scene) + contract_run(&scene, contract_pr_abort_checks) + run_on_real_files();
	world_free(world);
	return failed ? 1 : 0;
}
