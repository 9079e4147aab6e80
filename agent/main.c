/*
 * import-agent: the program around libagent. Started by systemd (init/import-agent.service).
 */
#include "agent.h"

#include "agent/shared/config.h"

#include "base/version.h"

#include <getopt.h>
#include <stdio.h>

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

static int usage(FILE *out, int status)
{
	fprintf(out, "usage: import-agent [--config FILE]\n"
		     "  --config FILE  configuration (default " CONFIG_PATH ")\n"
		     "  --version      print version and build\n"
		     "  --help         print this\n");
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *config = CONFIG_PATH;
	struct error err = { 0 };
	char text[1024];
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'v') {
			printf("import-agent %s, build %s, API %s\n", version_product, version_build, version_api);
			return EXIT_DONE;
		}
		if (option == 'h')
			return usage(stdout, EXIT_DONE);
		if (option != 'c')
			return usage(stderr, EXIT_USAGE);
		config = optarg;
	}
	if (optind != argc)
		return usage(stderr, EXIT_USAGE);
	if (agent_run(config, &err) < 0) {
		error_format(&err, text, sizeof(text));
		fprintf(stderr, "import-agent: %s\n", text);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}
