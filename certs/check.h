/*
 * What is to be done about the agent's certificate. A finding is a `struct error`: its code's text says what is wrong,
 * its remedy what to do, its detail the particulars. All but certificate_check is pure.
 */
#ifndef CERTS_CHECK_H
#define CERTS_CHECK_H

#include "pair.h"

/* Of an expiry, told from so many days before; the agent's log does the same (agent/net/web.c). */
enum { CHECK_DAYS_DEFAULT = 30, FINDINGS_MAX = 8 };

struct findings {
	struct error list[FINDINGS_MAX];
	size_t count;
};

/* Missing, unreadable, not a pair, the key readable by others, and the two below. `host`: names_add_host's. */
void certificate_check(const struct pair_files *files, const struct names *host, unsigned days, time_t now,
		       struct findings *ret);

/* ERR_CERTIFICATE_EXPIRED, _EXPIRES_SOON (less than `days` from now; 0: not told), _NOT_VALID_YET */
void check_validity(const struct certificate *certificate, unsigned days, time_t now, struct findings *ret);

/*
 * ERR_CERTIFICATE_NAMES_MISSING: one finding for all of them. The certificate needs one of the host's names, if it has
 * any host name, and each address that others reach, if it has any address: an authority may issue for names alone.
 */
void check_names(const struct certificate *certificate, const struct names *host, struct findings *ret);

#endif
