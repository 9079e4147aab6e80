/*
 * The engine as an object: opening it (lock, state, recovery), and from a verb to the function that runs it.
 */
#include "dm-import/boot/judge.h"
#include "dm-import/boot/opening.h"
#include "dm-import/hold/resume.h"
#include "dm-import/recovery/recover.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "dm-import/verbs/held.h"
#include "dm-import/verbs/verbs.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>

void engine_options_defaults(struct engine_options *ret)
{
	*ret = (struct engine_options){
		.etc_directory = "/etc/dm-import",
		.rules_directory = "/etc/udev/rules.d",
		.boot_rules_directory = "/run/udev/rules.d",
		.initramfs_note = "/run/dm-import/initramfs-failed",
		.state_directory = "/var/lib/dm-import",
		.arrays_file = "/usr/share/dm-import/arrays.conf",
		.held_marker = "/run/dm-import.held",
		.lock_file = "/run/dm-import.lock",
		.min_paths = 2,
		.max_members = 16,
		.hold_deadline_ms = 5000,
		.hold_lease_max_ms = 30000,
		.journal_limit = 1 << 20,
		.journal_keep = 200,
		.log_directory = "/var/log/import",
	};
}

static int load_arrays_file(struct engine *engine, const char *path, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	CLEANUP_FREE char *text = NULL;

	if (host->read(host->ctx, path, &text, err) < 0)
		return -1;
	return text ? arrays_add(&engine->arrays, path, text, err) : 0;
}

static int load_arrays(struct engine *engine, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	CLEANUP_FREE char *names = NULL;
	char path[PATH_MAX], *rest, *name;

	if (load_arrays_file(engine, engine->options.arrays_file, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/arrays.d", engine->options.etc_directory);
	if (host->list(host->ctx, path, &names, err) < 0)
		return -1;
	for (name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
		size_t length = strlen(name);

		if (length <= 5 || strcmp(name + length - 5, ".conf") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/arrays.d/%s", engine->options.etc_directory, name);
		if (load_arrays_file(engine, path, err) < 0)
			return -1;
	}
	return 0;
}

static int make_directories(struct engine *engine, struct error *err)
{
	const struct host_port *host = &engine->ports->host;

	if (host->make_directories(host->ctx, engine->options.etc_directory, 0755, err) < 0)
		return -1;
	return host->make_directories(host->ctx, engine->options.state_directory, 0700, err);
}

static int load(struct engine *engine, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	CLEANUP_JOURNAL struct journal journal = { 0 };
	CLEANUP_FREE char *text = NULL;
	bool writes = !engine->options.look_only;
	struct error why = { 0 };
	int result, read;

	if ((writes && make_directories(engine, err) < 0) || load_arrays(engine, err) < 0)
		return -1;
	read = journal_read(&engine->options, host, &text, &journal, &why);
	result = identities_load(engine, &journal, err);
	if (read == 0)
		read = import_load_all(engine, &journal, !text, &why);
	if (read < 0 && result == 0) {
		*err = why;
		result = -1;
	}
	/* without its records the engine does nothing; but where it is certain that a switch is torn, nobody waits */
	if (result < 0 && writes)
		resume_all_torn(engine);
	return result;
}

static int repair(struct engine *engine, struct error *err)
{
	/* an application waits for what is held: before anything that could fail or take its time */
	resume_all_torn(engine);
	if (journal_repair(engine, err) < 0 || identities_end_boot(engine, err) < 0 || recover_all(engine, err) < 0)
		return -1;
	journal_compact_file(engine, true);
	return 0;
}

int engine_open(struct engine **ret, const struct engine_options *options, const struct ports *ports, struct error *err)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return error_no_memory(err);
	engine->options = *options;
	engine->ports = ports;
	engine->lock_fd = -1;
	if (engine_lock(options, &engine->lock_fd, err) < 0 || load(engine, err) < 0 ||
	    (!options->look_only && !options->leave_torn && repair(engine, err) < 0)) {
		engine_close(engine);
		return -1;
	}
	*ret = engine;
	return 0;
}

void engine_close(struct engine *engine)
{
	if (!engine)
		return;
	held_take_back(engine, HOLD_INTERRUPTED, NULL, NULL);
	for (size_t i = 0; i < engine->import_count; i++) {
		for (size_t m = 0; m < engine->imports[i]->member_count; m++)
			member_forget_reservations(engine->ports, &engine->imports[i]->members[m]);
		import_free(engine->imports[i]);
	}
	free(engine->imports);
	identity_free(&engine->identities);
	if (engine->files)
		boot_finding_free(engine->files);
	free(engine->files);
	arrays_free(&engine->arrays);
	if (engine->lock_fd >= 0)
		close(engine->lock_fd);
	free(engine);
}

size_t engine_imports_in_progress(struct engine *engine)
{
	size_t count = 0;

	for (size_t i = 0; i < engine->import_count; i++)
		count += import_state_in_progress(engine->imports[i]->state);
	return count;
}

int engine_run(struct engine *engine, const struct verb_request *request, const struct observer *observer,
	       struct verb_result *ret_result, struct error *err)
{
	static int (*const verbs[VERB_COUNT])(struct engine *, const struct verb_request *, const struct observer *,
					      struct verb_result *, struct error *) = {
		[VERB_REFRESH] = verb_refresh,	 [VERB_PRECHECK] = verb_precheck,
		[VERB_PREPARE] = verb_prepare,	 [VERB_SWITCH] = verb_switch,
		[VERB_COMMIT] = verb_commit,	 [VERB_CANCEL] = verb_cancel,
		[VERB_HOLD] = verb_hold,	 [VERB_RELEASE] = verb_release,
		[VERB_RECOVER] = recover_device, [VERB_RESERVATION] = verb_reservation,
	};

	return verbs[request->verb](engine, request, observer, ret_result, err);
}
