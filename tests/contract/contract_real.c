/*
 * The contract on the real ports, as root in the lab's VM, and what only a real kernel can show: users through LVM on a
 * partition, swap, and the guardian of a process that is killed while it holds maps.
 *
 * It takes the first two multipath maps that nobody has open and overwrites them.
 */
#include "contract.h"

#include "dm-import/hold/guardian.h"

#include "base/cleanup.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static const char mount_point[] = "/run/contract/mount point";

static bool shell(const char *command)
{
	return system(command) == 0;
}

static bool use(void *ctx, const char **ret_name)
{
	(void)ctx;
	*ret_name = mount_point;
	return shell("set -e; mkdir -p '/run/contract/mount point'; mkfs.ext4 -q -F $MAP; "
		     "mount $MAP '/run/contract/mount point'");
}

static bool unuse(void *ctx)
{
	(void)ctx;
	return shell("umount '/run/contract/mount point'");
}

static const struct user *find_user(const struct user *users, size_t count, enum user_kind kind)
{
	for (size_t i = 0; i < count; i++)
		if (users[i].kind == kind)
			return &users[i];
	return NULL;
}

static bool users_of_first_map(struct contract *c, struct user **ret, size_t *ret_count)
{
	struct dm_device map;
	char device[32];

	if (!contract_find_map(c, c->scene->maps[0], &map))
		return false;
	snprintf(device, sizeof(device), "dm-%u", map.minor);
	return c->ports->device.users(c->ports->device.ctx, device, ret, ret_count, &c->err) == 0;
}

static void users_through_lvm(struct contract *c)
{
	CLEANUP_FREE struct user *users = NULL;
	CLEANUP_FREE struct user *swapping = NULL;
	CLEANUP_FREE struct user *none = NULL;
	const struct user *user;
	size_t count;

	CHECK(c, shell("exec >&2; set -e; wipefs -qaf $MAP; echo ',,' | sfdisk -q --no-reread $MAP; "
		       "kpartx -a -p -part $MAP; udevadm settle; vgcreate -qq contract $MAP-part1; "
		       "lvcreate -qq -y -n data -L 16M contract; lvcreate -qq -y -n swap -L 16M contract; "
		       "mkfs.ext4 -q /dev/contract/data; mount /dev/contract/data '/run/contract/mount point'"));
	CHECK(c, users_of_first_map(c, &users, &count));
	user = find_user(users, count, USER_PARTITION);
	CHECK(c, user && strstr(user->name, "-part1"));
	user = find_user(users, count, USER_LVM);
	CHECK(c, user && strncmp(user->name, "contract-", 9) == 0);
	user = find_user(users, count, USER_MOUNT);
	CHECK(c, user && strcmp(user->name, mount_point) == 0 && strncmp(user->detail, "ext4 on dm-", 11) == 0);
	CHECK(c, count == 4); /* a partition, two volumes, a mount */
	CHECK(c, shell("set -e; umount /dev/contract/data; mkswap -q /dev/contract/swap; swapon /dev/contract/swap"));
	CHECK(c, users_of_first_map(c, &swapping, &count) && count == 4);
	CHECK(c, find_user(swapping, count, USER_SWAP) && !find_user(swapping, count, USER_MOUNT));
	CHECK(c, shell("exec >&2; set -e; swapoff /dev/contract/swap; vgremove -qq -y contract; udevadm settle; "
		       "kpartx -d -p -part $MAP; udevadm settle; wipefs -qaf $MAP; udevadm settle"));
	CHECK(c, users_of_first_map(c, &none, &count) && count == 0);
}

/* A unit that requires multipathd, and one that is bound to that one: both go down with it. */
static void units_that_depend(struct contract *c)
{
	const struct multipathd_port *multipathd = &c->ports->multipathd;
	CLEANUP_FREE char *units = NULL;
	CLEANUP_FREE char *after = NULL;

	CHECK(c, shell("set -e; cd /run/systemd/system; "
		       "one='[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true'; "
		       "printf \"[Unit]\\nRequires=multipathd.service\\n$one\\n\" > contract-one.service; "
		       "printf \"[Unit]\\nBindsTo=contract-one.service\\n$one\\n\" > contract-two.service; "
		       "printf \"[Unit]\\nWants=multipathd.service\\n$one\\n\" > contract-three.service; "
		       "systemctl daemon-reload; systemctl start contract-two contract-three"));
	CHECK(c, multipathd->dependents(multipathd->ctx, &units, &c->err) == 0);
	CHECK(c, strcmp(units, "contract-one.service contract-two.service") == 0);
	CHECK(c, shell("set -e; systemctl stop contract-one contract-two contract-three; "
		       "rm /run/systemd/system/contract-*.service; systemctl daemon-reload"));
	CHECK(c, multipathd->dependents(multipathd->ctx, &after, &c->err) == 0 && strcmp(after, "") == 0);
}

