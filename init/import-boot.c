/*
 * import-boot: the checks before multipathd starts, and its commands for an initramfs and for a person. Started by
 * dm-import-boot.service and dm-import-maps.service; does not use the network.
 */
#include "dm-import/dm_import.h"

#include "base/args.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };
enum { RECORDS_LIMIT = 1 << 20 };

static int usage(FILE *out, int status)
{
	fputs("usage: import-boot [--root DIRECTORY] COMMAND\n"
	      "       import-boot --version | --help\n"
	      "check            checks the identity files, and writes rules for this boot\n"
	      "maps             removes maps that were assembled from the wrong LUN\n"
	      "initramfs-rules [DIRECTORY]\n"
	      "                 prints the rules for an initramfs, or writes them to DIRECTORY\n"
	      "restore [FILE]   writes store and rules from the newest intact copy, or FILE\n",
	      out);
	return status;
}

static int wrong(const char *what, const char *word)
{
	fprintf(stderr, word ? "import-boot: %s '%s'\n" : "import-boot: %s\n", what, word);
	return usage(stderr, EXIT_USAGE);
}

static int fail(const struct error *err)
{
	char text[1024];

	error_format(err, text, sizeof(text));
	fprintf(stderr, "import-boot: %s\n", text);
	return EXIT_FAILED;
}

static int report(const char *text, bool well)
{
	if (text)
		fprintf(stderr, "%s", text);
	return well ? EXIT_DONE : EXIT_FAILED;
}

static int run_check(const struct engine_options *options, const char *argument)
{
	CLEANUP_FREE char *text = NULL;
	struct error err = { 0 };
	struct host_port host;
	bool well;

	(void)argument;
	ports_system_host(&host);
	if (engine_boot_check(options, &host, &text, &well, &err) < 0)
		return fail(&err);
	return report(text, well);
}

static int run_maps(const struct engine_options *options, const char *argument)
{
	CLEANUP_FREE char *text = NULL;
	struct error err = { 0 };
	struct ports ports;
	bool well;
	int result;

	(void)argument;
	if (ports_system(&ports, &err) < 0)
		return fail(&err);
	result = engine_boot_maps(options, &ports, &text, &well, &err);
	ports_system_close(&ports);
	return result < 0 ? fail(&err) : report(text, well);
}

static int run_initramfs_rules(const struct engine_options *options, const char *directory)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *rules = NULL;
	struct error err = { 0 };
	struct host_port host;

	ports_system_host(&host);
	if (engine_boot_initramfs(options, &host, directory, &rules, &text, &err) < 0)
		return fail(&err);
	if (!directory && (fputs(rules, stdout) == EOF || fflush(stdout) == EOF)) {
		error_set_sys(&err, ERR_IO, "", errno, "cannot write the rules");
		return fail(&err);
	}
	return report(text, text == NULL);
}

static int run_restore(const struct engine_options *options, const char *file)
{
	CLEANUP_FREE char *records = NULL;
	struct error err = { 0 };
	struct host_port host;

	ports_system_host(&host);
	if ((file && file_read(file, RECORDS_LIMIT, &records, NULL, &err) < 0) ||
	    engine_boot_restore(options, &host, records, &err) < 0)
		return fail(&err);
	puts("The identity store and its rules were written. Reboot now, so that everything is assembled by them.");
	return EXIT_DONE;
}

/* Another root than this host's, for making images. What is allocated here lives as long as the program. */
static int set_root(const char *root, struct engine_options *options)
{
	const char **const paths[] = { &options->etc_directory, &options->rules_directory,
				       &options->boot_rules_directory, &options->state_directory, &options->lock_file };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char *path;

		if (asprintf(&path, "%s%s", root, *paths[i]) < 0)
			return -1;
		*paths[i] = path;
	}
	return 0;
}

static int run(const char *const *words, const struct engine_options *options)
{
	static const struct {
		const char *word;
		int (*run)(const struct engine_options *options, const char *argument);
		size_t max_arguments;
	} commands[] = {
		{ "check", run_check, 0 },
		{ "maps", run_maps, 0 },
		{ "initramfs-rules", run_initramfs_rules, 1 },
		{ "restore", run_restore, 1 },
	};
	size_t count = 0;

	while (words[count])
		count++;
	if (count == 0)
		return wrong("a command is missing", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(words[0], commands[i].word) != 0)
			continue;
		if (count - 1 > commands[i].max_arguments)
			return wrong("unexpected argument", words[1 + commands[i].max_arguments]);
		return commands[i].run(options, words[1]);
	}
	return wrong("unknown command", words[0]);
}

int main(int argc, char **argv)
{
	static const struct option_spec known[] = {
		{ "root", 0, "DIRECTORY", NULL },
		{ "version", 0, NULL, NULL },
		{ "help", 'h', NULL, NULL },
		{ 0 },
	};
	const char *const *words = (const char *const *)(argc > 0 ? argv + 1 : argv);
	struct engine_options options;
	struct args args = { 0 };
	const char *root;

	engine_options_defaults(&options);
	if (!args_parse(&args, known, true, &words)) {
		fprintf(stderr, "import-boot: %s\n", args.error);
		return usage(stderr, EXIT_USAGE);
	}
	if (args_option(&args, "version")) {
		printf("import-boot %s, build %s\n", version_product, version_build);
		return EXIT_DONE;
	}
	if (args_option(&args, "help"))
		return usage(stdout, EXIT_DONE);
	root = args_option(&args, "root");
	if (root && set_root(root, &options) < 0)
		return usage(stderr, EXIT_USAGE);
	return run(words, &options);
}
