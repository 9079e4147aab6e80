/*
 * See opening.h.
 */
#include "opening.h"

#include "dm-import/store/identities.h"
#include "dm-import/store/journal.h"
#include "files.h"
#include "judge.h"

/* What counts may be newer than the store, and yet be in doubt; only recover_device goes on then, and tells it. */
int identities_load(struct engine *engine, const struct journal *journal, struct error *err)
{
	struct boot_finding *files = engine->files = calloc(1, sizeof(*files));

	if (!files)
		return error_no_memory(err);
	if (boot_inspect(&engine->options, &engine->ports->host, journal, files, err) < 0)
		return -1;
	if (files->why.code != ERR_NONE && !engine->options.leave_torn)
		return error_set(err, files->why.code, files->why.device, "%s", files->why.detail);
	engine->identities = files->store;
	files->store = (struct identity_store){ 0 };
	return 0;
}

int identities_reread(struct engine *engine, struct error *err)
{
	const struct host_port *host = &engine->ports->host;

	boot_finding_free(engine->files);
	*engine->files = (struct boot_finding){ 0 };
	return boot_inspect(&engine->options, host, NULL, engine->files, err);
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
