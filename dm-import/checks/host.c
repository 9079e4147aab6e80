/*
 * Pre-checks of the host as a whole: multipathd and its settings, other path managers, space. Each is one function in
 * the table at the end.
 */
#include "host.h"

#include "finding.h"

#include "base/cleanup.h"

#include <string.h>

static void multipathd_runs(struct precheck *check)
{
	const struct multipathd_port *multipathd = &check->engine->ports->multipathd;
	struct error err = { 0 };
	bool running = false;

	if (multipathd->running(multipathd->ctx, &running, &err) < 0 || !running)
		finding_add(check, ERR_MULTIPATHD_NOT_RUNNING, SEVERITY_ERROR, NULL, "multipathd", "%s", err.detail);
}

static void nothing_goes_down_with_it(struct precheck *check)
{
	const struct multipathd_port *multipathd = &check->engine->ports->multipathd;
	CLEANUP_FREE char *units = NULL;
	struct error err = { 0 };

	if (multipathd->dependents(multipathd->ctx, &units, &err) < 0)
		finding_add(check, ERR_MULTIPATHD_FAILED, SEVERITY_ERROR, NULL, "multipathd", "%s", err.detail);
	else if (*units)
		finding_add(check, ERR_MULTIPATHD_DEPENDENTS, SEVERITY_ERROR, NULL, "multipathd", "%s", units);
}

const char *other_path_manager(const struct host_port *host, size_t nth)
{
	static const struct {
		const char *directory, *product;
	} others[] = {
		{ "/sys/module/emcp", "PowerPath" },
		{ "/sys/module/vxdmp", "Veritas DMP" },
		{ "/sys/module/dm_switch", "the EqualLogic Host Integration Tools (dm-switch)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		CLEANUP_FREE char *names = NULL;

		if (host->list(host->ctx, others[i].directory, &names, NULL) == 0 && *names && nth-- == 0)
			return others[i].product;
	}
	return NULL;
}

static void no_other_path_manager(struct precheck *check)
{
	const struct host_port *host = &check->engine->ports->host;
	const char *product;

	for (size_t nth = 0; (product = other_path_manager(host, nth)); nth++)
		finding_add(check, ERR_PRODUCT_CONFLICT, SEVERITY_ERROR, NULL, NULL, "%s", product);
}

static void space_for_state(struct precheck *check)
{
	const struct engine_options *options = &check->engine->options;
	const struct host_port *host = &check->engine->ports->host;
	const char *const places[] = { options->state_directory, options->etc_directory, options->rules_directory };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		uint64_t free_bytes = 0;
		struct error err = { 0 };

		if (host->free_bytes(host->ctx, places[i], &free_bytes, &err) < 0)
			finding_add(check, ERR_IO, SEVERITY_ERROR, NULL, places[i], "%s", err.detail);
		else if (free_bytes < FREE_BYTES_NEEDED)
			finding_add(check, ERR_NO_SPACE, SEVERITY_ERROR, NULL, places[i],
				    "%s has %llu KiB free, %u are needed", places[i],
				    (unsigned long long)free_bytes >> 10, FREE_BYTES_NEEDED >> 10);
	}
}

/* init/refresh-initramfs leaves a note when it fails. A boot with an old initramfs is slower and no worse. */
static void initramfs_knows(struct precheck *check)
{
	const struct host_port *host = &check->engine->ports->host;
	CLEANUP_FREE char *note = NULL;

	if (host->read(host->ctx, check->engine->options.initramfs_note, &note, NULL) == 0 && note)
		finding_add(check, ERR_INITRAMFS_OLD, SEVERITY_WARNING, NULL, NULL, "%.*s", (int)strcspn(note, "\n"),
			    note);
}

host_check *const host_checks[] = {
	multipathd_runs, nothing_goes_down_with_it, no_other_path_manager, space_for_state, initramfs_knows, NULL,
};
