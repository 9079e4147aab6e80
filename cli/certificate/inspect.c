/*
 * certificate show, certificate check. The files are read here; the agent is asked only which certificate it serves.
 */
#include "inspect.h"

#include "commands.h"
#include "files.h"

#include "cli/link/client.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "base/num.h"

#include <string.h>

static int run_show(struct cli *cli)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct certificate certificate;
	struct pair_files files;
	struct error err;

	if (certificate_files(cli, &files) < 0)
		return -1;
	if (certificate_read(files.certificate, &certificate, &err) < 0)
		return cli_fail(cli, &err);
	if (cli->json) {
		CLEANUP_JSON struct json_object *object = certificate_json(&certificate, files.certificate);

		print_json(object);
		return 0;
	}
	buf_printf(&text, "File:        %s\n", files.certificate);
	certificate_print(&certificate, time(NULL), &text);
	print_text(stdout, buf_text(&text));
	return 0;
}

const struct command command_certificate_show = {
	.name = "show",
	.usage = "certificate show",
	.summary = "show the agent's certificate",
	.help = "Subject, names, validity, and the SHA-256 fingerprint by which an orchestrator\n"
		"knows this host. Needs no running agent.\n",
	.run = run_show,
};

/* A running agent that serves something else than the file; whether it runs at all is not asked here. */
static int add_not_served(struct cli *cli, const struct pair_files *files, struct findings *findings)
{
	CLEANUP_JSON struct json_object *agent = NULL;
	struct certificate certificate;
	const char *served;

	if (client_get(cli, "/agent", &agent) < 0) {
		if (!cli_problem_is(cli, ERR_AGENT_UNREACHABLE))
			return -1;
		cli_forget_problem(cli);
		return 0;
	}
	served = field_text(field_get(agent, "certificate"), "fingerprint_sha256");
	if (!*served || findings->count == FINDINGS_MAX ||
	    certificate_read(files->certificate, &certificate, NULL) < 0 ||
	    strcmp(served, certificate.fingerprint) == 0)
		return 0;
	error_set(&findings->list[findings->count++], ERR_CERTIFICATE_NOT_SERVED, files->certificate,
		  "it serves the one with the fingerprint %s", served);
	return 0;
}

static int check_files(struct cli *cli, const struct pair_files *files, unsigned days, struct findings *ret)
{
	struct names host = { 0 };
	struct error err;

	if (names_add_host(&host, false, &err) < 0)
		return cli_fail(cli, &err);
	certificate_check(files, &host, days, time(NULL), ret);
	return 0;
}

void certificate_warn(struct cli *cli)
{
	struct findings findings = { 0 };
	CLEANUP_BUF struct buf text = { 0 };
	struct pair_files files;

	if (certificate_files(cli, &files) < 0 || check_files(cli, &files, CHECK_DAYS_DEFAULT, &findings) < 0) {
		cli_forget_problem(cli); /* the volumes were asked for, and told */
		return;
	}
	if (findings.count == 0)
		return;
	buf_printf(&text, "importcli: %s See: importcli certificate check\n", error_text(findings.list[0].code));
	print_text(stderr, buf_text(&text));
}

static void show_findings(const struct findings *findings)
{
	CLEANUP_BUF struct buf text = { 0 };

	for (size_t i = 0; i < findings->count; i++) {
		const struct error *finding = &findings->list[i];

		buf_printf(&text, "Found: %s%s%s: %.*s: %s.\n    What to do: %s\n", error_name(finding->code),
			   *finding->device ? " " : "", finding->device, (int)strlen(error_text(finding->code)) - 1,
			   error_text(finding->code), finding->detail, error_remedy(finding->code));
	}
	if (findings->count == 0)
		buf_puts(&text, "Nothing is wrong with the certificate.\n");
	print_text(stdout, buf_text(&text));
}

static void print_findings_json(const struct findings *findings)
{
	CLEANUP_JSON struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < findings->count; i++) {
		const struct error *finding = &findings->list[i];
		struct json_object *entry = json_object_new_object();

		json_object_object_add(entry, "code", json_object_new_string(error_name(finding->code)));
		json_object_object_add(entry, "text", json_object_new_string(error_text(finding->code)));
		json_object_object_add(entry, "detail", json_object_new_string(finding->detail));
		json_object_object_add(entry, "device", json_object_new_string(finding->device));
		json_object_object_add(entry, "remedy", json_object_new_string(error_remedy(finding->code)));
		json_object_array_add(list, entry);
	}
	json_object_object_add(object, "findings", list);
	print_json(object);
}

static int run_check(struct cli *cli)
{
	const char *days_text = args_option(&cli->args, "days");
	uint64_t days = CHECK_DAYS_DEFAULT;
	struct findings findings = { 0 };
	struct pair_files files;

	if (days_text && (!num_parse(days_text, CERT_DAYS_MAX, &days) || days == 0))
		return cli_usage(cli, "option '--days' is a number from 1 to %d, not '%s'", CERT_DAYS_MAX, days_text);
	if (certificate_files(cli, &files) < 0 || check_files(cli, &files, (unsigned)days, &findings) < 0 ||
	    add_not_served(cli, &files, &findings) < 0)
		return -1;
	if (cli->json)
		print_findings_json(&findings);
	else
		show_findings(&findings);
	return findings.count ? -1 : 0;
}

static const struct option_spec check_options[] = {
	{ "days", 0, "n", "report an expiry from so many days before (default: 30)" },
	{ 0 },
};

const struct command command_certificate_check = {
	.name = "check",
	.usage = "certificate check [--days n]",
	.summary = "find out what has to be done about the agent's certificate",
	.help = "Checks whether certificate and key are missing, unreadable, or do not belong\n"
		"together; whether others can read the key; whether the certificate has expired\n"
		"or expires soon, or lacks a name or address of this host; and whether a running\n"
		"agent serves another one. Exit status 1 if something was found.\n",
	.options = check_options,
	.run = run_check,
};
