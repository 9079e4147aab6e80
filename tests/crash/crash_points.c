/*
 * The crash points of a build for tests. A file in /run arms one of them, once: "PLAN STEP WHERE KIND", where WHERE is
 * `before`, `after`, or a port call inside the step and its number, `dm.resume#1`: the crash comes behind it.
 *
 * The kind `pause` ends nothing: whoever armed it has time to do something to the host, until he writes a third file.
 *
 * What is hit is noted in a second file, unless the power goes with it: the time, and which processes were there to be
 * killed. The armed file goes away first, so that the recovery does not meet the same point.
 */
#include "dm-import/crash_point.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ARMED "/run/dm-import-crash"
#define HIT "/run/dm-import-crash.hit"
#define GO "/run/dm-import-crash.go"

enum { PAUSE_MAX_MS = 120000, LOOK_EVERY_MS = 20 };

static struct {
	char plan[32], step[32], call[32], kind[32];
	unsigned number, calls; /* of `call`; 0 = before or after */
	bool inside;		/* the step is under way */
	pid_t home;		/* the guardian is a fork of us, and no place to crash */
} armed;

static struct ports real;

static pid_t parent_of(pid_t pid)
{
	char path[64], text[256] = "";
	const char *behind;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	behind = strrchr(text, ')'); /* "312 (name) S 1 …": the third word behind the pid is its parent */
	return behind ? (pid_t)strtol(behind + 3, NULL, 10) : 0;
}

static bool is_named(pid_t pid, const char *name)
{
	char path[64], comm[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(comm, sizeof(comm), file))
		comm[0] = '\0';
	fclose(file);
	comm[strcspn(comm, "\n")] = '\0';
	return strcmp(comm, name) == 0;
}

/* How many processes of this name there are, of this parent unless 0; with a signal they get it. */
static unsigned processes(const char *name, pid_t parent, int signal_number)
{
	struct dirent *entry;
	unsigned count = 0;
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)strtol(entry->d_name, NULL, 10) : 0;

		if (pid == 0 || !is_named(pid, name) || (parent && parent_of(pid) != parent))
			continue;
		count++;
		if (signal_number)
			kill(pid, signal_number);
	}
	if (proc)
		closedir(proc);
	return count;
}

static void note(void)
{
	unsigned guardians = processes("dm-import-guard", getpid(), 0), multipathd = processes("multipathd", 0, 0);
	struct timespec now;
	FILE *file = fopen(HIT ".new", "we");

	clock_gettime(CLOCK_REALTIME, &now);
	if (!file)
		return;
	fprintf(file, "%" PRIi64 ".%03ld %u %u\n", (int64_t)now.tv_sec, now.tv_nsec / 1000000, guardians, multipathd);
	fclose(file);
	rename(HIT ".new", HIT);
}

static void cut_power(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	for (;;) /* whatever was not flushed is lost: there is no sync before it */
		if (fd < 0 || write(fd, "b", 1) != 1)
			abort();
}

static void pause_until_go(void)
{
	for (int waited_ms = 0; waited_ms < PAUSE_MAX_MS && access(GO, F_OK) < 0; waited_ms += LOOK_EVERY_MS)
		poll(NULL, 0, LOOK_EVERY_MS);
	unlink(GO);
}

static void crash(void)
{
	armed.number = 0;
	armed.plan[0] = '\0';
	unlink(ARMED);
	if (strcmp(armed.kind, "power") == 0)
		cut_power();
	note();
	if (strcmp(armed.kind, "pause") == 0) {
		pause_until_go();
		return;
	}
	if (strcmp(armed.kind, "multipathd") == 0) {
		processes("multipathd", 0, SIGKILL);
		return;
	}
	if (strcmp(armed.kind, "both") == 0)
		processes("dm-import-guard", getpid(), SIGKILL);
	kill(getpid(), SIGKILL);
}

static void read_armed(void)
{
	FILE *file = fopen(ARMED, "re");
	char where[32], *number;

	memset(&armed, 0, sizeof(armed));
	armed.home = getpid();
	if (!file)
		return;
	if (fscanf(file, "%31s %31s %31s %31s", armed.plan, armed.step, where, armed.kind) != 4)
		armed.plan[0] = '\0';
	fclose(file);
	number = strchr(where, '#');
	if (number) {
		*number = '\0';
		armed.number = (unsigned)strtoul(number + 1, NULL, 10);
	}
	snprintf(armed.call, sizeof(armed.call), "%s", where);
}

