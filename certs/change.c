/*
 * Replacing certificate and key; see change.h.
 */
#include "change.h"

#include "check.h"

#include "base/cleanup.h"

int change_create(const struct pair_files *files, const struct names *names, unsigned days, struct error *err)
{
	CLEANUP(pem_pair_free) struct pem_pair pair = { 0 };

	if (pem_pair_make(names, days, &pair, err) < 0)
		return -1;
	return pair_replace(files, &pair, err);
}

int change_names(const struct pair_files *files, bool forget, struct names *ret, struct error *err)
{
	struct certificate old;

	ret->count = 0;
	if (names_add_host(ret, true, err) < 0)
		return -1;
	if (forget || certificate_read(files->certificate, &old, NULL) < 0)
		return 0;
	return names_add_all(ret, &old.names, err);
}

/* The first problem, with the remedy for somebody who installs the certificate. */
static int judge(const struct certificate *certificate, const char *file, bool force, struct error *err)
{
	struct findings findings = { 0 };
	struct names host = { 0 };

	check_validity(certificate, 0, time(NULL), &findings);
	if (!force && names_add_host(&host, false, err) < 0)
		return -1;
	if (!force)
		check_names(certificate, &host, &findings);
	if (findings.count == 0)
		return 0;
	return error_set(err, findings.list[0].code, file, "%s%s", findings.list[0].detail,
			 findings.list[0].code == ERR_CERTIFICATE_NAMES_MISSING ? "; --force installs it nevertheless"
										: "");
}

static int check_pair(const char *certificate, const char *key, bool force, struct pem_pair *ret, struct error *err)
{
	CLEANUP(pem_pair_free) struct pem_pair given = { 0 };
	CLEANUP(pem_pair_free) struct pem_pair clean = { 0 };
	struct certificate says;

	if (pem_pair_read(certificate, key, &given, err) < 0 || pem_pair_clean(&given, &clean, err) < 0 ||
	    certificate_parse(clean.certificate, certificate, &says, err) < 0 ||
	    judge(&says, certificate, force, err) < 0)
		return -1;
	*ret = clean;
	clean = (struct pem_pair){ 0 };
	return 0;
}

int change_install(const struct pair_files *files, const char *certificate, const char *key, bool force,
		   struct error *err)
{
	CLEANUP(pem_pair_free) struct pem_pair pair = { 0 };
	CLEANUP_FD int lock = -1;

	if (check_pair(certificate, key, force, &pair, err) < 0 || pair_lock(files, &lock, err) < 0)
		return -1;
	return pair_replace(files, &pair, err);
}
