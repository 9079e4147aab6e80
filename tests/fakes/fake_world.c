/*
 * The fake host's core: counting, failing and logging of port calls, its files, its clock, saving and restoring.
 */
#include "fake_world.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum { CALL_COST_US = 100 };

struct fake_world *world_new(void)
{
	struct fake_world *world = calloc(1, sizeof(*world));

	if (!world)
		abort();
	world->settings = (struct multipathd_settings){
		.find_multipaths = "strict", .uid_attribute = "ID_SERIAL", .sg3_rules = true, .debian_rules = true
	};
	world->now_us = 1000000;
	world->oversleep = 1;
	world->free_bytes = UINT64_C(1) << 30;
	world->suspend_limit_us = 5 * 1000000;
	world->multipathd_running = true;
	return world;
}

static void free_files(struct fake_world *world)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		free(world->files[i].text);
		free(world->files[i].loaded);
	}
}

void world_free(struct fake_world *world)
{
	if (!world)
		return;
	free_files(world);
	free(world);
}

static char *copy_text(const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		abort();
	return copy;
}

static void copy_world(struct fake_world *to, const struct fake_world *from)
{
	memcpy(to, from, sizeof(*to));
	for (size_t i = 0; i < FILES_MAX; i++) {
		to->files[i].text = copy_text(from->files[i].text);
		to->files[i].loaded = copy_text(from->files[i].loaded);
	}
}

struct fake_world *world_save(const struct fake_world *world)
{
	struct fake_world *copy = world_new();

	copy_world(copy, world);
	return copy;
}

void world_restore(struct fake_world *world, const struct fake_world *saved)
{
	free_files(world);
	copy_world(world, saved);
}

void world_ports(struct fake_world *world, struct ports *ret)
{
	*ret = (struct ports){ 0 };
	fake_dm_port(world, &ret->dm);
	fake_scsi_port(world, &ret->scsi);
	fake_device_port(world, &ret->device);
	fake_multipathd_port(world, &ret->multipathd);
	fake_host_port(world, &ret->host);
}

const char *const failure_kind_names[] = { "none",
					   "fails before",
					   "process dies before",
					   "fails after",
					   "process dies after",
					   "power is cut after",
					   "power is cut within" };

void world_begin(struct fake_world *world, const struct failure *failure)
{
	const struct failure none = { 0 };

	world->log_length = 0;
	world->log[0] = world->violations[0] = world->failures[0] = '\0';
	world->longest_suspend_us = 0;
	world->event_call = 0;
	world_fail_again(world, failure ? failure : &none);
}

void world_fail_again(struct fake_world *world, const struct failure *failure)
{
	world->failure = *failure;
	world->calls = world->calls_of_name = world->changing_calls = 0;
}

void world_violation(struct fake_world *world, const char *fmt, ...)
{
	size_t used = strlen(world->violations);
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!strstr(world->violations, text)) /* said once is enough */
		snprintf(world->violations + used, sizeof(world->violations) - used, "%s (at call %u)\n", text,
			 world->calls);
}

void world_pass_time(struct fake_world *world, uint64_t us)
{
	world->now_us += us;
}

static void log_call(struct fake_world *world, const char *name, const char *subject)
{
	int room = (int)(sizeof(world->log) - world->log_length);
	int length = snprintf(world->log + world->log_length, (size_t)room, "%4u %s %s\n", world->calls, name,
			      subject ? subject : "");

	if (length < room)
		world->log_length += (size_t)length;
}

/* Is this call the one that was to fail? */
static bool chosen(struct fake_world *world, const char *name)
{
	const struct failure *failure = &world->failure;

	if (failure->call_name[0] && strcmp(failure->call_name, name) != 0)
		return false;
	world->calls_of_name++;
	if (world->calls_of_name != failure->call && !(failure->lasting && world->calls_of_name > failure->call))
		return false;
	if (world->calls_of_name == failure->call) {
		size_t used = strlen(world->failures);

		snprintf(world->failures + used, sizeof(world->failures) - used, "%s%s #%u %s", used ? ", then " : "",
			 name, world->calls, failure_kind_names[failure->kind]);
	}
	return true;
}

static enum error_code failure_code(const char *name, int sys_errno)
{
	if (strncmp(name, "dm.", 3) == 0)
		return ERR_DM_FAILED;
	if (strcmp(name, "scsi.probe") == 0)
		return ERR_PATH_PROBE_FAILED;
	if (strcmp(name, "scsi.pr_out") == 0)
		return ERR_PR_FAILED;
	if (strncmp(name, "scsi.", 5) == 0)
		return ERR_SCSI_FAILED;
	if (strcmp(name, "device.reidentify") == 0 || strcmp(name, "device.settle") == 0)
		return ERR_UDEV_TIMEOUT;
	if (strncmp(name, "multipathd.", 11) == 0)
		return ERR_MULTIPATHD_FAILED;
	return sys_errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
}

int world_refuse(struct fake_world *world, const char *name, const char *subject, int sys_errno, struct error *err)
{
	(void)world;
	return error_set_sys(err, failure_code(name, sys_errno), subject, sys_errno, "%s was refused", name);
}

void world_die(struct fake_world *world)
{
	if (!world->death)
		abort();
	longjmp(*world->death, 1);
}

bool world_cuts_within(struct fake_world *world, const char *name)
{
	return world->failure.kind == POWER_CUT_WITHIN && chosen(world, name);
}

/* A map that somebody has open is held; an idle one may be for longer. */
static bool application_waits(const struct fake_world *world)
{
	for (size_t i = 0; world->holds && i < MAPS_MAX; i++)
		if (world->maps[i].suspended && world->maps[i].open_count)
			return true;
	return false;
}

