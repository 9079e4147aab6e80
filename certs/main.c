/*
 * import-cert: makes, checks, installs and shows the agent's certificate. A program of its own, so that the one that
 * listens on the network never writes its own key.
 */
#include "change.h"
#include "check.h"

#include "base/args.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/num.h"
#include "base/version.h"

#include <stdio.h>
#include <string.h>

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

/* The words of a command, parsed. */
struct words {
	struct args args;
	const char *directory;
	struct names names;
	uint64_t days;
	bool force, if_missing;
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

static int usage_error(const struct args *args)
{
	fprintf(stderr, "import-cert: %s\n", args->error);
	return usage(stderr, EXIT_USAGE);
}

/* What the options say; EXIT_DONE, or EXIT_USAGE after it was told. */
static int take_options(struct words *ret)
{
	const char *days = args_option(&ret->args, "days"), *name;
	struct error err;

	ret->directory = args_option(&ret->args, "directory");
	ret->force = args_option(&ret->args, "force");
	ret->if_missing = args_option(&ret->args, "if-missing");
	for (size_t at = 0; (name = args_next(&ret->args, "name", &at));)
		if (names_add(&ret->names, name, &err) < 0)
			return fail(&err, EXIT_USAGE);
	if (days && (!num_parse(days, CERT_DAYS_MAX, &ret->days) || ret->days == 0)) {
		error_set(&err, ERR_VALUE_INVALID, NULL, "--days is a number from 1 to %d, not '%.40s'", CERT_DAYS_MAX,
			  days);
		return fail(&err, EXIT_USAGE);
	}
	if (!ret->directory || (ret->force && ret->if_missing))
		return usage(stderr, EXIT_USAGE);
	return pair_files_in(ret->directory, &ret->files, &err) < 0 ? fail(&err, EXIT_USAGE) : EXIT_DONE;
}

/* Parse what `options` allows, with `operands` operands; EXIT_DONE, or EXIT_USAGE after it was told. */
static int parse(const char *const *words, const struct option_spec *options, size_t operands, struct words *ret)
{
	ret->args.repeated = "name";
	if (!args_parse(&ret->args, options, false, &words))
		return usage_error(&ret->args);
	if (ret->args.operand_count != operands)
		return usage(stderr, EXIT_USAGE);
	return take_options(ret);
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

static int run_create(const char *const *words)
{
	static const struct option_spec options[] = {
		{ "directory", 0, "DIR", NULL }, { "name", 0, "NAME", NULL },	  { "days", 0, "N", NULL },
		{ "force", 0, NULL, NULL },	 { "if-missing", 0, NULL, NULL }, { 0 },
	};
	struct words parsed = { .days = CERT_DAYS_DEFAULT };
	struct error err;
	int status = parse(words, options, 0, &parsed);

	if (status)
		return status;
	return create(&parsed, &err) < 0 ? fail(&err, EXIT_FAILED) : EXIT_DONE;
}

static int run_check(const char *const *words)
{
	static const struct option_spec options[] = {
		{ "directory", 0, "DIR", NULL },
		{ "days", 0, "N", NULL },
		{ 0 },
	};
	struct words parsed = { .days = CHECK_DAYS_DEFAULT };
	struct findings findings = { 0 };
	struct names host = { 0 };
	struct error err;
	int status = parse(words, options, 0, &parsed);

	if (status)
		return status;
	if (names_add_host(&host, false, &err) < 0)
		return fail(&err, EXIT_FAILED);
	certificate_check(&parsed.files, &host, (unsigned)parsed.days, time(NULL), &findings);
	for (size_t i = 0; i < findings.count; i++)
		print_error(stdout, error_name(findings.list[i].code), &findings.list[i]);
	if (findings.count == 0)
		puts("Nothing is wrong with the certificate.");
	return findings.count ? EXIT_FAILED : EXIT_DONE;
}

static int run_install(const char *const *words)
{
	static const struct option_spec options[] = {
		{ "directory", 0, "DIR", NULL },
		{ "force", 0, NULL, NULL },
		{ 0 },
	};
	struct words parsed = { 0 };
	struct error err;
	int status = parse(words, options, 2, &parsed);

	if (status)
		return status;
	if (change_install(&parsed.files, parsed.args.operands[0], parsed.args.operands[1], parsed.force, &err) < 0)
		return fail(&err, EXIT_FAILED);
	return EXIT_DONE;
}

static int run_show(const char *const *words)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct certificate certificate;
	struct args args = { 0 };
	struct error err;

	if (!args_parse(&args, NULL, false, &words))
		return usage_error(&args);
	if (args.operand_count != 1)
		return usage(stderr, EXIT_USAGE);
	if (certificate_read(args.operands[0], &certificate, &err) < 0)
		return fail(&err, EXIT_FAILED);
	certificate_print(&certificate, time(NULL), &text);
	fputs(buf_text(&text), stdout);
	return EXIT_DONE;
}

static int print_version(const char *const *words)
{
	(void)words;
	printf("import-cert %s, build %s\n", version_product, version_build);
	return EXIT_DONE;
}

static int print_help(const char *const *words)
{
	(void)words;
	return usage(stdout, EXIT_DONE);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(const char *const *words);
	} commands[] = {
		{ "create", run_create }, { "check", run_check },   { "install", run_install },
		{ "show", run_show },	  { "--help", print_help }, { "--version", print_version },
	};

	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++)
		if (strcmp(argv[1], commands[i].word) == 0)
			return commands[i].run((const char *const *)argv + 2);
	return usage(stderr, EXIT_USAGE);
}
