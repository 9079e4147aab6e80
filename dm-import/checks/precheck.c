/*
 * Runs the tables of checks and collects their findings; see precheck.h. The checks are in pair.c and
 * host.c.
 */
#include "precheck.h"

#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "finding.h"
#include "host.h"
#include "pair.h"

#include "base/cleanup.h"

#include <string.h>

char *precheck_multipath_config(struct engine *engine)
{
	const struct multipathd_port *multipathd = &engine->ports->multipathd;
	char *config = NULL;
	bool running;

	if (multipathd->running(multipathd->ctx, &running, NULL) < 0 || !running ||
	    multipathd->command(multipathd->ctx, "show config", &config, NULL) < 0)
		return strdup("");
	return config;
}

static void run_checks(struct precheck *check)
{
	for (size_t i = 0; host_checks[i]; i++)
		host_checks[i](check);
	for (size_t m = 0; m < check->import->member_count; m++) {
		const struct member *member = &check->import->members[m];

		for (size_t i = 0; source_checks[i]; i++)
			source_checks[i](check, member);
		for (size_t i = 0; destination_checks[i] && !check->source_only; i++)
			destination_checks[i](check, member);
	}
}

int precheck_run(struct engine *engine, const struct import *import, const struct inventory *now,
		 bool destination_required, struct finding_list *ret, struct error *err)
{
	CLEANUP(finding_list_free) struct finding_list findings = { 0 };
	CLEANUP_FREE char *config = precheck_multipath_config(engine);
	struct precheck check = { .engine = engine,
				  .import = import,
				  .now = now,
				  .multipath_config = config,
				  .destination_required = destination_required,
				  .findings = &findings };

	if (config)
		run_checks(&check);
	if (!config || check.no_memory)
		return error_no_memory(err);
	*ret = findings;
	findings = (struct finding_list){ 0 };
	return 0;
}

int precheck_source(struct engine *engine, const struct inventory *now, const char *multipath_config, const char *wwid,
		    struct error *err)
{
	struct member member = { 0 };
	struct import import = { .members = &member, .member_count = 1 };
	struct precheck check = { .engine = engine,
				  .import = &import,
				  .now = now,
				  .multipath_config = multipath_config,
				  .source_only = true };

	snprintf(member.source_wwid, sizeof(member.source_wwid), "%s", wwid);
	run_checks(&check);
	if (check.errors == 0)
		return 0;
	*err = check.first;
	return -1;
}

/* The way back is refused only where taking it would do harm: a cancel always works. */
static int check_way_back(struct work *work, struct error *err)
{
	const struct multipathd_port *multipathd = &work->engine->ports->multipathd;
	CLEANUP_FREE char *units = NULL;

	if (multipathd->dependents(multipathd->ctx, &units, err) < 0)
		return -1;
	if (*units)
		return error_set(err, ERR_MULTIPATHD_DEPENDENTS, "multipathd", "(%s)", units);
	for (size_t i = 0; i < work->changing_count; i++) {
		const struct map *live = inventory_map(&work->now, work->changing[i]->source_wwid);
		const struct map *idle = inventory_map(&work->now, work->changing[i]->destination_wwid);

		if (live && idle && live->paths.length_sectors != idle->paths.length_sectors)
			return error_set(err, ERR_SIZE_LARGER, live->dm.name, "the two maps differ in size");
	}
	return 0;
}

int precheck_members(struct work *work, bool destination_required, struct error *err)
{
	size_t errors;

	finding_list_free(&work->findings);
	if (precheck_run(work->engine, work->import, &work->now, destination_required, &work->findings, err) < 0)
		return -1;
	errors = finding_list_errors(&work->findings);
	if (errors)
		return error_set(err, ERR_PRECHECK_FAILED, NULL, "%zu error%s", errors, errors == 1 ? "" : "s");
	return 0;
}

int precheck_switch(struct work *work, struct error *err)
{
	if (work->changing_count == 0)
		return 0;
	return work->to == SIDE_SOURCE ? check_way_back(work, err) : precheck_members(work, true, err);
}