static bool is_running(struct contract *c)
{
	bool running = false;

	return c->ports->multipathd.running(c->ports->multipathd.ctx, &running, &c->err) == 0 && running;
}

/* Neither a start by hand, of the socket, or of a unit that wants it, nor a connection brings it back. */
static void stays_stopped(struct contract *c)
{
	const struct multipathd_port *multipathd = &c->ports->multipathd;

	CHECK(c, shell("systemctl is-active -q multipathd.socket multipathd.service"));
	CHECK(c, multipathd->stop(multipathd->ctx, &c->err) == 0);
	CHECK(c, shell("exec >&2; systemctl start multipathd.service; systemctl start multipathd.socket; "
		       "systemctl start sysinit.target; multipathd show daemon; sleep 1; "
		       "! systemctl is-active multipathd.socket && ! systemctl is-active multipathd.service && "
		       "! pidof multipathd"));
	CHECK(c, !is_running(c));
	CHECK(c, multipathd->stop(multipathd->ctx, &c->err) == 0);
	CHECK(c, multipathd->start(multipathd->ctx, &c->err) == 0 && is_running(c));
	CHECK(c, shell("systemctl is-active -q multipathd.socket && ! test -e /run/dm-import/multipathd-held"));
	CHECK(c, shell("mkdir -p /run/dm-import; echo socket > /run/dm-import/multipathd-held"));
	CHECK(c, multipathd->start(multipathd->ctx, &c->err) == 0 && is_running(c));
	CHECK(c, shell("! test -e /run/dm-import/multipathd-held"));
}

/* The socket unit stays down when it was down, and a masked one keeps nobody from starting the service. */
static void starts_without_socket(struct contract *c)
{
	const struct multipathd_port *multipathd = &c->ports->multipathd;

	CHECK(c, shell("exec >&2; systemctl stop multipathd.socket multipathd.service && "
		       "systemctl start multipathd.service"));
	CHECK(c, multipathd->stop(multipathd->ctx, &c->err) == 0);
	CHECK(c, multipathd->start(multipathd->ctx, &c->err) == 0 && is_running(c));
	CHECK(c, shell("! systemctl is-active -q multipathd.socket"));
	CHECK(c, shell("exec >&2; systemctl stop multipathd.service && systemctl start multipathd.socket && "
		       "systemctl start multipathd.service"));
	CHECK(c, multipathd->stop(multipathd->ctx, &c->err) == 0);
	CHECK(c, shell("exec >&2; systemctl mask --runtime multipathd.socket"));
	CHECK(c, multipathd->start(multipathd->ctx, &c->err) == 0 && is_running(c));
	CHECK(c, shell("exec >&2; systemctl unmask --runtime multipathd.socket && systemctl stop multipathd.service && "
		       "systemctl start multipathd.socket && systemctl start multipathd.service"));
}

static char *table_of(struct contract *c, const char *map)
{
	char *table = NULL;

	return c->ports->dm.table(c->ports->dm.ctx, map, &table, &c->err) < 0 ? NULL : table;
}

/* Suspend both maps with exchanged tables loaded, and be killed; when releasing, after the first map's resume. */
static int hold_and_wait(struct contract *c, bool releasing, const char *const tables[static 2], int ready)
{
	const struct dm_port *dm = &c->ports->dm;
	struct guardian *guardian = NULL;
	struct dm_suspend *holds[2];

	for (size_t i = 0; i < 2; i++)
		if (dm->load(dm->ctx, c->scene->maps[i], tables[1 - i], false, &c->err) < 0 ||
		    dm->suspend_prepare(dm->ctx, c->scene->maps[i], &holds[i], &c->err) < 0)
			return 1;
	if (guardian_start(&guardian, dm, holds, 2, 60000, &c->err) < 0 || dm->suspend(holds[0]) != 0 ||
	    dm->suspend(holds[1]) != 0)
		return 2;
	if (releasing && (!guardian_release(guardian) || dm->resume(holds[0]) != 0))
		return 3;
	if (write(ready, "r", 1) != 1)
		return 4;
	for (;;)
		pause();
}

