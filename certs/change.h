/*
 * Replacing the agent's certificate and key by new ones, or by an administrator's own. Nothing is changed unless the
 * new pair passes all checks. A running agent has to reload them afterwards.
 */
#ifndef CERTS_CHANGE_H
#define CERTS_CHANGE_H

#include "pair.h"

/* Install a new self-signed pair, under pair_lock's lock. */
int change_create(const struct pair_files *files, const struct names *names, unsigned days, struct error *err);

/*
 * The names for a new certificate: this host's own and, unless `forget`, the additional names of the current
 * certificate. A missing or broken one has none.
 */
int change_names(const struct pair_files *files, bool forget, struct names *ret, struct error *err);

/*
 * Install an administrator's pair: ERR_CERTIFICATE_… as in pem_pair_clean, or it has expired, is not valid yet, or,
 * unless `force`, is not for this host; else as pair_lock and pair_replace.
 */
int change_install(const struct pair_files *files, const char *certificate, const char *key, bool force,
		   struct error *err);

#endif
