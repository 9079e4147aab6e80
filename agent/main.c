/*
 * import-agent: the program around libagent. Started by systemd (init/import-agent.service).
 */
#include "agent.h"

#include "agent/shared/config.h"

#include "base/args.h"
#include "base/version.h"

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
	static const struct option_spec options[] = {
		{ "config", 0, "FILE", NULL },
		{ "version", 0, NULL, NULL },
		{ "help", 0, NULL, NULL },
		{ 0 },
	};
	const char *const *words = (const char *const *)(argc > 0 ? argv + 1 : argv);
	struct args args = { 0 };
	struct error err = { 0 };
	const char *config;
	char text[1024];

	if (!args_parse(&args, options, false, &words)) {
		fprintf(stderr, "import-agent: %s\n", args.error);
		return usage(stderr, EXIT_USAGE);
	}
	if (args_option(&args, "version")) {
		printf("import-agent %s, build %s, API %s\n", version_product, version_build, version_api);
		return EXIT_DONE;
	}
	if (args_option(&args, "help"))
		return usage(stdout, EXIT_DONE);
	if (args.operand_count)
		return usage(stderr, EXIT_USAGE);
	config = args_option(&args, "config");
	if (agent_run(config ? config : CONFIG_PATH, &err) < 0) {
		error_format(&err, text, sizeof(text));
		fprintf(stderr, "import-agent: %s\n", text);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}