static void kill_while_holding(struct contract *c, bool releasing)
{
	const struct multipathd_port *multipathd = &c->ports->multipathd;
	const struct dm_port *dm = &c->ports->dm;
	struct dm_device state;
	char *tables[2];
	int ends[2];
	pid_t child;
	char byte;

	CHECK(c, multipathd->stop(multipathd->ctx, &c->err) == 0); /* which changes the tables' features */
	tables[0] = table_of(c, c->scene->maps[0]);
	tables[1] = table_of(c, c->scene->maps[1]);
	CHECK(c, tables[0] && tables[1] && pipe(ends) == 0);
	child = fork();
	CHECK(c, child >= 0);
	if (child == 0)
		_exit(hold_and_wait(c, releasing, (const char *const *)tables, ends[1]));
	close(ends[1]);
	CHECK(c, read(ends[0], &byte, 1) == 1);
	CHECK(c, contract_find_map(c, c->scene->maps[1], &state) && state.suspended);
	kill(child, SIGKILL);
	CHECK(c, waitpid(child, NULL, 0) == child);
	CHECK(c, read(ends[0], &byte, 1) == 0); /* the guardian has ended, too */
	close(ends[0]);
	for (size_t i = 0; i < 2; i++) {
		CLEANUP_FREE char *now = table_of(c, c->scene->maps[i]);

		CHECK(c,
		      contract_find_map(c, c->scene->maps[i], &state) && !state.suspended && !state.has_inactive_table);
		CHECK(c, now && strcmp(now, tables[releasing ? 1 - i : i]) == 0);
	}
	for (size_t i = 0; i < 2 && releasing; i++) { /* and back again */
		struct dm_suspend *hold;

		CHECK(c, dm->load(dm->ctx, c->scene->maps[i], tables[i], false, &c->err) == 0);
		CHECK(c, dm->suspend_prepare(dm->ctx, c->scene->maps[i], &hold, &c->err) == 0);
		CHECK(c, dm->resume(hold) == 0);
		dm->suspend_free(hold);
	}
	free(tables[0]);
	free(tables[1]);
	CHECK(c, multipathd->start(multipathd->ctx, &c->err) == 0);
}

static void killed_while_holding(struct contract *c)
{
	kill_while_holding(c, false);
}

static void killed_while_releasing(struct contract *c)
{
	kill_while_holding(c, true);
}

/* The lab's source array stops answering, and one read of the first map hangs on it; and answers again. */
static bool array_hangs(void)
{
	return shell("dmsetup suspend arr-source-0; dmsetup suspend arr-source-1; "
		     "dd if=$MAP of=/dev/null iflag=direct bs=4k count=1 2>/run/contract/dd & sleep 1");
}

static bool array_answers(void)
{
	return shell("dmsetup resume arr-source-0; dmsetup resume arr-source-1; sleep 1; grep -q '^4096 bytes' "
		     "/run/contract/dd");
}

static bool is_running_with(struct contract *c, const char *table)
{
	CLEANUP_FREE char *now = table_of(c, c->scene->maps[0]);
	struct dm_device state;

	return now && strcmp(now, table) == 0 && contract_find_map(c, c->scene->maps[0], &state) && !state.suspended &&
	       !state.has_inactive_table;
}

static void no_op(int number)
{
	(void)number;
}

/* Suspend the first map in vain; what it answers. A signal comes after a second. */
static int suspend_interrupted(struct dm_suspend *hold, const struct dm_port *dm)
{
	struct sigaction action = { .sa_handler = no_op }, before;
	int rc;

	sigaction(SIGALRM, &action, &before);
	alarm(1);
	rc = dm->suspend(hold);
	alarm(0);
	sigaction(SIGALRM, &before, NULL);
	return rc;
}

static void suspend_ends_at_a_signal(struct contract *c)
{
	const struct dm_port *dm = &c->ports->dm;
	CLEANUP_FREE char *table = table_of(c, c->scene->maps[0]);
	struct dm_suspend *hold;

	CHECK(c, table && dm->suspend_prepare(dm->ctx, c->scene->maps[0], &hold, &c->err) == 0);
	CHECK(c, array_hangs());
	CHECK(c, suspend_interrupted(hold, dm) == EINTR);
	CHECK(c, is_running_with(c, table));
	CHECK(c, array_answers());
	dm->suspend_free(hold);
}

/* The guardian's deadline passes while the parent hangs in a suspend; the I/O ends; nothing stays held. */
static void late_suspend_is_released(struct contract *c)
{
	const struct dm_port *dm = &c->ports->dm;
	CLEANUP_FREE char *table = table_of(c, c->scene->maps[0]);
	struct guardian *guardian = NULL;
	struct dm_suspend *hold;

	CHECK(c, table && dm->suspend_prepare(dm->ctx, c->scene->maps[0], &hold, &c->err) == 0);
	CHECK(c, dm->load(dm->ctx, c->scene->maps[0], table, false, &c->err) == 0);
	CHECK(c, array_hangs());
	CHECK(c, shell("(sleep 4; dmsetup resume arr-source-0; dmsetup resume arr-source-1) &"));
	CHECK(c, guardian_start(&guardian, dm, &hold, 1, 1000, &c->err) == 0);
	CHECK(c, dm->suspend(hold) == 0); /* four seconds; the guardian has reverted meanwhile */
	CHECK(c, !guardian_release(guardian));
	poll(NULL, 0, 1000);
	CHECK(c, is_running_with(c, table));
	CHECK(c, guardian_stop(guardian) == GUARDIAN_REVERTED);
	CHECK(c, array_answers());
	dm->suspend_free(hold);
}

