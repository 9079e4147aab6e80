/*
 * The family `importcli trust`: which orchestrators' certificates the agent trusts, and the code with which a new one
 * makes itself trusted.
 */
#include "commands.h"

#include "cli/link/client.h"
#include "cli/run/run.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "certs/certificate.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <string.h>

enum { CERTIFICATE_MAX = 60 * 1024, FINGERPRINT_SHOWN = 16, PREFIX_MIN = 8, DATE_LENGTH = 10 };

static void add_row(struct table *table, struct json_object *trusted)
{
	table_cell(table, "%.*s", FINGERPRINT_SHOWN, field_text(trusted, "fingerprint_sha256"));
	table_cell(table, "%.*s", DATE_LENGTH, field_text(trusted, "not_after"));
	table_cell(table, "%s", field_text(trusted, "status"));
	table_cell(table, "%s", print_or_dash(field_text(trusted, "subject")));
}

static void show_list(struct json_object *answer)
{
	static const char *const headings[] = { "Fingerprint", "Valid until", "Status", "Subject" };
	CLEANUP_TABLE struct table table = { .columns = 4 };
	CLEANUP_BUF struct buf text = { 0 };
	size_t count;
	struct json_object *list = field_list(answer, "trusted", &count);

	table_headings(&table, headings);
	for (size_t i = 0; i < count; i++)
		add_row(&table, json_object_array_get_idx(list, i));
	table_print(&table, &text);
	print_text(stdout,
		   count ? buf_text(&text) : "No orchestrator is trusted. To pair one: importcli trust new-code\n");
}

static int run_list(struct cli *cli)
{
	return client_show(cli, "/agent/trusted", show_list);
}

static const struct command command_list = {
	.name = "list",
	.usage = "trust list",
	.summary = "list the orchestrators that may drive imports",
	.help = "Shows the first digits of each certificate's SHA-256 fingerprint; --output json\n"
		"shows all. The status is trusted, expired or not_yet_valid.\n",
	.run = run_list,
};

static int run_new_code(struct cli *cli)
{
	CLEANUP_JSON struct json_object *answer = NULL;
	CLEANUP_BUF struct buf text = { 0 };

	if (client_call(cli, "POST", "/agent/pairing_code", NULL, 0, &answer) < 0)
		return -1;
	if (cli->json) {
		print_json(answer);
		return 0;
	}
	buf_printf(&text, "Pairing code: %s\nValid for: %d minutes, for one orchestrator\nHost certificate (SHA-256): ",
		   field_text(answer, "code"), (int)field_number(answer, "expires_in_s") / 60);
	certificate_print_fingerprint(field_text(answer, "fingerprint_sha256"), &text);
	buf_puts(&text, "\n");
	print_text(stdout, buf_text(&text));
	return 0;
}

static const struct command command_new_code = {
	.name = "new-code",
	.usage = "trust new-code",
	.summary = "make a code with which one orchestrator can pair",
	.help = "Type the code into the orchestrator. It is void after ten minutes, after five\n"
		"wrong attempts, when it was used, and when another code is made. It never goes\n"
		"over the network. If the orchestrator shows the host's certificate, it must show\n"
		"the same SHA-256.\n",
	.run = run_new_code,
};

static bool begins_fingerprint(const char *text)
{
	size_t digits = 0;

	for (const char *c = text; *c; c++)
		digits += *c != ':';
	return digits >= PREFIX_MIN && !text[strspn(text, "0123456789abcdefABCDEF:")];
}

/* "<label>: 0123456789abcdef CN=…", of the certificate that was changed. */
static void show_changed(struct cli *cli, const char *label, struct json_object *trusted)
{
	CLEANUP_BUF struct buf text = { 0 };

	if (cli->json) {
		print_json(trusted);
		return;
	}
	buf_printf(&text, "%s: %.*s %s\n", label, FINGERPRINT_SHOWN, field_text(trusted, "fingerprint_sha256"),
		   field_text(trusted, "subject"));
	print_text(stdout, buf_text(&text));
}

static int run_remove(struct cli *cli)
{
	CLEANUP_JSON struct json_object *answer = NULL;
	CLEANUP_BUF struct buf path = { 0 };
	const char *digits = cli->args.operands[0];

	if (!begins_fingerprint(digits))
		return cli_usage(cli, "'%s' is not the beginning of a fingerprint (%d hexadecimal digits at least)",
				 digits, PREFIX_MIN);
	buf_printf(&path, "/agent/trusted/%s", digits);
	if (client_call(cli, "DELETE", buf_text(&path), NULL, 0, &answer) < 0)
		return -1;
	show_changed(cli, "No longer trusted", answer);
	return 0;
}

static const struct command command_remove = {
	.name = "remove",
	.usage = "trust remove <fingerprint>",
	.summary = "no longer trust an orchestrator's certificate, at once",
	.help = "Takes the fingerprint, or its first digits (at least eight), as `trust list`\n"
		"shows it. What that orchestrator sends from now on is refused, on open\n"
		"connections too.\n",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_remove,
};

/* A certificate's file as it is; a private key in it was not meant to leave the orchestrator. */
static int read_certificate(struct cli *cli, const char *file, char **ret)
{
	struct error err;

	if (file_read(file, CERTIFICATE_MAX, ret, NULL, &err) < 0)
		return cli_fail(cli, &err);
	if (!strstr(*ret, "PRIVATE KEY"))
		return 0;
	error_set(&err, ERR_CERTIFICATE_UNUSABLE, NULL, "%s has a private key in it; give the certificate alone", file);
	return cli_fail(cli, &err);
}

static int run_add(struct cli *cli)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object(), *answer = NULL;
	CLEANUP_FREE char *pem = NULL;

	if (read_certificate(cli, cli->args.operands[0], &pem) < 0)
		return -1;
	json_object_object_add(body, "certificate", json_object_new_string(pem));
	if (client_call(cli, "POST", "/agent/trusted", body, 0, &answer) < 0)
		return -1;
	show_changed(cli, "Trusted", answer);
	return 0;
}

static const struct command command_add = {
	.name = "add",
	.usage = "trust add <file>",
	.summary = "trust the certificate in a file, without pairing",
	.help = "The file contains one client certificate of an orchestrator, in PEM; not an\n"
		"authority's.\n",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_add,
};

static const struct command *const verbs[] = { &command_list, &command_new_code, &command_remove, &command_add, NULL };

const struct command command_trust = {
	.name = "trust",
	.usage = "trust <command> [options]\ntrust <command> help",
	.summary = "",
	.help = "Only the clients whose certificates are listed here may drive imports over the\n"
		"network. `trust` alone is `trust list`.\n",
	.run = run_list,
	.verbs = verbs,
};
