/*
 * Replacing the agent's certificate and key: by new ones, or by an administrator's own. Nothing is changed unless all
 * is well with the new pair; a running agent has to be told afterwards.
 */
#ifndef CERTS_CHANGE_H
#define CERTS_CHANGE_H

#include "pair.h"

/* A self-signed pair, under pair_lock's lock. */
int change_create(const struct pair_files *files, const struct names *names, unsigned days, struct error *err);

/*
 * The names for a new certificate: this host's own and, unless `forget`, those that the one that is there has beyond
 * them. One that is missing or broken has none.
 */
int change_names(const struct pair_files *files, bool forget, struct names *ret, struct error *err);

/*
 * The pair that an administrator brings: ERR_CERTIFICATE_… as in pem_pair_clean, it has expired, is not valid yet, or,
 * unless `force`, is not for this host. *ret is what is installed, by pair_replace.
 */
int change_check(const char *certificate, const char *key, bool force, struct pem_pair *ret, struct error *err);

/* pair_lock, change_check and pair_replace. */
int change_install(const struct pair_files *files, const char *certificate, const char *key, bool force,
		   struct error *err);

#endif
