/*
 * X.509 with OpenSSL's libcrypto, in memory: what a certificate says, making one, and whether a certificate and a key
 * are a pair that the agent can serve with. The agent's own is self-signed, and pinned by the orchestrator as it is.
 */
#ifndef CERTS_CERTIFICATE_H
#define CERTS_CERTIFICATE_H

#include "names.h"

#include <time.h>

enum { CERT_FILE_LIMIT = 64 * 1024 /* the agent's, too */, CERT_FINGERPRINT_SIZE = 65, CERT_SUBJECT_SIZE = 256 };
enum { CERT_DAYS_DEFAULT = 730, CERT_DAYS_MAX = 36500 };

struct certificate {
	char subject[CERT_SUBJECT_SIZE]; /* RFC 2253 */
	struct names names;		 /* host names and addresses of subjectAltName */
	time_t not_before, not_after;
	char fingerprint[CERT_FINGERPRINT_SIZE]; /* SHA-256 of the DER form, lower-case hexadecimal */
	bool self_signed;
};

/* A certificate, its issuers behind it, and its key, both PEM. The texts are its own, the files' names (for messages)
 * not. */
struct pem_pair {
	char *certificate, *key;
	const char *certificate_file, *key_file;
};

void pem_pair_free(struct pem_pair *pair); /* overwrites the key */

/* The texts of both files, as they are. ERR_CERTIFICATE_MISSING, ERR_CERTIFICATE_UNREADABLE. */
int pem_pair_read(const char *certificate_file, const char *key_file, struct pem_pair *ret, struct error *err);

/* EC P-256, self-signed, valid from a day ago (clocks differ) for `days` from now. ERR_CERTIFICATE_INVALID. */
int pem_pair_make(const struct names *names, unsigned days, struct pem_pair *ret, struct error *err);

/* The key is one, without passphrase, and the first certificate's. ERR_CERTIFICATE_UNREADABLE, _KEY_ENCRYPTED,
 * _KEY_DIFFERS. */
int pem_pair_belongs(const struct pem_pair *pair, struct error *err);

/*
 * Beyond that: a key of a kind that the agent's TLS uses, a certificate that may be a server's, its issuers in order
 * (ERR_CERTIFICATE_UNSUITABLE). *ret has nothing else in it than these, whatever else is in the files (a key beside the
 * certificate).
 */
int pem_pair_clean(const struct pem_pair *pair, struct pem_pair *ret, struct error *err);

/* What the first certificate of a PEM text says. ERR_CERTIFICATE_UNREADABLE; `file` is for the message. */
int certificate_parse(const char *pem, const char *file, struct certificate *ret, struct error *err);

/* The same of a file. ERR_CERTIFICATE_MISSING, too. */
int certificate_read(const char *file, struct certificate *ret, struct error *err);

/* A fingerprint's hexadecimal digits as other tools show it: 3F:AA:... */
void certificate_print_fingerprint(const char *digits, struct buf *ret);

/* For people: subject, names, validity, fingerprint, one a line. */
void certificate_print(const struct certificate *certificate, time_t now, struct buf *ret);

#endif
