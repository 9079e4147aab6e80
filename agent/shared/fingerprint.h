/*
 * SHA-256 fingerprints of certificates: of the DER, as openssl and browsers show them.
 */
#ifndef AGENT_FINGERPRINT_H
#define AGENT_FINGERPRINT_H

enum { FINGERPRINT_BYTES = 32, FINGERPRINT_TEXT = 65 };

/*
 * SHA-256 of the bytes that a peer sends or gets. (gnutls_x509_crt_get_fingerprint hashes the certificate after
 * encoding it again, which differs if the original is not strict DER.) 0, or a GnuTLS error code. Takes
 * gnutls_x509_crt_t.
 */
struct gnutls_x509_crt_int;
int fingerprint_of(struct gnutls_x509_crt_int *x509, unsigned char ret[static FINGERPRINT_BYTES]);

/* As lower-case hexadecimal digits. */
void fingerprint_text(const unsigned char fingerprint[static FINGERPRINT_BYTES], char ret[static FINGERPRINT_TEXT]);

#endif
