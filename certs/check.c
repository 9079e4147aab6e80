/*
 * What is wrong with the agent's certificate; see check.h. Changes nothing.
 */
#include "check.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <string.h>
#include <sys/stat.h>

static void add(struct findings *findings, const struct error *finding)
{
	if (findings->count < FINDINGS_MAX)
		findings->list[findings->count++] = *finding;
}

/* "2026-11-22", in UTC */
static void add_dated(struct findings *findings, enum error_code code, const char *what, time_t when)
{
	char text[CLOCK_ISO_SIZE];
	struct error finding;

	clock_iso((uint64_t)when * 1000, text);
	error_set(&finding, code, NULL, "%s %.10s %.5s UTC", what, text, text + 11);
	add(findings, &finding);
}

void check_validity(const struct certificate *certificate, unsigned days, time_t now, struct findings *ret)
{
	if (now < certificate->not_before)
		add_dated(ret, ERR_CERTIFICATE_NOT_VALID_YET, "it is valid from", certificate->not_before);
	if (now > certificate->not_after)
		add_dated(ret, ERR_CERTIFICATE_EXPIRED, "it was valid until", certificate->not_after);
	else if (clock_days(now, certificate->not_after) < (int64_t)days)
		add_dated(ret, ERR_CERTIFICATE_EXPIRES_SOON, "it is valid until", certificate->not_after);
}

static bool has_any(const struct names *names, bool address)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->list[i].is_address == address)
			return true;
	return false;
}

void check_names(const struct certificate *certificate, const struct names *host, struct findings *ret)
{
	const struct names *has = &certificate->names;
	bool by_name = has_any(has, false), by_address = has_any(has, true), one_covered = false;
	CLEANUP_BUF struct buf missing = { 0 };
	struct error finding;

	for (size_t i = 0; i < host->count; i++)
		if (!host->list[i].is_address && !names_is_local(&host->list[i]) && names_cover(has, &host->list[i]))
			one_covered = true;
	for (size_t i = 0; i < host->count; i++) {
		const struct cert_name *name = &host->list[i];
		bool wanted = name->is_address ? by_address : by_name && !one_covered;

		if (!by_name && !by_address)
			wanted = true;
		if (wanted && !names_is_local(name) && !names_cover(has, name))
			buf_printf(&missing, "%s%s", missing.length ? ", " : "", name->text);
	}
	if (!missing.length)
		return;
	error_set(&finding, ERR_CERTIFICATE_NAMES_MISSING, NULL, "it is not for %.280s", buf_text(&missing));
	add(ret, &finding);
}

/* A missing key is reported by pair_read. */
static void check_mode(const char *key, struct findings *ret)
{
	struct error finding;
	struct stat st;

	if (stat(key, &st) < 0 || ((st.st_mode & 077) == 0 && (st.st_uid == 0 || st.st_uid == geteuid())))
		return;
	error_set(&finding, ERR_CERTIFICATE_KEY_OPEN, key, "it has mode %04o and is user %u's", st.st_mode & 07777,
		  (unsigned)st.st_uid);
	add(ret, &finding);
}

void certificate_check(const struct pair_files *files, const struct names *host, unsigned days, time_t now,
		       struct findings *ret)
{
	CLEANUP(pem_pair_free) struct pem_pair pair = { 0 };
	struct certificate certificate;
	struct error err;
	int result;

	if (pair_read(files, &pair, &err) < 0)
		add(ret, &err);
	check_mode(files->key, ret);
	if (pair.certificate)
		result = certificate_parse(pair.certificate, files->certificate, &certificate, &err);
	else
		result = certificate_read(files->certificate, &certificate, NULL);
	if (result < 0)
		return; /* reported by pair_read */
	check_validity(&certificate, days, now, ret);
	check_names(&certificate, host, ret);
}
