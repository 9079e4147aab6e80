/*
 * The identity store on disk, the rules made of it, and making udev follow. The order is always store, rules, udev:
 * each can be made again from the one before it, so that a crash in between is repaired by applying the store once
 * more.
 */
#include "dm-import/boot/boot.h"
#include "dm-import/core/engine.h"

#include "base/cleanup.h"

#include <limits.h>
#include <string.h>

static void store_path(const struct engine *engine, char ret[static PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/identity", engine->options.etc_directory);
}

static void rules_path(const struct engine *engine, size_t i, char ret[static PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/%s", engine->options.rules_directory, identity_rule_files[i]);
}

/* What counts may be newer than the store, and yet be in doubt; only recover_device goes on then, and tells it. */
int identities_load(struct engine *engine, const struct journal *journal, struct error *err)
{
	struct boot_finding *files = &engine->files;

	if (boot_look(&engine->options, &engine->ports->host, journal, files, err) < 0)
		return -1;
	if (files->why.code != ERR_NONE && !engine->options.leave_torn)
		return error_set(err, files->why.code, files->why.device, "%s", files->why.detail);
	engine->identities = files->store;
	files->store = (struct identity_store){ 0 };
	return 0;
}

int identities_look_again(struct engine *engine, struct error *err)
{
	const struct host_port *host = &engine->ports->host;

	boot_finding_free(&engine->files);
	engine->files = (struct boot_finding){ 0 };
	return boot_look(&engine->options, host, NULL, &engine->files, err);
}

static int write_rules(struct engine *engine, const char *rules, struct error *err)
{
	if (!rules)
		return error_no_memory(err);
	return boot_write_rules(&engine->ports->host, engine->options.rules_directory, identity_rule_files,
				engine->identities.count ? rules : NULL, err);
}

int identities_apply(struct engine *engine, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	CLEANUP_FREE char *rules = identity_rules(&engine->identities);
	bool empty = engine->identities.count == 0; /* nothing to remember: nothing of ours is left behind */
	char path[PATH_MAX];

	store_path(engine, path);
	if ((!empty && boot_write_store(&engine->options, host, &engine->identities, err) < 0) ||
	    write_rules(engine, rules, err) < 0 || (empty && host->remove(host->ctx, path, err) < 0))
		return -1;
	return host->remove(host->ctx, engine->options.held_marker, err);
}

static int file_is(const struct engine *engine, const char *path, const char *wanted, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	CLEANUP_FREE char *text = NULL;

	if (!wanted)
		return error_no_memory(err);
	if (host->read(host->ctx, path, &text, err) < 0)
		return -1;
	if (text && strcmp(text, wanted) == 0)
		return 0;
	return error_set(err, ERR_IDENTITY_FILES, path, text ? "(edited)" : "(missing)");
}

int identities_check_files(const struct engine *engine, struct error *err)
{
	CLEANUP_FREE char *text = identity_format(&engine->identities);
	CLEANUP_FREE char *rules = identity_rules(&engine->identities);
	char path[PATH_MAX];

	if (engine->identities.count == 0)
		return 0;
	store_path(engine, path);
	if (file_is(engine, path, text, err) < 0)
		return -1;
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++) {
		rules_path(engine, i, path);
		if (file_is(engine, path, rules, err) < 0)
			return -1;
	}
	return 0;
}

int identities_at_boot(const struct engine *engine, bool *ret, struct error *err)
{
	return boot_rules_there(&engine->options, &engine->ports->host, ret, err);
}

/*
 * The rules that the check at boot made win over those of /etc, so they go before anything is recovered. What they
 * present is the same, therefore no device is looked at anew.
 */
int identities_end_boot(struct engine *engine, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	const struct device_port *device = &engine->ports->device;
	const struct boot_finding none = { .verdict = BOOT_NOTHING };
	bool any;

	if (identities_at_boot(engine, &any, err) < 0)
		return -1;
	if (!any)
		return 0;
	if (identities_apply(engine, err) < 0 || boot_write(&engine->options, host, &none, err) < 0)
		return -1;
	return device->reidentify(device->ctx, NULL, 0, UDEV_TIMEOUT_MS, err);
}

static int set_role(struct engine *engine, const struct import *import, enum identity_role role, struct error *err)
{
	for (size_t i = 0; i < import->member_count; i++) {
		const struct member *member = &import->members[i];

		if (identity_set(&engine->identities, import->id, member->source_wwid, member->destination_wwid, role,
				 err) < 0)
			return -1;
	}
	return 0;
}

int identities_assign(struct engine *engine, const struct import *import, enum identity_role role, struct error *err)
{
	return set_role(engine, import, role, err) < 0 ? -1 : identities_apply(engine, err);
}

int identities_hold(struct engine *engine, const struct import *import, enum identity_role role, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	CLEANUP_FREE struct identity_record *records = calloc(engine->identities.count, sizeof(*records));
	CLEANUP_FREE char *rules = NULL;
	struct identity_store kept = engine->identities;

	if (!records)
		return error_no_memory(err);
	kept.records = memcpy(records, engine->identities.records, kept.count * sizeof(*records));
	/* rules are never newer than the store: a check at boot would take that for an old store */
	if (boot_write_store(&engine->options, host, &kept, err) < 0 || set_role(engine, import, role, err) < 0)
		return -1;
	rules = identity_rules_held(&kept, &engine->identities, engine->options.held_marker);
	if (write_rules(engine, rules, err) < 0)
		return -1;
	return host->replace(host->ctx, engine->options.held_marker, "", 0644, err);
}

/* Our rule has matched this disk: it leaves the true WWID in udev's database. */
static int verify_rule(struct engine *engine, const struct disk *disk, struct error *err)
{
	const struct device_port *device = &engine->ports->device;
	CLEANUP_FREE char *known = NULL;

	if (device->property(device->ctx, disk->name, "DM_IMPORT_TRUE_WWID", &known, err) < 0)
		return -1;
	if (!known || strcmp(known, disk->true_wwid) != 0)
		return error_set(err, ERR_UDEV_FAILED, disk->name, "no rule of ours matches the LUN %s",
				 disk->true_wwid);
	return 0;
}

int identities_verify(struct engine *engine, const struct import *import, struct error *err)
{
	CLEANUP_INVENTORY struct inventory now = { 0 };

	if (inventory_load(engine->ports, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < now.disk_count; i++) {
		const struct disk *disk = &now.disks[i];
		struct presentation should;

		if (!import_concerns(import, disk->true_wwid))
			continue;
		identity_present(&engine->identities, disk->true_wwid, &should);
		if (strcmp(disk->presented_wwid, should.wwid) != 0)
			return error_set(err, ERR_UDEV_FAILED, disk->name, "udev presents %s as %s instead of %s",
					 disk->true_wwid, disk->presented_wwid, should.wwid);
		if (should.hidden && disk->system_ready)
			return error_set(err, ERR_UDEV_FAILED, disk->name, "the LUN %s is not hidden", disk->true_wwid);
		if (verify_rule(engine, disk, err) < 0)
			return -1;
	}
	return 0;
}

int identities_show_live(struct engine *engine, const struct import *import, struct error *err)
{
	const struct device_port *device = &engine->ports->device;
	CLEANUP_INVENTORY struct inventory now = { 0 };
	char text[MEMBERS_MAX][16];
	const char *names[MEMBERS_MAX];
	size_t count = 0;

	if (inventory_load(engine->ports, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < import->member_count; i++) {
		const struct map *live = inventory_map(&now, import->members[i].source_wwid);
		CLEANUP_FREE char *kept = NULL;

		if (!live)
			continue;
		snprintf(text[count], sizeof(text[count]), "dm-%u", live->dm.minor);
		if (device->property(device->ctx, text[count], "DM_NOSCAN", &kept, err) < 0)
			return -1;
		names[count] = text[count];
		count += kept == NULL;
	}
	if (count == 0)
		return 0;
	return device->reidentify(device->ctx, names, count, UDEV_TIMEOUT_MS + (unsigned)count * UDEV_PER_DISK_MS, err);
}

int identities_present(struct engine *engine, const struct import *import, struct error *err)
{
	const struct device_port *device = &engine->ports->device;
	CLEANUP_INVENTORY struct inventory now = { 0 };
	CLEANUP_FREE const char **names = NULL;
	size_t count = 0;

	if (inventory_load(engine->ports, &now, err) < 0)
		return -1;
	names = calloc(now.disk_count + 1, sizeof(*names));
	if (!names)
		return error_no_memory(err);
	for (size_t i = 0; i < now.disk_count; i++)
		if (import_concerns(import, now.disks[i].true_wwid))
			names[count++] = now.disks[i].name;
	if (device->reidentify(device->ctx, names, count, UDEV_TIMEOUT_MS + (unsigned)count * UDEV_PER_DISK_MS, err) <
	    0)
		return -1;
	return identities_verify(engine, import, err);
}