/* What the reservation is for: I/O through a path that is not registered fails, through the others it does not. */
static void reservation_forbids(struct contract *c)
{
	struct pr_request request = { .action = PR_REGISTER, .service_action_key = 0xa1 };
	const struct scsi_port *scsi = &c->ports->scsi;
	struct disk registered, other;
	struct probed probed;
	char command[128];

	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 0, &registered));
	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 1, &other));
	snprintf(command, sizeof(command), "dd if=/dev/zero of=/dev/%s oflag=direct bs=4k count=1 2>&1", other.name);
	CHECK(c, shell(command));
	CHECK(c, scsi->pr_out(scsi->ctx, registered.name, &request, &c->err) == 0);
	request = (struct pr_request){ .action = PR_RESERVE, .type = PR_EA_RO, .key = 0xa1 };
	CHECK(c, scsi->pr_out(scsi->ctx, registered.name, &request, &c->err) == 0);
	CHECK(c, scsi->probe(scsi->ctx, registered.name, 10000, &probed, &c->err) == 0);
	CHECK(c, scsi->probe(scsi->ctx, other.name, 10000, &probed, &c->err) < 0 && strstr(c->err.detail, "Conflict"));
	CHECK(c, !shell(command));
	request = (struct pr_request){ .action = PR_CLEAR, .key = 0xa1 };
	CHECK(c, scsi->pr_out(scsi->ctx, registered.name, &request, &c->err) == 0);
	CHECK(c, shell(command) && scsi->probe(scsi->ctx, other.name, 10000, &probed, &c->err) == 0);
}

static const struct contract_check real_checks[] = {
	{ "real: users through partition, LVM, mount and swap", users_through_lvm },
	{ "real: units that go down with multipathd", units_that_depend },
	{ "real: a reservation forbids I/O through a path that is not registered", reservation_forbids },
	{ "real: nothing starts a held multipathd", stays_stopped },
	{ "real: multipathd without its socket", starts_without_socket },
	{ "real: a suspend that waits for I/O ends at a signal", suspend_ends_at_a_signal },
	{ "real: a suspend that ends after the deadline is released by the guardian", late_suspend_is_released },
	{ "real: killed while holding, the guardian goes back", killed_while_holding },
	{ "real: killed while releasing, the guardian goes forward", killed_while_releasing },
	{ NULL, NULL },
};

/* The first two multipath maps that are nobody's; their names stay allocated. */
static bool find_maps(struct contract_scene *scene)
{
	static struct dm_device *maps;
	size_t count, found = 0;

	if (scene->ports.dm.list(scene->ports.dm.ctx, &maps, &count, NULL) < 0)
		return false;
	for (size_t i = 0; i < count && found < 2; i++) {
		if (strncmp(maps[i].uuid, "mpath-", 6) != 0 || maps[i].open_count)
			continue;
		scene->maps[found] = maps[i].name;
		scene->wwids[found++] = maps[i].uuid + 6;
	}
	return found == 2;
}

int main(void)
{
	struct contract_scene scene = {
		.rules_directory = "/etc/udev/rules.d",
		.directory = "/run/contract",
		.use = use,
		.unuse = unuse,
	};
	struct error err = { 0 };
	char device[NAME_SIZE + 16];
	unsigned failed;

	if (ports_system(&scene.ports, &err) < 0 || !shell("mkdir -p /run/contract /var/target/pr /etc/target/pr") ||
	    !find_maps(&scene)) {
		printf("Bail out! no ports, or no two idle multipath maps: %s\n", err.detail);
		return 1;
	}
	snprintf(device, sizeof(device), "/dev/mapper/%s", scene.maps[0]);
	setenv("MAP", device, 1);		    /* for the shell commands */
	setenv("LVM_SUPPRESS_FD_WARNINGS", "1", 1); /* libdevmapper leaves its control file open */
	failed = contract_run_all(&scene) + contract_run(&scene, real_checks);
	ports_system_close(&scene.ports);
	printf("# %u failed\n", failed);
	return failed ? 1 : 0;
}
