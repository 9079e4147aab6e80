/*
 * Certificate and key on disk: two files that belong together, and that a single rename cannot replace. So the new
 * certificate is written completely to "<certificate>.new" before the key is replaced, and moved into place after that.
 * A reader in between, even after a crash, finds the pair: pair_read here, tls_identity_load in the agent.
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
 * The pair as the agent would serve it: the two files or, after an interrupted replacement, the successor with its key.
 * Errors as for pem_pair_read and pem_pair_belongs. *ret refers to `files`.
 */
int pair_read(const struct pair_files *files, struct pem_pair *ret, struct error *err);

/*
 * Lock the pair before changing it: waits for other programs, and finishes or discards an interrupted replacement. The
 * certificate's directory must exist (ERR_IO). *ret_lock is a file descriptor; close it to unlock.
 */
int pair_lock(const struct pair_files *files, int *ret_lock, struct error *err);

/* Both files exist. */
bool pair_exists(const struct pair_files *files);

/*
 * Under the lock: replace the old pair by the new one, durably. The key gets mode 0600. On failure the old pair is
 * intact.
 */
int pair_replace(const struct pair_files *files, const struct pem_pair *pair, struct error *err);

#endif