void crash_point(const char *plan, const char *step, const char *where)
{
	bool here;

	if (strcmp(where, "before") == 0)
		read_armed();
	here = strcmp(armed.plan, plan) == 0 && strcmp(armed.step, step) == 0;
	armed.inside = here && strcmp(where, "before") == 0;
	if (here && armed.number == 0 && strcmp(armed.call, where) == 0)
		crash();
}

static void behind(const char *call)
{
	if (!armed.inside || armed.number == 0 || strcmp(armed.call, call) != 0 || getpid() != armed.home)
		return;
	if (++armed.calls == armed.number)
		crash();
}

#define CALL(port, name, parameters, arguments) \
	static int port##_##name parameters \
	{ \
		int result = real.port.name arguments; \
\
		behind(#port "." #name); \
		return result; \
	}

CALL(dm, list, (void *ctx, struct dm_device **ret, size_t *count, struct error *err), (ctx, ret, count, err))
CALL(dm, load, (void *ctx, const char *map, const char *table, bool read_only, struct error *err),
     (ctx, map, table, read_only, err))
CALL(dm, clear, (void *ctx, const char *map, struct error *err), (ctx, map, err))
CALL(dm, remove, (void *ctx, const char *map, struct error *err), (ctx, map, err))
CALL(dm, message, (void *ctx, const char *map, const char *text, struct error *err), (ctx, map, text, err))
CALL(dm, suspend, (struct dm_suspend * hold), (hold))
CALL(dm, resume, (struct dm_suspend * hold), (hold))
CALL(scsi, probe, (void *ctx, const char *disk, unsigned timeout_ms, struct probed *ret, struct error *err),
     (ctx, disk, timeout_ms, ret, err))
CALL(scsi, pr_read, (void *ctx, const char *disk, struct pr_state *ret, struct error *err), (ctx, disk, ret, err))
CALL(device, disks, (void *ctx, struct disk **ret, size_t *count, struct error *err), (ctx, ret, count, err))
CALL(device, rescan, (void *ctx, struct error *err), (ctx, err))
CALL(device, reidentify, (void *ctx, const char *const *disks, size_t count, unsigned timeout_ms, struct error *err),
     (ctx, disks, count, timeout_ms, err))
CALL(device, settle, (void *ctx, unsigned timeout_ms, struct error *err), (ctx, timeout_ms, err))
CALL(device, delete_disk, (void *ctx, const char *disk, struct error *err), (ctx, disk, err))
CALL(multipathd, command, (void *ctx, const char *command, char **reply, struct error *err), (ctx, command, reply, err))
CALL(multipathd, stop, (void *ctx, struct error *err), (ctx, err))
CALL(multipathd, start, (void *ctx, struct error *err), (ctx, err))
CALL(multipathd, claim, (void *ctx, const char *disk, struct error *err), (ctx, disk, err))
CALL(host, replace, (void *ctx, const char *path, const char *text, mode_t mode, struct error *err),
     (ctx, path, text, mode, err))
CALL(host, append, (void *ctx, const char *path, uint64_t offset, const char *text, struct error *err),
     (ctx, path, offset, text, err))
CALL(host, reserve, (void *ctx, const char *path, uint64_t size, struct error *err), (ctx, path, size, err))
CALL(host, remove, (void *ctx, const char *path, struct error *err), (ctx, path, err))

void crash_points_in(struct ports *ports)
{
	real = *ports;
	ports->dm.list = dm_list;
	ports->dm.load = dm_load;
	ports->dm.clear = dm_clear;
	ports->dm.remove = dm_remove;
	ports->dm.message = dm_message;
	ports->dm.suspend = dm_suspend_map;
	ports->dm.resume = dm_resume;
	ports->scsi.probe = scsi_probe;
	ports->scsi.pr_read = scsi_pr_read;
	ports->device.disks = device_disks;
	ports->device.rescan = device_rescan;
	ports->device.reidentify = device_reidentify;
	ports->device.settle = device_settle;
	ports->device.delete_disk = device_delete_disk;
	ports->multipathd.command = multipathd_command;
	ports->multipathd.stop = multipathd_stop;
	ports->multipathd.start = multipathd_start;
	ports->multipathd.claim = multipathd_claim;
	ports->host.replace = host_replace;
	ports->host.append = host_append;
	ports->host.reserve = host_reserve;
	ports->host.remove = host_remove;
}
