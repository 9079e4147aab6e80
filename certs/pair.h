/*
 * Certificate and key on disk: two files that only make sense together, and that no rename replaces at once. So the
 * certificate's successor is complete beside it ("<certificate>.new") before the key is replaced, and moves to its
 * place after it. Whoever comes in between, after a crash too, finds the pair: pair_read here, tls_identity_load in the
 * agent.
 */
#ifndef CERTS_PAIR_H
#define CERTS_PAIR_H

#include "certificate.h"

#include <limits.h>

struct pair_files {
	char certificate[PATH_MAX], key[PATH_MAX];
};

/* DIRECTORY/agent.crt and agent.key. ERR_VALUE_INVALID: too long. */
int pair_files_in(const char *directory, struct pair_files *ret, struct error *err);

/*
 * The pair as the agent would serve it: the two files, or, behind a replacement that was interrupted, the successor
 * with its key. Fails as pem_pair_read and pem_pair_belongs. *ret refers to `files`.
 */
int pair_read(const struct pair_files *files, struct pem_pair *ret, struct error *err);

/*
 * To change them: wait until no other program does, and end or forget what one left unfinished. The certificate's
 * directory has to be there (ERR_IO). *ret_lock is a file descriptor, to be closed.
 */
int pair_lock(const struct pair_files *files, int *ret_lock, struct error *err);

/* Both files are there. */
bool pair_exists(const struct pair_files *files);

/* Under the lock: the new pair in place of the old one, durably. The key gets mode 0600. On failure the old one is
 * whole. */
int pair_replace(const struct pair_files *files, const struct pem_pair *pair, struct error *err);

#endif