/*
 * What may be done while an application waits: the calls of a prepared suspend; and, of a hold that has a lease, making
 * the identities last (such a hold is refused where these files lie on a map that it holds).
 */
static bool is_allowed_in_hold(struct fake_world *world, const char *name, const char *subject)
{
	static const char *const calls[] = { "dm.suspend", "dm.resume", "dm.clear_loaded", "dm.completed_ios",
					     "scsi.pr_watch_read" };

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (strcmp(name, calls[i]) == 0)
			return true;
	if (!world_file(world, "/run/dm-import.held"))
		return false;
	return (strcmp(name, "host.replace") == 0 || strcmp(name, "host.remove") == 0) &&
	       (strcmp(subject, "/run/dm-import.held") == 0 || strcmp(subject, "/etc/dm-import/identity") == 0 ||
		strncmp(subject, "/etc/udev/rules.d/", 18) == 0);
}

int world_enter(struct fake_world *world, const char *name, const char *subject, struct error *err)
{
	const struct failure *failure = &world->failure;

	world->calls++;
	log_call(world, name, subject);
	world_pass_time(world, CALL_COST_US);
	if (world->calls == world->event_call)
		world->event(world);
	if (application_waits(world) && !is_allowed_in_hold(world, name, subject))
		world_violation(world, "%s was called while a map is held", name);
	if ((failure->kind != FAIL_BEFORE && failure->kind != DIE_BEFORE) || !chosen(world, name))
		return 0;
	if (failure->kind == DIE_BEFORE)
		world_die(world);
	return world_refuse(world, name, subject, failure->sys_errno ? failure->sys_errno : EIO, err);
}

int world_leave(struct fake_world *world, const char *name, bool changes, int rc, struct error *err)
{
	enum failure_kind kind = world->failure.kind;

	world_check(world);
	world->changing_calls += changes;
	if (kind < FAIL_AFTER || kind == POWER_CUT_WITHIN || !changes || rc != 0 || !chosen(world, name))
		return rc;
	if (kind != FAIL_AFTER)
		world_die(world);
	return world_refuse(world, name, NULL, EIO, err);
}

struct fake_file *world_file(struct fake_world *world, const char *path)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (world->files[i].text && strcmp(world->files[i].path, path) == 0)
			return &world->files[i];
	return NULL;
}

int world_write_file(struct fake_world *world, const char *path, const char *text, mode_t mode)
{
	struct fake_file *file = world_file(world, path);

	if (!file) /* a slot that udev still has loaded under this name comes first */
		for (size_t i = 0; i < FILES_MAX && !file; i++)
			if (!world->files[i].text && world->files[i].loaded && strcmp(world->files[i].path, path) == 0)
				file = &world->files[i];
	for (size_t i = 0; i < FILES_MAX && !file; i++)
		if (!world->files[i].text && !world->files[i].loaded)
			file = &world->files[i];
	if (!file)
		abort();
	free(file->text);
	snprintf(file->path, sizeof(file->path), "%s", path);
	file->text = copy_text(text);
	file->mode = mode;
	file->reserved = 0;
	return 0;
}

void world_remove_file(struct fake_world *world, const char *path)
{
	struct fake_file *file = world_file(world, path);

	if (!file)
		return;
	free(file->text);
	file->text = NULL;
}

static void dump_disks(const struct fake_world *world, struct buf *buf)
{
	for (int i = 0; i < world->disk_count; i++) {
		const struct fake_disk *disk = &world->disks[i];

		if (disk->place == DISK_PRESENT)
			buf_printf(buf, "disk %s lun %s failed %d links%s\n%s", disk->name, world->luns[disk->lun].wwid,
				   disk->failed, disk->links, disk->properties);
	}
}

/* Without the generation: there and back again is no difference. */
static void dump_registrations(const struct fake_world *world, struct buf *buf)
{
	for (int i = 0; i < world->lun_count; i++) {
		const struct fake_pr *pr = &world->luns[i].pr;

		for (size_t k = 0; k < pr->count; k++)
			buf_printf(buf, "lun %s %s registered 0x%llx %s,%u%s%s\n", world->luns[i].wwid,
				   pr_type_name(pr->type), (unsigned long long)pr->registrations[k].key,
				   pr->registrations[k].initiator, pr->registrations[k].relative_port,
				   pr->registrations[k].all_target_ports ? " all ports" : "",
				   pr->registrations[k].holder ? " holder" : "");
	}
}

char *world_dump(const struct fake_world *world)
{
	CLEANUP_BUF struct buf buf = { 0 };

	buf_printf(&buf, "multipathd %s\n", world->multipathd_running ? "running" : "stopped");
	dump_registrations(world, &buf);
	dump_disks(world, &buf);
	for (size_t i = 0; i < MAPS_MAX; i++) {
		const struct fake_map *map = &world->maps[i];

		if (map->exists)
			buf_printf(&buf, "map %s %s %u %s%s\n  active %s\n  inactive %s\n  links%s\n%s", map->name,
				   map->uuid, map->minor, map->suspended ? "suspended" : "running",
				   map->read_only ? " ro" : "", map->active, map->inactive, map->links,
				   map->properties);
	}
	for (size_t i = 0; i < FILES_MAX; i++)
		if (world->files[i].text)
			buf_printf(&buf, "file %s %o\n%s\n", world->files[i].path, (unsigned)world->files[i].mode,
				   world->files[i].text);
	return buf_take(&buf);
}
