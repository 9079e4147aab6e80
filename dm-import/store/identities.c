/*
 * The identity store on disk, and the rules made from it. The order is always store, rules, udev: each can be made from
 * the one before it, so a crash in between is repaired by applying the store again.
 */
#include "identities.h"

#include "identity_rules.h"

#include "base/cleanup.h"

#include <string.h>

enum { RULES_MODE = 0644, STORE_MODE = 0600 };

void identities_store_path(const struct engine_options *options, char ret[static PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/identity", options->etc_directory);
}

static void rules_path(const struct engine *engine, size_t i, char ret[static PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/%s", engine->options.rules_directory, identity_rule_files[i]);
}

int identities_write_store(const struct engine_options *options, const struct host_port *host,
			   const struct identity_store *store, struct error *err)
{
	CLEANUP_FREE char *text = identity_format(store);
	char path[PATH_MAX];

	if (!text)
		return error_no_memory(err);
	identities_store_path(options, path);
	return host->replace(host->ctx, path, text, STORE_MODE, err);
}

int identities_write_rules(const struct host_port *host, const char *directory, const char *const *names,
			   const char *rules, struct error *err)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		if (rules ? host->replace(host->ctx, path, rules, RULES_MODE, err) < 0
			  : host->remove(host->ctx, path, err) < 0)
			return -1;
	}
	return 0;
}

static int write_rules(struct engine *engine, const char *rules, struct error *err)
{
	if (!rules)
		return error_no_memory(err);
	return identities_write_rules(&engine->ports->host, engine->options.rules_directory, identity_rule_files,
				      engine->identities.count ? rules : NULL, err);
}

int identities_apply(struct engine *engine, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	CLEANUP_FREE char *rules = identity_rules(&engine->identities);
	bool empty = engine->identities.count == 0; /* nothing to remember: remove all our files */
	char path[PATH_MAX];

	identities_store_path(&engine->options, path);
	if ((!empty && identities_write_store(&engine->options, host, &engine->identities, err) < 0) ||
	    write_rules(engine, rules, err) < 0 || (empty && host->remove(host->ctx, path, err) < 0))
		return -1;
	engine->identities_held = false;
	return 0;
}

int identities_end_hold(struct engine *engine, struct error *err)
{
	const struct host_port *host = &engine->ports->host;

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
	identities_store_path(&engine->options, path);
	if (file_is(engine, path, text, err) < 0)
		return -1;
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++) {
		rules_path(engine, i, path);
		if (file_is(engine, path, rules, err) < 0)
			return -1;
	}
	return 0;
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
	/* rules are never newer than the store: the check at boot would then consider the store old */
	if (identities_write_store(&engine->options, host, &kept, err) < 0 || set_role(engine, import, role, err) < 0)
		return -1;
	rules = identity_rules_held(&kept, &engine->identities, engine->options.held_marker);
	if (write_rules(engine, rules, err) < 0)
		return -1;
	engine->identities_held = true;
	return host->replace(host->ctx, engine->options.held_marker, "", 0644, err);
}
