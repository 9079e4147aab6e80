/*
 * import-cert: makes and shows the agent's certificate. A program of its own, so that the one that listens on the
 * network never writes its own key.
 */
#include "certificate.h"

#include "base/num.h"
#include "base/version.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };
enum { DAYS_DEFAULT = 3650, DAYS_MAX = 36500 };

static int usage(FILE *out, int status)
{
	fprintf(out,
		"usage: import-cert create --directory DIR [--name NAME]... [--days N] [--force | --if-missing]\n"
		"       import-cert show FILE\n"
		"       import-cert --version | --help\n"
		"create makes DIR/agent.crt (self-signed, for all names and addresses of this host and every NAME)\n"
		"and DIR/agent.key. What is there is replaced only with --force; with --if-missing it is kept.\n");
	return status;
}

static int fail(const struct error *err)
{
	char text[1024];

	error_format(err, text, sizeof(text));
	fprintf(stderr, "import-cert: %s\n", text);
	return EXIT_FAILED;
}

static int run_create(int argc, char **argv)
{
	static const struct option options[] = {
		{ "directory", required_argument, NULL, 'd' }, { "name", required_argument, NULL, 'n' },
		{ "days", required_argument, NULL, 'D' },      { "force", no_argument, NULL, 'f' },
		{ "if-missing", no_argument, NULL, 'm' },      { 0 },
	};
	struct names names = { 0 }, extra = { 0 };
	const char *directory = NULL;
	bool force = false, if_missing = false;
	uint64_t days = DAYS_DEFAULT;
	struct error err = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'd')
			directory = optarg;
		else if (option == 'n' && names_add(&extra, optarg, &err) == 0)
			;
		else if (option == 'D' && num_parse(optarg, DAYS_MAX, &days) && days > 0)
			;
		else if (option == 'f')
			force = true;
		else if (option == 'm')
			if_missing = true;
		else
			return err.code ? (fail(&err), EXIT_USAGE) : usage(stderr, EXIT_USAGE);
	}
	if (!directory || optind != argc || (force && if_missing))
		return usage(stderr, EXIT_USAGE);
	if (!force && certificate_exists(directory)) {
		if (if_missing)
			return EXIT_DONE;
		fprintf(stderr, "import-cert: %s has a certificate; --force replaces it\n", directory);
		return EXIT_FAILED;
	}
	if (names_add_host(&names, &err) < 0)
		return fail(&err);
	for (size_t i = 0; i < extra.count; i++)
		if (names_add(&names, extra.list[i].text, &err) < 0)
			return fail(&err);
	return certificate_create(directory, &names, (unsigned)days, &err) < 0 ? fail(&err) : EXIT_DONE;
}

static int run_show(int argc, char **argv)
{
	struct error err;

	if (argc != 2 || argv[1][0] == '-')
		return usage(stderr, EXIT_USAGE);
	return certificate_show(argv[1], &err) < 0 ? fail(&err) : EXIT_DONE;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "create") == 0)
		return run_create(argc - 1, argv + 1);
	if (strcmp(command, "show") == 0)
		return run_show(argc - 1, argv + 1);
	if (strcmp(command, "--help") == 0)
		return usage(stdout, EXIT_DONE);
	if (strcmp(command, "--version") == 0) {
		printf("import-cert %s, build %s\n", version_product, version_build);
		return EXIT_DONE;
	}
	return usage(stderr, EXIT_USAGE);
}
