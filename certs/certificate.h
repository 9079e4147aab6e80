/*
 * Making and showing the agent's certificate, with OpenSSL's libcrypto: self-signed, EC P-256, pinned by the
 * orchestrator as it is.
 */
#ifndef CERTS_CERTIFICATE_H
#define CERTS_CERTIFICATE_H

#include "names.h"

/* DIR/agent.crt and DIR/agent.key (mode 0600), durably. Replaces what is there. */
int certificate_create(const char *directory, const struct names *names, unsigned days, struct error *err);

/* Both files are there. */
bool certificate_exists(const char *directory);

/* Print a PEM certificate for a person: subject, names, validity, fingerprint. ERR_CERTIFICATE_INVALID. */
int certificate_show(const char *file, struct error *err);

#endif
