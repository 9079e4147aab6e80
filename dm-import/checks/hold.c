/*
 * What a held switch needs beyond a switch: for seconds nothing may be on the held maps that the host, the agent or its
 * log cannot do without.
 */
#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "finding.h"
#include "precheck.h"

#include "base/cleanup.h"

#include <string.h>

/* The file system mounted at `mount` has `path` in it, as far as names tell. */
static bool carries(const char *mount, const char *path)
{
	size_t length = strlen(mount);

	if (strcmp(mount, "/") == 0)
		return true;
	return strncmp(path, mount, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static const char *needed_below(const struct engine_options *options, const struct user *user)
{
	const char *const needed[] = { "/etc",
				       "/run",
				       "/var",
				       "/var/log",
				       options->etc_directory,
				       options->rules_directory,
				       options->state_directory,
				       options->log_directory };

	if (user->kind == USER_SWAP)
		return "swap";
	for (size_t i = 0; user->kind == USER_MOUNT && i < ARRAY_SIZE(needed); i++)
		if (needed[i] && carries(user->name, needed[i]))
			return needed[i];
	return NULL;
}

static int check_member(struct precheck *check, const struct member *member, struct error *err)
{
	const struct device_port *device = &check->engine->ports->device;
	const struct map *live = inventory_map(check->now, member->source_wwid);
	CLEANUP_FREE struct user *users = NULL;
	char name[NODE_SIZE];
	size_t count = 0;

	if (!live)
		return 0;
	map_node(live, name);
	if (device->users(device->ctx, name, &users, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const char *what = needed_below(&check->engine->options, &users[i]);

		if (what)
			finding_add(check, ERR_HOLD_CARRIES_SYSTEM, SEVERITY_ERROR, member, live->dm.name,
				    "%s is on it (%.200s)", what, users[i].name);
	}
	return 0;
}

int precheck_hold(struct work *work, struct error *err)
{
	CLEANUP(finding_list_free) struct finding_list findings = { 0 };
	struct precheck check = {
		.engine = work->engine, .import = work->import, .now = &work->now, .findings = &findings
	};
	int result = 0;

	for (size_t i = 0; i < work->changing_count && result == 0; i++)
		result = check_member(&check, work->changing[i], err);
	if (result < 0 || check.errors == 0)
		return result;
	if (check.no_memory)
		return error_no_memory(err);
	finding_list_free(&work->findings);
	work->findings = findings;
	findings = (struct finding_list){ 0 };
	return error_set(err, ERR_PRECHECK_FAILED, NULL, "%zu error%s", check.errors, check.errors == 1 ? "" : "s");
}
