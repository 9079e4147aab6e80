/*
 * certificate regenerate, certificate install: another pair on disk, and then in the running agent.
 */
#include "commands.h"
#include "files.h"

#include "cli/link/client.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "certs/change.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <string.h>

/* Have a running agent serve what is on disk; *ret_running: whether there is one. Without it, the files are all there
 * is to do. */
static int serve(struct cli *cli, const struct certificate *certificate, bool *ret_running)
{
	CLEANUP_JSON struct json_object *agent = NULL;
	const char *served;
	struct error err;

	*ret_running = true;
	if (client_call(cli, "POST", "/agent/certificate/reload", NULL, 0, &agent) < 0) {
		if (!cli_problem_is(cli, ERR_AGENT_UNREACHABLE))
			return -1;
		cli_forget_problem(cli);
		*ret_running = false;
		return 0;
	}
	served = field_text(field_get(agent, "certificate"), "fingerprint_sha256");
	if (strcmp(served, certificate->fingerprint) == 0)
		return 0;
	error_set(&err, ERR_CERTIFICATE_NOT_SERVED, "", "it serves the one with the fingerprint %s", served);
	return cli_fail(cli, &err);
}

/* What was changed, and who has to know. */
static void show_changed(const struct certificate *certificate, const char *what, bool running)
{
	CLEANUP_BUF struct buf text = { 0 };

	buf_printf(&text, "The certificate was %s.\n", what);
	certificate_print(certificate, time(NULL), &text);
	print_text(stdout, buf_text(&text));
	fflush(stdout);
	if (!running)
		fputs("importcli: The agent does not run; it will serve this certificate when it is started.\n",
		      stderr);
	fputs("Orchestrators that pinned the old certificate must now accept this one, by its fingerprint.\n", stderr);
}

/* The pair is on disk: have it served, and tell. */
static int finish(struct cli *cli, const struct pair_files *files, const char *what)
{
	struct certificate certificate;
	struct error err;
	bool running;

	if (certificate_read(files->certificate, &certificate, &err) < 0)
		return cli_fail(cli, &err);
	if (serve(cli, &certificate, &running) < 0)
		return -1;
	if (cli->json) {
		CLEANUP_JSON struct json_object *object = certificate_json(&certificate, files->certificate);

		json_object_object_add(object, "served", json_object_new_boolean(running));
		print_json(object);
	} else {
		show_changed(&certificate, what, running);
	}
	return 0;
}

static void show_dry_run(struct cli *cli, const struct names *names)
{
	CLEANUP_BUF struct buf text = { 0 };

	if (cli->json) {
		CLEANUP_JSON struct json_object *object = json_object_new_object();

		json_object_object_add(object, "names", certificate_names_json(names));
		print_json(object);
		return;
	}
	buf_puts(&text, "The new certificate would be for: ");
	names_print(names, &text);
	buf_printf(&text, "\nIt would be valid for %d days. Nothing was changed.\n", CERT_DAYS_DEFAULT);
	print_text(stdout, buf_text(&text));
}

static int regenerate(const struct pair_files *files, const struct names *names, struct error *err)
{
	CLEANUP_FD int lock = -1;

	if (file_make_parents(files->certificate, 0700, err) < 0 || file_make_parents(files->key, 0700, err) < 0 ||
	    pair_lock(files, &lock, err) < 0)
		return -1;
	return change_create(files, names, CERT_DAYS_DEFAULT, err);
}

static int run_regenerate(struct cli *cli)
{
	struct names names = { 0 };
	struct pair_files files;
	struct error err;

	if (certificate_files(cli, &files) < 0)
		return -1;
	if (change_names(&files, args_option(&cli->args, "drop-names") != NULL, &names, &err) < 0)
		return cli_fail(cli, &err);
	if (args_option(&cli->args, "dry-run")) {
		show_dry_run(cli, &names);
		return 0;
	}
	if (regenerate(&files, &names, &err) < 0)
		return cli_fail(cli, &err);
	return finish(cli, &files, "renewed");
}

static const struct option_spec regenerate_options[] = {
	{ "dry-run", 0, NULL, "show the names of the new certificate; change nothing" },
	{ "drop-names", 0, NULL, "leave out names of the old one that are not this host's" },
	{ 0 },
};

const struct command command_certificate_regenerate = {
	.name = "regenerate",
	.usage = "certificate regenerate [--drop-names] [--dry-run]",
	.summary = "make a new certificate and key for the agent",
	.help = "The new certificate is self-signed and valid for two years. It is for all names\n"
		"and addresses of this host, and for those that the old one had in addition. It\n"
		"is in use at once, and imports go on. Orchestrators that pinned the old\n"
		"certificate must accept the new one.\n",
	.options = regenerate_options,
	.run = run_regenerate,
};

static int run_install(struct cli *cli)
{
	const struct args *args = &cli->args;
	struct pair_files files;
	struct error err;

	if (certificate_files(cli, &files) < 0)
		return -1;
	if (change_install(&files, args->operands[0], args->operands[1], args_option(args, "force") != NULL, &err) < 0)
		return cli_fail(cli, &err);
	return finish(cli, &files, "installed");
}

static const struct option_spec install_options[] = {
	{ "force", 'f', NULL, "even if it is not for this host's name and addresses" },
	{ 0 },
};

const struct command command_certificate_install = {
	.name = "install",
	.usage = "certificate install [--force] <certificate> <key>",
	.summary = "install an administrator's own certificate and key",
	.help = "Both are PEM. The certificate's issuers follow it in its file; the key has no\n"
		"passphrase. They are checked before anything changes. They are in use at once,\n"
		"and imports go on.\n",
	.options = install_options,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_install,
};
