/*
 * The check before udev starts: reading the copies of the identities, writing rules to /run where those of /etc do not
 * say what counts, and putting a store back. By files alone, for no device is there yet.
 *
 * Nothing is written to /etc at boot: it may still be read-only, and what is damaged there is evidence.
 */
#include "files.h"

#include "dm-import/store/identities.h"
#include "dm-import/store/identity_rules.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "judge.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <limits.h>
#include <string.h>

static int read_file(const struct host_port *host, const char *path, char **ret, struct error *err)
{
	if (host->read(host->ctx, path, ret, NULL) == 0)
		return 0;
	*ret = strdup("");
	return *ret ? 0 : error_no_memory(err);
}

static void free_files(struct boot_files *files)
{
	free(files->store);
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++)
		free(files->rules[i]);
}

static int read_files(const struct engine_options *options, const struct host_port *host, struct boot_files *ret,
		      struct error *err)
{
	char path[PATH_MAX];

	identities_store_path(options, path);
	if (read_file(host, path, &ret->store, err) < 0)
		return -1;
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", options->rules_directory, identity_rule_files[i]);
		if (read_file(host, path, &ret->rules[i], err) < 0)
			return -1;
	}
	return 0;
}

int boot_inspect(const struct engine_options *options, const struct host_port *host, const struct journal *journal,
		 struct boot_finding *ret, struct error *err)
{
	struct boot_files files = { .journal = journal };
	CLEANUP_JOURNAL struct journal own = { 0 };
	CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	int result = read_files(options, host, &files, err);

	if (!journal) {
		/* one on a file system that is not mounted yet is looked at when the agent starts */
		journal_read(options, host, &text, &own, NULL);
		files.journal = &own;
	}
	if (result == 0)
		result = boot_judge(&files, ret, err);
	free_files(&files);
	if (result == 0 && ret->why.code != ERR_NONE) {
		identities_store_path(options, path);
		snprintf(ret->why.device, sizeof(ret->why.device), "%.63s", path);
	}
	return result;
}

int boot_rules_there(const struct engine_options *options, const struct host_port *host, bool *ret, struct error *err)
{
	CLEANUP_FREE char *names = NULL;

	if (host->list(host->ctx, options->boot_rules_directory, &names, err) < 0)
		return -1;
	*ret = false;
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++)
		*ret |= strstr(names, identity_down_files[i]) != NULL;
	return 0;
}

int boot_write(const struct engine_options *options, const struct host_port *host, const struct boot_finding *finding,
	       struct error *err)
{
	const char *directory = options->boot_rules_directory;
	CLEANUP_FREE char *rules = NULL;

	if (!finding->rules_needed)
		return identities_write_rules(host, directory, identity_down_files, NULL, err);
	rules = identity_rules_down(&finding->store, &finding->down);
	if (!rules)
		return error_no_memory(err);
	if (host->make_directories(host->ctx, directory, 0755, err) < 0)
		return -1;
	return identities_write_rules(host, directory, identity_down_files, rules, err);
}

/* Of what the check found, for the console. NULL: all is well, or there is no memory. */
static char *describe(const struct boot_finding *finding)
{
	struct buf text = { 0 };
	char line[1024];

	if (finding->verdict == BOOT_RULES_BEHIND)
		buf_printf(&text,
			   "udev rules were missing, damaged or old. The rules of all %zu pairs were written again "
			   "from the identity store, to /run until the agent has started.\n",
			   finding->store.count);
	if (finding->why.code != ERR_NONE) {
		error_format(&finding->why, line, sizeof(line));
		buf_printf(&text, "%s\n", line);
	}
	if (finding->down.count) {
		buf_puts(&text, "These LUNs stay down, because it is not certain which of them have the newest data:");
		for (size_t i = 0; i < finding->down.count; i++)
			buf_printf(&text, " %s", finding->down.wwids[i]);
		buf_puts(&text, "\n");
	}
	return text.length ? buf_take(&text) : NULL;
}

int engine_boot_check(const struct engine_options *options, const struct host_port *host, char **ret_text,
		      bool *ret_well, struct error *err)
{
	CLEANUP_BOOT_FINDING struct boot_finding finding = { 0 };
	CLEANUP_FD int lock = -1; /* rules of /run that outlast a switch would undo it */

	if (engine_lock(options, &lock, err) < 0 || boot_inspect(options, host, NULL, &finding, err) < 0 ||
	    boot_write(options, host, &finding, err) < 0)
		return -1;
	*ret_text = describe(&finding);
	*ret_well = finding.why.code == ERR_NONE;
	return 0;
}

/* All of them, whichever side is live: so that it need not be made anew at each switch. */
static char *initramfs_rules(struct boot_finding *finding, struct error *err)
{
	const struct identity_store none = { 0 };
	char *rules;

	for (size_t i = 0; i < finding->store.count; i++)
		if (lun_set_add_pair(&finding->down, finding->store.records[i].source_wwid,
				     finding->store.records[i].destination_wwid, err) < 0)
			return NULL;
	rules = finding->down.count ? identity_rules_down(&none, &finding->down) : strdup("");
	if (!rules)
		error_no_memory(err);
	return rules;
}

int engine_boot_initramfs(const struct engine_options *options, const struct host_port *host, const char *directory,
			  char **ret_rules, char **ret_text, struct error *err)
{
	CLEANUP_BOOT_FINDING struct boot_finding finding = { 0 };
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *rules = NULL;

	if (boot_inspect(options, host, NULL, &finding, err) < 0)
		return -1;
	text = finding.why.code != ERR_NONE ? describe(&finding) : NULL;
	rules = initramfs_rules(&finding, err);
	if (!rules)
		return -1;
	if (directory && *rules &&
	    (host->make_directories(host->ctx, directory, 0755, err) < 0 ||
	     identities_write_rules(host, directory, identity_down_files, rules, err) < 0))
		return -1;
	*ret_rules = TAKE(rules);
	*ret_text = TAKE(text);
	return 0;
}

static int write_all(const struct engine_options *options, const struct host_port *host,
		     const struct identity_store *store, struct error *err)
{
	CLEANUP_FREE char *rules = identity_rules(store);

	if (!rules)
		return error_no_memory(err);
	if (identities_write_store(options, host, store, err) < 0)
		return -1;
	return identities_write_rules(host, options->rules_directory, identity_rule_files, rules, err);
}

int engine_boot_restore(const struct engine_options *options, const struct host_port *host, const char *records,
			struct error *err)
{
	CLEANUP_BOOT_FINDING struct boot_finding finding = { 0 };
	struct identity_store given = { 0 };
	CLEANUP_FD int lock = -1;
	int result;

	if (engine_lock(options, &lock, err) < 0 || boot_inspect(options, host, NULL, &finding, err) < 0)
		return -1;
	if (!records && finding.store.count == 0)
		return error_set(err, ERR_VALUE_INVALID, "FILE", "is missing: no copy of the identities is intact");
	if (!records)
		return write_all(options, host, &finding.store, err);
	if (identity_parse_records(records, &given, err) < 0)
		return -1;
	if (given.generation <= finding.store.generation)
		given.generation = finding.store.generation + 1;
	result = given.count ? write_all(options, host, &given, err)
			     : error_set(err, ERR_VALUE_INVALID, "FILE", "has no records");
	identity_free(&given);
	return result;
}
