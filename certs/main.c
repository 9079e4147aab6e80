/*
 * import-cert: makes, checks, installs and shows the agent's certificate. A program of its own, so that the one that
 * listens on the network never writes its own key.
 */
#include "change.h"
#include "check.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/num.h"
#include "base/version.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

/* The words of a command, parsed. */
struct words {
	const char *directory;
	struct names names;
	uint64_t days;
	bool force, if_missing;
	char **operands;
	int operand_count;
	struct pair_files files; /* in the directory */
};

static int usage(FILE *out, int status)
{
	fprintf(out,
		"usage: import-cert create --directory DIR [--name NAME]... [--days N] [--force | --if-missing]\n"
		"       import-cert check --directory DIR [--days N]\n"
		"       import-cert install --directory DIR [--force] CERTIFICATE KEY\n"
		"       import-cert show FILE\n"
		"       import-cert --version | --help\n"
		"create makes DIR/agent.crt (self-signed, for all names and addresses of this host and every NAME,\n"
		"valid for N days, default 730) and DIR/agent.key. Existing files are replaced only with --force;\n"
		"with --if-missing they are kept.\n"
		"check says what is wrong with them, one line each; an expiry from N days before, default 30.\n"
		"Exit status 1 if something has to be done.\n"
		"install installs an administrator's own certificate (PEM, followed by its issuers) and key.\n"
		"With --force a certificate that is not for this host is accepted, too.\n"
		"Afterwards: systemctl reload import-agent\n");
	return status;
}

/* "<prefix>: <what is wrong>: <particulars> [<file>]. <what to do>" */
static void print_error(FILE *out, const char *prefix, const struct error *err)
{
	const char *text = error_text(err->code);
	bool file = err->device[0];

	fprintf(out, "%s: %.*s: %s%s%s%s. %s\n", prefix, (int)strlen(text) - 1, text, err->detail, file ? " [" : "",
		err->device, file ? "]" : "", error_remedy(err->code));
}

static int fail(const struct error *err, int status)
{
	print_error(stderr, "import-cert", err);
	return status;
}

/* Parse what `options` allows, with `operands` operands behind; EXIT_DONE, or EXIT_USAGE after it was told. */
static int parse(int argc, char **argv, const struct option *options, int operands, struct words *ret)
{
	struct error err;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'd')
			ret->directory = optarg;
		else if (option == 'n') {
			if (names_add(&ret->names, optarg, &err) < 0)
				return fail(&err, EXIT_USAGE);
		} else if (option == 'D') {
			if (!num_parse(optarg, CERT_DAYS_MAX, &ret->days) || ret->days == 0) {
				error_set(&err, ERR_VALUE_INVALID, NULL, "--days is a number from 1 to %d, not '%.40s'",
					  CERT_DAYS_MAX, optarg);
				return fail(&err, EXIT_USAGE);
			}
		} else if (option == 'f')
			ret->force = true;
		else if (option == 'm')
			ret->if_missing = true;
		else
			return usage(stderr, EXIT_USAGE);
	}
	ret->operands = argv + optind;
	ret->operand_count = argc - optind;
	if (!ret->directory || ret->operand_count != operands || (ret->force && ret->if_missing))
		return usage(stderr, EXIT_USAGE);
	return pair_files_in(ret->directory, &ret->files, &err) < 0 ? fail(&err, EXIT_USAGE) : EXIT_DONE;
}

static int create(const struct words *words, struct error *err)
{
	const struct pair_files *files = &words->files;
	CLEANUP_FD int lock = -1;
	struct names names = { 0 };

	if (file_make_directories(words->directory, 0700, err) < 0 || pair_lock(files, &lock, err) < 0)
		return -1;
	if (!words->force && pair_exists(files)) {
		if (words->if_missing)
			return 0;
		return error_set(err, ERR_CERTIFICATE_EXISTS, words->directory, "it is kept");
	}
	if (names_add_host(&names, true, err) < 0 || names_add_all(&names, &words->names, err) < 0)
		return -1;
	return change_create(files, &names, (unsigned)words->days, err);
}

static int run_create(int argc, char **argv)
{
	static const struct option options[] = {
		{ "directory", required_argument, NULL, 'd' }, { "name", required_argument, NULL, 'n' },
		{ "days", required_argument, NULL, 'D' },      { "force", no_argument, NULL, 'f' },
		{ "if-missing", no_argument, NULL, 'm' },      { 0 },
	};
	struct words words = { .days = CERT_DAYS_DEFAULT };
	struct error err;
	int status = parse(argc, argv, options, 0, &words);

	if (status)
		return status;
	return create(&words, &err) < 0 ? fail(&err, EXIT_FAILED) : EXIT_DONE;
}

static int run_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "directory", required_argument, NULL, 'd' },
		{ "days", required_argument, NULL, 'D' },
		{ 0 },
	};
	struct words words = { .days = CHECK_DAYS_DEFAULT };
	struct findings findings = { 0 };
	struct names host = { 0 };
	struct error err;
	int status = parse(argc, argv, options, 0, &words);

	if (status)
		return status;
	if (names_add_host(&host, false, &err) < 0)
		return fail(&err, EXIT_FAILED);
	certificate_check(&words.files, &host, (unsigned)words.days, time(NULL), &findings);
	for (size_t i = 0; i < findings.count; i++)
		print_error(stdout, error_name(findings.list[i].code), &findings.list[i]);
	if (findings.count == 0)
		puts("Nothing is wrong with the certificate.");
	return findings.count ? EXIT_FAILED : EXIT_DONE;
}

static int run_install(int argc, char **argv)
{
	static const struct option options[] = {
		{ "directory", required_argument, NULL, 'd' },
		{ "force", no_argument, NULL, 'f' },
		{ 0 },
	};
	struct words words = { 0 };
	struct error err;
	int status = parse(argc, argv, options, 2, &words);

	if (status)
		return status;
	if (change_install(&words.files, words.operands[0], words.operands[1], words.force, &err) < 0)
		return fail(&err, EXIT_FAILED);
	return EXIT_DONE;
}

static int run_show(int argc, char **argv)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct certificate certificate;
	struct error err;

	if (argc != 2 || argv[1][0] == '-')
		return usage(stderr, EXIT_USAGE);
	if (certificate_read(argv[1], &certificate, &err) < 0)
		return fail(&err, EXIT_FAILED);
	certificate_print(&certificate, time(NULL), &text);
	fputs(buf_text(&text), stdout);
	return EXIT_DONE;
}

static int print_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("import-cert %s, build %s\n", version_product, version_build);
	return EXIT_DONE;
}

static int print_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return usage(stdout, EXIT_DONE);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "create", run_create }, { "check", run_check },   { "install", run_install },
		{ "show", run_show },	  { "--help", print_help }, { "--version", print_version },
	};

	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++)
		if (strcmp(argv[1], commands[i].word) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return usage(stderr, EXIT_USAGE);
}
