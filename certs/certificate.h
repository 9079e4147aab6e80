/*
 * X.509 with OpenSSL's libcrypto, in memory: reading a certificate, making one, and checking that a certificate and a
 * key are a pair that the agent can serve. The agent's own certificate is self-signed, and the orchestrator pins it.
 */
#ifndef CERTS_CERTIFICATE_H
#define CERTS_CERTIFICATE_H

#include "names.h"

#include <time.h>

enum { CERT_FILE_LIMIT = 64 * 1024 /* the agent's limit, too */, CERT_FINGERPRINT_SIZE = 65, CERT_SUBJECT_SIZE = 256 };
enum { CERT_DAYS_DEFAULT = 730, CERT_DAYS_MAX = 36500 };

struct certificate {
	char subject[CERT_SUBJECT_SIZE]; /* RFC 2253 */
	struct names names;		 /* host names and addresses of subjectAltName */
	time_t not_before, not_after;
	char fingerprint[CERT_FINGERPRINT_SIZE]; /* SHA-256 of the DER form, lower-case hexadecimal */
	bool self_signed;
};

/*
 * A certificate followed by its issuers, and its key, both PEM. It owns the texts, but not the files' names (for
 * messages).
 */
struct pem_pair {
	char *certificate, *key;
	const char *certificate_file, *key_file;
};

void pem_pair_free(struct pem_pair *pair); /* overwrites the key */

/* Read the texts of both files, unchecked. ERR_CERTIFICATE_MISSING, ERR_CERTIFICATE_UNREADABLE. */
int pem_pair_read(const char *certificate_file, const char *key_file, struct pem_pair *ret, struct error *err);

/*
 * Make a pair: EC P-256, self-signed, valid from a day ago (clocks differ) until `days` from now.
 * ERR_CERTIFICATE_INVALID.
 */
int pem_pair_make(const struct names *names, unsigned days, struct pem_pair *ret, struct error *err);

/*
 * Check that the key is a key without passphrase, and belongs to the first certificate. ERR_CERTIFICATE_UNREADABLE,
 * _KEY_ENCRYPTED, _KEY_DIFFERS.
 */
int pem_pair_belongs(const struct pem_pair *pair, struct error *err);

/*
 * Also check that the agent's TLS supports the key's type, that the certificate may be used by a server, and that its
 * issuers are in order (ERR_CERTIFICATE_UNSUITABLE). *ret contains only these, whatever else is in the files (e.g. a
 * key in the certificate's file).
 */
int pem_pair_clean(const struct pem_pair *pair, struct pem_pair *ret, struct error *err);

/* The contents of the first certificate of a PEM text. ERR_CERTIFICATE_UNREADABLE; `file` is for the message. */
int certificate_parse(const char *pem, const char *file, struct certificate *ret, struct error *err);

/* The same for a file. Also ERR_CERTIFICATE_MISSING. */
int certificate_read(const char *file, struct certificate *ret, struct error *err);

/* A fingerprint as other tools show it: 3F:AA:... */
void certificate_print_fingerprint(const char *digits, struct buf *ret);

/* For people: subject, names, validity, fingerprint, one per line. */
void certificate_print(const struct certificate *certificate, time_t now, struct buf *ret);

#endif
